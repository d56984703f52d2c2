"""Takes in telemetry for a store that answers before it syncs: what was written is acknowledged when it has lived on.

What is written is told to its sender as kept (go on, delete nothing). It is acknowledged, and the stream's position
committed, once the store has run on for `trails` seconds without a restart; after a restart it is asked for again. Tags
and times are the messages' own, so writing it twice changes nothing.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import asyncpg
import structlog

from cloud.db import reaching
from cloud.ingest import positions, store
from cloud.ingest.intake import Intake, Part, Positions, deliveries_of, moves, tell_losses
from cloud.ingest.model import Agent, Batch, Known, Numbered, Parked, named
from cloud.ingest.sort import admit, sort
from cloud.operations.tally import Said, said
from cloud.telemetry.model import SampleStore, Series, StoreRefused
from cloud.telemetry.rules import unpack
from gateway.link import Adopted, Decision, Duplicate, Gap, Greeted, Hello, Kept, Point, Unknown, reply
from gateway.link.packets import Forth, encode
from gateway.messages import Samples, Stream, Telemetry

log = structlog.get_logger(__name__)

EVERY = 0.5
"""Real seconds between two looks for what has lived long enough."""


@dataclass(frozen=True, slots=True)
class Written:
    """What was written of one agent's packets, and what is to be committed when it has lived long enough."""

    part: Part
    parked: tuple[Parked, ...]
    machines: tuple[str, ...]
    told: tuple[Said, ...]
    boot: str
    at: float


