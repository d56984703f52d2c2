"""Packets in, replies out, and between the two exactly one commit: the receiving end of every agent's way up."""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import asyncpg
import structlog

from cloud.db import reaching
from cloud.ingest import positions
from cloud.ingest.agents import MOST, Agents
from cloud.ingest.apply import Circumstances, apply
from cloud.ingest.model import Agent, Delivery
from cloud.operations.tally import Tally
from cloud.telemetry.model import SampleStore
from gateway.link import Accept, Adopted, Decision, Hello, Position, Refusal, ask, read, receive, reply
from gateway.link.packets import Forth
from gateway.messages import Stream

log = structlog.get_logger()

Positions = dict[Stream, Position]


class Intake:
    """One per ingest process. `take` is called for one agent at a time by one caller at a time."""

    def __init__(
        self, connections: asyncpg.Pool, samples: SampleStore, now: Callable[[], datetime], boot: bytes
    ) -> None:
        self.ignored: Counter[str] = Counter()
        self.taken = 0
        self.tally = Tally()
        self._connections = connections
        self._samples = samples
        self._now = now
        self._boot = boot
        self._agents = Agents(connections)
        self._positions: dict[str, Positions] = {}
        self._told: set[tuple[str, str]] = set()

    async def take(self, agent_id: str, raws: Sequence[bytes]) -> list[bytes]:
        """The replies to an agent's packets, after one commit of all that they brought.

        Raises what kept it from committing (DatabaseAway, Outrun, an error of PostgreSQL): then nothing is there,
        nothing may be replied, and the positions are read anew before the next attempt, as a commit may have
        succeeded although its answer was lost.
        """
        agent, packets = await self._read(agent_id, raws)
        if agent is None or not packets:
            return []
        self._note(agent, packets)
        try:
            before = self._positions.get(agent_id) or await self._load(agent_id)
            decisions, after = self._decide(before, packets)
            if any(decision.commits for decision in decisions):
                await self._settle(agent, decisions, before, after)
        except BaseException:
            self._positions.pop(agent_id, None)
            raise
        self._positions[agent_id] = after
        return [reply(agent.lane("up"), decision, self._now()) for decision in worth_telling(decisions)]

    async def greet(self, agent_id: str) -> list[bytes]:
        """What to send an agent unasked when this process has started, so that it need not wait for a time-out."""
        agent = await self._agents.find(agent_id)
        if agent is None:
            return []
        known, now = await self._load(agent_id), self._now()
        return [ask(agent.lane("up"), stream, position, self._boot, now) for stream, position in known.items()]

    async def _read(self, agent_id: str, raws: Sequence[bytes]) -> tuple[Agent | None, list[Forth]]:
        agent = await self._agents.find(agent_id)
        found = [read(agent.lane("up"), raw) if agent else Refusal.KEY for raw in raws]
        if agent and Refusal.KEY in found:
            agent = await self._agents.find(agent_id, doubtful=True)
            found = [read(agent.lane("up"), raw) if agent else Refusal.KEY for raw in raws]
        for refusal in (each for each in found if isinstance(each, Refusal)):
            self._ignore(agent_id, refusal if agent else "unknown_agent")
        return agent, [packet for packet in found if not isinstance(packet, Refusal)]

    def _note(self, agent: Agent, packets: Iterable[Forth]) -> None:
        for packet in packets:
            if isinstance(packet, Hello):
                self.tally.greeted(agent.id, packet.stream, packet.held, self._now())

    def _ignore(self, agent_id: str, reason: str) -> None:
        self.ignored[reason] += 1
        self.tally.refused({agent_id: 1}, reason, self._now())
        if (agent_id, reason) not in self._told and len(self._told) < MOST:
            self._told.add((agent_id, reason))
            log.warning("ingest.ignored", agent=agent_id, reason=reason)

    def _decide(self, before: Positions, packets: Iterable[Forth]) -> tuple[list[Decision], Positions]:
        after, decisions = dict(before), []
        for packet in packets:
            decision = receive(after[packet.stream], packet, self._boot)
            after[packet.stream] = decision.position
            decisions.append(decision)
        return decisions, after

    async def _load(self, agent_id: str) -> Positions:
        async with reaching(), self._connections.acquire() as connection:
            return await positions.load(connection, agent_id)

    async def _settle(self, agent: Agent, decisions: Sequence[Decision], before: Positions, after: Positions) -> None:
        """One transaction: effects, losses, positions. Only after it may anything be replied."""
        around = Circumstances(agent, self._now(), self._samples)
        stored = [decision for decision in decisions if isinstance(decision, Accept | Adopted)]
        async with reaching(), self._connections.acquire() as connection, connection.transaction():
            deliveries = [delivery for decision in stored for delivery in deliveries_of(decision)]
            if deliveries:
                await apply(connection, around, deliveries)
            await tell_losses(connection, agent, stored, around.now)
            for stream in Stream:
                if after[stream] != before[stream]:
                    await positions.save(connection, agent.id, stream, before[stream], after[stream])
        self.taken += len(deliveries)
        self.tally.committed(agent.enterprise, around.told, around.now)


def worth_telling(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions without each Accept that a later one of its stream and epoch acknowledges as well."""
    last = {(decision.stream, decision.epoch): decision for decision in decisions if isinstance(decision, Accept)}
    return [
        decision
        for decision in decisions
        if not isinstance(decision, Accept) or last[decision.stream, decision.epoch] is decision
    ]


def deliveries_of(decision: Accept | Adopted) -> list[Delivery]:
    """What it brought; tombstones bring nothing."""
    return [
        Delivery(decision.stream, decision.epoch, entry.seq, entry.payload)
        for entry in decision.entries
        if entry.payload is not None
    ]


async def tell_losses(
    connection: asyncpg.Connection, agent: Agent, stored: Iterable[Accept | Adopted], now: datetime
) -> None:
    """Record what will never come."""
    told: list[positions.Told] = []
    for decision in stored:
        told += positions.tombs(decision.stream, decision.epoch, decision.entries)
        told += [positions.hole(decision.stream, loss) for loss in decision.losses]
        for loss in decision.losses if decision.stream is Stream.STATE else ():
            await positions.mark_unseen(connection, agent.id, loss, now)
    if told:
        await positions.tell(connection, agent.id, told, now)
