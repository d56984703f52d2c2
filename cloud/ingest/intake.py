"""Packets in, replies out, and between the two exactly one commit: the receiving end of every agent's way up."""

from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import asyncpg
import structlog

from cloud.db import reaching
from cloud.ingest import positions
from cloud.ingest.agents import MOST, Agents
from cloud.ingest.apply import REFUSALS, Circumstances, sift, to_blame, write
from cloud.ingest.model import Agent, Delivery
from cloud.operations.tally import Tally
from cloud.telemetry.model import SampleStore
from gateway.link import Accept, Adopted, Decision, Hello, Position, Refusal, ask, read, receive, reply
from gateway.link.packets import Forth
from gateway.messages import Stream

log = structlog.get_logger()

Positions = dict[Stream, Position]
Way = Callable[[asyncpg.Connection, Circumstances, Sequence[Delivery]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Part:
    """What one agent's packets come to: a decision on each, and where its streams stood and would stand then."""

    agent: Agent
    decisions: Sequence[Decision]
    before: Positions
    after: Positions

    @property
    def stored(self) -> list[Accept | Adopted]:
        """The decisions that are to be committed."""
        return [decision for decision in self.decisions if isinstance(decision, Accept | Adopted)]


class Intake:
    """One per ingest process. Whoever takes for an agent, takes for it alone meanwhile."""

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
        """The replies to one agent's packets; see take_together."""
        return (await self.take_together({agent_id: raws}))[agent_id]

    async def take_together(self, brought: Mapping[str, Sequence[bytes]]) -> dict[str, list[bytes]]:
        """The replies to the packets of each of these agents, after one commit of all that they brought.

        Raises what kept it from committing (DatabaseAway, Outrun, an error of PostgreSQL): then nothing is there, of
        nobody, nothing may be replied, and the positions are read anew before the next attempt, as a commit may have
        succeeded although its answer was lost. With several agents, that of one may be what keeps all from it.
        """
        try:
            parts = [part for agent, raws in brought.items() if (part := await self._part(agent, raws))]
            if bringing := [part for part in parts if any(decision.commits for decision in part.decisions)]:
                await self._settle(bringing)
        except BaseException:
            for agent in brought:
                self._positions.pop(agent, None)
            raise
        replies: dict[str, list[bytes]] = {agent: [] for agent in brought}
        for part in parts:
            self._positions[part.agent.id] = part.after
            lane, now = part.agent.lane("up"), self._now()
            replies[part.agent.id] = [reply(lane, decision, now) for decision in worth_telling(part.decisions)]
        return replies

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

    async def _part(self, agent_id: str, raws: Sequence[bytes]) -> Part | None:
        agent, packets = await self._read(agent_id, raws)
        if agent is None or not packets:
            return None
        self._note(agent, packets)
        before = self._positions.get(agent_id) or await self._load(agent_id)
        decisions, after = self._decide(before, packets)
        return Part(agent, decisions, before, after)

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

    async def _settle(self, parts: Sequence[Part]) -> None:
        """One transaction: effects, losses, positions. Only after it may anything be replied.

        Where a message is to blame that it fails, it begins anew and looks for that one.
        """
        async with reaching(), self._connections.acquire() as connection:
            try:
                around = await self._in_one(connection, parts, write)
            except REFUSALS as error:
                if not to_blame(error):
                    raise
                around = await self._in_one(connection, parts, sift)
        for enterprise, told in around.told.items():
            self.tally.committed(enterprise, told, around.now)

    async def _in_one(self, connection: asyncpg.Connection, parts: Sequence[Part], way: Way) -> Circumstances:
        around = Circumstances(self._now(), self._samples)
        deliveries = [delivery for part in parts for delivery in deliveries_of(part.agent, part.stored)]
        async with connection.transaction():
            if deliveries:
                await way(connection, around, deliveries)
            for part in parts:
                await tell_losses(connection, part.agent, part.stored, around.now)
            await positions.save(connection, [move for part in parts for move in moves(part)])
        self.taken += len(deliveries)
        return around


def worth_telling(decisions: Sequence[Decision]) -> list[Decision]:
    """The decisions without each Accept that a later one of its stream and epoch acknowledges as well."""
    last = {(decision.stream, decision.epoch): decision for decision in decisions if isinstance(decision, Accept)}
    return [
        decision
        for decision in decisions
        if not isinstance(decision, Accept) or last[decision.stream, decision.epoch] is decision
    ]


def deliveries_of(agent: Agent, stored: Iterable[Accept | Adopted]) -> list[Delivery]:
    """What these brought; tombstones bring nothing."""
    return [
        Delivery(agent, decision.stream, decision.epoch, entry.seq, entry.payload)
        for decision in stored
        for entry in decision.entries
        if entry.payload is not None
    ]


def moves(part: Part) -> list[positions.Move]:
    """The streams that go on."""
    return [
        positions.Move(part.agent.id, stream, part.before[stream], part.after[stream])
        for stream in Stream
        if part.before[stream] != part.after[stream]
    ]


async def tell_losses(
    connection: asyncpg.Connection, agent: Agent, stored: Iterable[Accept | Adopted], now: datetime
) -> None:
    """Record what will never come."""
    told: list[positions.Told] = []
    for decision in stored:
        told += positions.tombs(agent.id, decision.stream, decision.epoch, decision.entries)
        told += [positions.hole(agent.id, decision.stream, loss) for loss in decision.losses]
        for loss in decision.losses if decision.stream is Stream.STATE else ():
            await positions.mark_unseen(connection, agent.id, loss, now)
    if told:
        await positions.tell(connection, told, now)