class TrailingIntake(Intake):
    """`take` replies Kept; `settle` has to run beside it, and publishes the acknowledgements."""

    def __init__(
        self, connections: asyncpg.Pool, samples: SampleStore, now: Callable[[], datetime], boot: bytes
    ) -> None:
        super().__init__(connections, samples, now, boot)
        self._waiting: dict[str, deque[Written]] = {}
        self._nonces: dict[tuple[str, Stream], str] = {}
        self._running = ""
        self._asked = float("-inf")

    async def take_together(self, brought: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        """The replies to these agents' packets, after the store has answered. Raises what kept it from answering."""
        return {agent: await self._take(agent, raws) for agent, raws in brought.items()}

    async def _take(self, agent_id: str, raws: Sequence[bytes]) -> list[bytes]:
        part = await self._part(agent_id, raws)
        if part is None:
            return []
        if part.stored:
            written = await self._write(part)
            self._waiting.setdefault(agent_id, deque()).append(written)
        self._positions[agent_id] = part.after
        return list(self._replies(part, self._durable(agent_id, part.after)))

    def _note(self, agent: Agent, packets: Iterable[Forth]) -> None:
        super()._note(agent, packets)
        for packet in packets:
            if isinstance(packet, Hello):
                self._nonces[agent.id, packet.stream] = packet.nonce

    async def settle(self, publish: Callable[[str, bytes], object]) -> None:
        """Until cancelled: acknowledge what has lived long enough. Raises DatabaseAway, StoreAway."""
        while True:
            await asyncio.sleep(EVERY)
            if any(waiting[0].at <= time.monotonic() - self._samples.trails for waiting in self._waiting.values()):
                boot = await self._start(0.0)
                for agent_id in list(self._waiting):
                    for packet in await self._settle_one(agent_id, boot):
                        publish(agent_id, packet)

    async def _settle_one(self, agent_id: str, boot: str) -> list[bytes]:
        waiting = self._waiting[agent_id]
        agent = waiting[0].part.agent
        streams: set[Stream] = set()
        lost = any(each.boot != boot for each in waiting)
        while waiting and waiting[0].boot == boot and waiting[0].at <= time.monotonic() - self._samples.trails:
            try:
                await self._commit(waiting[0])
            except positions.Outrun:
                lost = True
                break
            streams |= {each.stream for each in waiting.popleft().part.stored}
        if lost:
            return await self._ask_again(agent, waiting)
        if not waiting:
            del self._waiting[agent_id]
        durable = self._durable(agent_id, self._positions[agent_id])
        return [self._ack(agent, stream, durable, gap=False) for stream in sorted(streams)]

    async def _ask_again(self, agent: Agent, waiting: Iterable[Written]) -> list[bytes]:
        """The store has been started anew since: whatever is not committed counts as not written."""
        streams = sorted({each.stream for written in waiting for each in written.part.stored})
        log.warning("the store of samples ended before it had synced, the rest is asked for again", agent=agent.id)
        del self._waiting[agent.id]
        self._positions.pop(agent.id, None)
        durable = await self._load(agent.id)
        return [self._ack(agent, stream, durable, gap=True) for stream in streams]

    async def _write(self, part: Part) -> Written:
        boot = await self._start(EVERY)
        batch, known = await self._sorted(part)
        refused = await self._store([(each, _columns(each, known)) for each in batch.samples])
        told = tuple(said(each.delivery.stream, each.message) for each in batch.told)
        machines = tuple({known[named(each)].id for each in batch.told})
        return Written(part, (*batch.parked, *refused), machines, told, boot, time.monotonic())

    async def _sorted(self, part: Part) -> tuple[Batch, Known]:
        batch = sort(deliveries_of(part.agent, part.stored))
        if not batch.told:
            return batch, {}
        async with reaching(), self._connections.acquire() as connection:
            known = await store.machines(connection, batch.machines, self._now())
        return admit(batch, known), known

    async def _store(self, told: Sequence[tuple[Numbered[Samples | Telemetry], list[Series] | Parked]]) -> list[Parked]:
        """Write all at once; only where the store refuses that, halve it down to the message that is to blame."""
        parked = [columns for _, columns in told if isinstance(columns, Parked)]
        good = [(each, columns) for each, columns in told if not isinstance(columns, Parked)]
        try:
            await self._samples.write([series for _, columns in good for series in columns])
        except StoreRefused as error:
            if len(good) == 1:
                return [*parked, Parked(good[0][0].delivery, "message.poison", str(error))]
            middle = len(good) // 2
            return [*parked, *await self._store(good[:middle]), *await self._store(good[middle:])]
        return parked

    async def _commit(self, written: Written) -> None:
        now, part = self._now(), written.part
        async with reaching(), self._connections.acquire() as connection, connection.transaction():
            if written.parked:
                await store.park(connection, written.parked, now)
            await store.received(connection, [part.agent.id], written.machines, now)
            await tell_losses(connection, part.agent, part.stored, now)
            await positions.save(connection, moves(part))
        self.taken += len(deliveries_of(part.agent, part.stored))
        self.tally.committed(part.agent.enterprise, written.told, now)

    def _durable(self, agent_id: str, after: Positions) -> Positions:
        """What is committed: before the first that still waits."""
        waiting = self._waiting.get(agent_id)
        return waiting[0].part.before if waiting else after

    def _replies(self, part: Part, durable: Positions) -> Iterable[bytes]:
        agent, after = part.agent, part.after
        for decision in part.decisions:
            stream = decision.stream
            committed = durable[stream]
            waits = after[stream] != committed
            match decision:
                case Adopted():
                    continue  # It is welcomed by one of its next hellos.
                case Unknown():
                    yield reply(agent.lane("up"), decision, self._now())
                    continue
                case Gap():
                    yield self._ack(agent, stream, durable, gap=True)
                    continue
            if waits:
                yield self._kept(agent, stream, committed.point, after)
            if isinstance(decision, Greeted):
                yield reply(agent.lane("up"), replace(decision, position=committed), self._now())
            elif isinstance(decision, Duplicate) and not waits:
                yield reply(agent.lane("up"), decision, self._now())

    def _kept(self, agent: Agent, stream: Stream, committed: Point | None, after: Positions) -> bytes:
        nonce = self._nonces.get((agent.id, stream))
        last = after[stream].point
        if nonce is None or last is None:
            unknown = Unknown(stream, after[stream].challenge(self._boot), after[stream])
            return reply(agent.lane("up"), unknown, self._now())
        first = Point(committed.epoch, committed.seq + 1) if committed else Point(0, 1)
        return agent.lane("up").seal("back", encode(Kept(stream, nonce, first, last)))

    def _ack(self, agent: Agent, stream: Stream, durable: Positions, *, gap: bool) -> bytes:
        position = durable[stream]
        decision: Decision = (
            Gap(stream, position) if gap or position.point is None else Duplicate(stream, position.point, position)
        )
        return reply(agent.lane("up"), decision, self._now())

    async def _start(self, fresh: float) -> str:
        """Which start of the store runs, asked at most `fresh` seconds ago."""
        if time.monotonic() - self._asked > fresh:
            asked = time.monotonic()
            self._running = await self._samples.boot()
            self._asked = asked
        return self._running


def _columns(each: Numbered[Samples | Telemetry], known: Known) -> list[Series] | Parked:
    try:
        return unpack(each.message, known[named(each)].id)
    except (ValueError, OverflowError) as error:
        return Parked(each.delivery, "message.poison", f"the registry cannot store it: {error}")
