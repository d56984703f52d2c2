"""What concurrent clients of two workers saw of each machine can be told as one story, and what is broken can not."""

import asyncio
import random
from itertools import pairwise
from typing import Any

from api_market import piece
from callers import Caller, Place
from linear import Told, Untellable, Verdict, linearize
from naive import CHECK_THEN_WRITE
from one_machine import Machine

from cloud.booking.audit import audit

CALLERS, TURNS = 12, 45
MACHINES = {"single": Machine(1), "pool": Machine(3), "asked": Machine(2, instant=False)}


async def arranged(market: Any) -> dict[str, Place]:
    """Three machines with a service each, all free; the last one's provider confirms each booking."""
    names = [name if machine.quantity == 1 else f"{name}:{machine.quantity}" for name, machine in MACHINES.items()]
    ids = await market.plant("maker", *names)
    places = {}
    for (name, machine), machine_id in zip(MACHINES.items(), ids, strict=True):
        await market.states(machine_id, piece(0, 48, quantity=machine.quantity))
        places[name] = Place(await market.service("maker", machine_id, name=name, instant=machine.instant))
    return places


async def fought(
    market: Any, places: dict[str, Place], seed: int, turns: int = TURNS
) -> dict[str, Verdict[Any, Any, Any]]:
    """All call at once, one half of them at the other worker; the verdict on each machine's history."""
    callers = [Caller(market.clients["maker"], random.Random(seed), [places["asked"]], provides=True)]
    callers += [Caller(market.others["maker"], random.Random(seed + 1), [places["asked"]], provides=True)]
    for number in range(CALLERS):
        clients = (market.clients, market.others)[number % 2]
        callers.append(Caller(clients["buyer"], random.Random(seed + 2 + number), list(places.values())))
    await asyncio.gather(*(caller.go(turns) for caller in callers))
    return {name: linearize(place.history, frozenset(), MACHINES[name].step) for name, place in places.items()}


async def test_each_machines_history_can_be_told_as_one_story(market: Any) -> None:
    seed = random.randrange(1_000_000)
    places = await arranged(market)
    for name, verdict in (await fought(market, places, seed)).items():
        assert isinstance(verdict, Told), f"seed {seed}, {name}: after {verdict.order[-8:]} none of {verdict.stuck}"
    kinds = {(op.call.kind, type(op.answer).__name__) for place in places.values() for op in place.history}
    assert len(kinds) >= 18, f"seed {seed}: too tame, only {sorted(kinds)}"
    pairs = [pair for place in places.values() for pair in pairwise(place.history)]
    overlapping = sum(one.start < other.end and other.start < one.end for one, other in pairs)
    assert overlapping > 100
    assert await audit(market.owner) == []


async def test_control_without_the_lock_no_story_can_be_told(market: Any) -> None:
    """Check, then write, and nothing between: the bug that the guards of the machines prevent."""
    places = await arranged(market)
    await market.owner.execute(CHECK_THEN_WRITE)
    verdicts = await fought(market, places, seed=1, turns=15)
    assert any(isinstance(verdict, Untellable) for verdict in verdicts.values())
