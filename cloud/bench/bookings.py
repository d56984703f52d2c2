"""Confirmed bookings over HTTP: uniform, on ten hot machines, in bundles of two; and the bare endpoint beside them."""

import random
from collections.abc import Callable, Iterator, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count

from cloud.bench.load import Ask, Server, Taken, flat_out
from cloud.bench.rig import Rig
from cloud.bench.world import TEMPLATES, World, bookable, service

LINES = 16
HOT = 10
_QUARTER = timedelta(minutes=15)
_WORK = {"work_master": "bracket", "quantity": 10, "material": "6061"}


@dataclass(slots=True)
class Hours:
    """Free quarter hours that nobody has taken, each given once."""

    world: World
    numbers: Sequence[int]
    chance: random.Random = field(default_factory=lambda: random.Random(5))  # noqa: S311 - a bench's own dice
    _slots: dict[int, Iterator[datetime]] = field(default_factory=dict)

    def next(self) -> tuple[str, datetime]:
        """A service and a start. Raises StopIteration where one has no more to give."""
        number = self.chance.choice(self.numbers)
        if number not in self._slots:
            self._slots[number] = self.world.slots(number)
        return service(number), next(self._slots[number])


def uniform(world: World, most: int) -> Hours:
    """All over the market, wherever the buyer may book."""
    return Hours(world, [each for each in range(min(most, world.machines)) if bookable(each) and each % TEMPLATES])


def hot(world: World) -> Hours:
    free = [number for number in range(0, world.machines, TEMPLATES) if bookable(number)]
    return Hours(world, free[:HOT])


def single(server: Server, hours: Hours, path: str) -> Ask:
    keys = count()

    def ask() -> bytes:
        return server.post(path, _leg(hours), f"{path}{id(hours)}-{next(keys)}")

    return ask


def pairs(server: Server, hours: Hours) -> Ask:
    keys = count()

    def ask() -> bytes:
        return server.post("/v1/bundles", {"legs": [_leg(hours), _leg(hours)]}, f"pair-{id(hours)}-{next(keys)}")

    return ask


def _leg(hours: Hours) -> dict[str, object]:
    identity, start = hours.next()
    return {"service_id": identity, "start": start, "end": start + _QUARTER, "work": _WORK}


@dataclass(frozen=True, slots=True)
class Booked:
    """What each way of booking came to."""

    bare: Taken
    ours: Taken
    hot: Taken
    pairs: Taken


async def booked(place: Rig, spread: Hours, *, rounds: int, seconds: float, say: Callable[[str], object]) -> Booked:
    """Side by side: in each round every way has its turn, and another begins, so that what else the machine does is
    shared, also what it does every minute.
    """
    found = Booked(Taken(), Taken(), Taken(), Taken())
    async with AsyncExitStack() as stack:
        bare, api = await stack.enter_async_context(place.bare()), await stack.enter_async_context(place.api())
        crowd = hot(place.world)
        turns: list[tuple[str, Server, Ask, Taken]] = [
            ("bare", bare, single(bare, spread, "/book"), found.bare),
            ("ours", api, single(api, spread, "/v1/bookings"), found.ours),
            ("hot", api, single(api, crowd, "/v1/bookings"), found.hot),
            ("pairs", api, pairs(api, spread), found.pairs),
        ]
        for _, server, ask, _ in turns:
            await flat_out(server, ask, 1.0, LINES)
        for number in range(rounds):
            first = number % len(turns)
            for name, server, ask, sum_ in turns[first:] + turns[:first]:
                each = await flat_out(server, ask, seconds, LINES)
                sum_.add(each)
                say(f"  {name}: {each.rate:,.0f}/s, p50 {each.ms(0.5):.1f} ms, p99 {each.ms(0.99):.1f} ms")
                if each.refused:
                    say(f"    refused: {each.refused!r}")
    return found
