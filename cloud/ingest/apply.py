"""Turns deliveries into facts inside the caller's transaction; what can't become one is parked."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import asyncpg

from cloud.ingest import control, store, units
from cloud.ingest.model import Delivery, Known, Numbered, Parked, named
from cloud.ingest.sort import admit, bound_elsewhere, sort
from cloud.operations.tally import Said, said
from cloud.telemetry.model import SampleStore, Series
from cloud.telemetry.rules import unpack
from gateway.messages import Announce, Samples, Telemetry


@dataclass(frozen=True, slots=True)
class Circumstances:
    """When deliveries arrived (business time), and where samples go. `told`: what was written, by enterprise."""

    now: datetime
    samples: SampleStore
    told: dict[str, list[Said]] = field(default_factory=lambda: defaultdict(list))


REFUSALS = (asyncpg.PostgresError, ValueError, OverflowError)
"""What is raised where a message is to blame, or may be: `to_blame` tells."""


def to_blame(error: Exception) -> bool:
    """Whether the message itself caused it, and would again. Anything else (server gone, disk full, deadlock, a missing
    grant) is not its fault: nothing is acknowledged, and the same message comes again.
    """
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in {"22", "23", "P0", "TS"}
    return isinstance(error, ValueError | OverflowError)


async def sift(connection: asyncpg.Connection, around: Circumstances, deliveries: Sequence[Delivery]) -> None:
    """Write what the deliveries say, and park those that the database refuses.

    The batch is halved, down to the one message that is to blame: a poisoned message costs whoever came with it some
    time, and nothing else.
    """
    try:
        async with connection.transaction():
            return await write(connection, around, deliveries)
    except REFUSALS as error:
        if not to_blame(error):
            raise
        if len(deliveries) == 1:
            reason = f"the registry cannot store it: {error}"
            return await store.park(connection, [Parked(deliveries[0], "message.poison", reason)], around.now)
    middle = len(deliveries) // 2
    await sift(connection, around, deliveries[:middle])
    return await sift(connection, around, deliveries[middle:])


async def write(connection: asyncpg.Connection, around: Circumstances, deliveries: Sequence[Delivery]) -> None:
    """Write what the deliveries say, of however many agents, and park those that cannot be taken in.

    Raises one of REFUSALS where one of them is to blame that only the database can tell; then the transaction is over.
    """
    now, batch = around.now, sort(deliveries)
    foreign = [parked for each in batch.announces for parked in await _announce(connection, each, now)]
    known: Known = await store.machines(connection, batch.machines, now) if batch.told else {}
    batch = admit(replace(batch, parked=(*batch.parked, *foreign)), known)
    refused = await control.apply(connection, batch.controls, known, now)
    # The guards first, then machines, then agents, each in one order: else two commits could wait for each other.
    await store.received(connection, _agents(deliveries), {known[named(each)].id for each in batch.told}, now)
    if batch.changes:
        await store.changes(connection, _placed(batch.changes, known), now)
    if batch.gaps:
        await store.gaps(connection, _placed(batch.gaps, known), now)
    if batch.samples:
        await around.samples.write([series for each in batch.samples for series in _series(each, known)])
    parked = [*batch.parked, *refused]
    if parked:
        await store.park(connection, parked, now)
    for told in (*batch.announces, *batch.told):
        around.told[told.delivery.agent.enterprise].append(said(told.delivery.stream, told.message))


async def _announce(connection: asyncpg.Connection, each: Numbered[Announce], now: datetime) -> list[Parked]:
    bound = await store.announce(connection, each.delivery.agent, each.message, now)
    await units.tell(connection, each.delivery.agent.enterprise, each.message, bound)
    names = {machine.name for machine in each.message.machines}
    return [bound_elsewhere(each.delivery, name) for name in sorted(names - bound)]


def _agents(deliveries: Iterable[Delivery]) -> set[str]:
    return {delivery.agent.id for delivery in deliveries}


def _placed(told: Iterable[Numbered[Any]], known: Known) -> list[tuple[str, Numbered[Any]]]:
    return [(known[named(each)].id, each) for each in told]


def _series(each: Numbered[Samples | Telemetry], known: Known) -> list[Series]:
    return unpack(each.message, known[named(each)].id)
