"""Turns deliveries into facts inside the caller's transaction; what can't become one is parked."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import asyncpg

from cloud.ingest import control, store, units
from cloud.ingest.model import Agent, Batch, Delivery, Known, Numbered, Parked
from cloud.ingest.sort import admit, bound_elsewhere, sort
from cloud.operations.tally import Said, said
from cloud.telemetry.model import SampleStore
from cloud.telemetry.rules import unpack
from gateway.messages import Announce


@dataclass(frozen=True, slots=True)
class Circumstances:
    """Whose deliveries they are, when they arrived (business time), and where samples go. `told`: what was written."""

    agent: Agent
    now: datetime
    samples: SampleStore
    told: list[Said] = field(default_factory=list)


def to_blame(error: Exception) -> bool:
    """Whether the message itself caused it, and would again. Anything else (server gone, disk full, deadlock, a missing
    grant) is not its fault: nothing is acknowledged, and the same message comes again.
    """
    if isinstance(error, asyncpg.PostgresError):
        return (error.sqlstate or "")[:2] in {"22", "23", "P0", "TS"}
    return isinstance(error, ValueError | OverflowError)


async def apply(connection: asyncpg.Connection, around: Circumstances, deliveries: Sequence[Delivery]) -> int:
    """Write what the deliveries say, and park those that cannot be written; the number parked.

    Works on the whole batch at once. Only if the database refuses it is the batch halved, down to the one message
    that is to blame: a poisoned message costs its own batch some time, and nobody else anything.
    """
    try:
        async with connection.transaction():
            return await _effects(connection, around, sort(deliveries))
    except (asyncpg.PostgresError, ValueError, OverflowError) as error:
        if not to_blame(error):
            raise
        if len(deliveries) == 1:
            reason = f"the registry cannot store it: {error}"
            await store.park(connection, around.agent, [Parked(deliveries[0], "message.poison", reason)], around.now)
            return 1
    middle = len(deliveries) // 2
    first = await apply(connection, around, deliveries[:middle])
    return first + await apply(connection, around, deliveries[middle:])


async def _effects(connection: asyncpg.Connection, around: Circumstances, batch: Batch) -> int:
    foreign = [parked for each in batch.announces for parked in await _announce(connection, around, each)]
    known: Known = await store.machines(connection, around.agent, batch.machines, around.now) if batch.told else {}
    batch = admit(replace(batch, parked=(*batch.parked, *foreign)), around.agent.id, known)
    ids = {name: machine.id for name, machine in known.items() if machine.agent == around.agent.id}
    refused = await control.apply(connection, batch.controls, ids, around.now)
    if batch.changes:
        await store.changes(connection, around.agent, _placed(batch.changes, ids), around.now)
    if batch.gaps:
        await store.gaps(connection, _placed(batch.gaps, ids), around.now)
    if batch.samples:
        await around.samples.write([sample for each in batch.samples for sample in unpack(each.message, ids)])
    await store.received(connection, around.agent, ids.values(), around.now)
    parked = [*batch.parked, *refused]
    if parked:
        await store.park(connection, around.agent, parked, around.now)
    around.told.extend(said(each.delivery.stream, each.message) for each in (*batch.announces, *batch.told))
    return len(parked)


async def _announce(connection: asyncpg.Connection, around: Circumstances, each: Numbered[Announce]) -> list[Parked]:
    bound = await store.announce(connection, around.agent, each.message, around.now)
    await units.tell(connection, around.agent.enterprise, each.message, bound)
    names = {machine.name for machine in each.message.machines}
    return [bound_elsewhere(each.delivery, name) for name in sorted(names - bound)]


def _placed(told: Sequence[Numbered[Any]], ids: dict[str, str]) -> list[tuple[str, Numbered[Any]]]:
    return [(ids[each.message.machine], each) for each in told]
