"""A plant whose agent speaks the post straight to the intake, with no broker between them."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import asyncpg
import pytest

from cloud.ids import new_id
from cloud.ingest.intake import Intake
from cloud.telemetry.postgres import PostgresSamples
from gateway.link import Disk, Keyring, Lane, MemoryJournal, Send, Sender
from gateway.machine import ItemState, OperationMode
from gateway.messages import STREAM, Announce, Message, StateChange, Stream, encode

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = b"k" * 32
BOOT = b"boot-1-of-ingest"


@dataclass
class Hand:
    """A clock that a test turns by hand."""

    at: datetime = NOW

    def __call__(self) -> datetime:
        return self.at


@dataclass
class Edge:
    """An agent that keeps its journal on a `Disk` and says what a test tells it to."""

    id: str
    key: bytes = KEY
    disk: Disk = field(default_factory=Disk)
    seed: int = 1
    kid: str = "k1"
    effects: list[Any] = field(default_factory=list)
    sender: Sender = field(init=False)
    journal: MemoryJournal = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """(Re)start it on its disk, as after a crash."""
        self.seed += 1
        self.journal = MemoryJournal(Random(self.seed), self.disk)
        lane = Lane(Keyring({self.kid: self.key}, self.kid), self.id, "up")
        self.sender = Sender(self.journal, lane, Random(self.seed))
        self.effects = list(self.sender.connected(0.0))

    def say(self, *messages: Message | bytes, stream: Stream | None = None) -> None:
        with self.journal.transaction() as tx:
            for message in messages:
                payload = message if isinstance(message, bytes) else encode(message)
                due = stream or (STREAM[type(message)] if isinstance(message, Message) else Stream.CONTROL)
                tx.append(due, payload)
        self.disk = self.journal.disk
        self.effects += self.sender.wake(0.0)

    def packets(self) -> list[bytes]:
        """What it wants to send now."""
        found = [effect.data for effect in self.effects if isinstance(effect, Send)]
        self.effects = []
        return found

    def hear(self, replies: Sequence[bytes]) -> None:
        for raw in replies:
            self.effects += self.sender.receive(raw, 0.0)

    async def talk(self, intake: Intake) -> None:
        """Exchange packets until nobody has anything left to say."""
        while packets := self.packets():
            self.hear(await intake.take(self.id, packets))

    @property
    def unacknowledged(self) -> int:
        return sum(held.next - held.oldest for stream in Stream for held in self.journal.held(stream))


@dataclass
class World:
    """One enterprise with a site and an agent, and an intake in front of its database."""

    owner: asyncpg.Pool
    connections: asyncpg.Pool
    clock: Hand
    samples: PostgresSamples
    intake: Intake
    enterprise: str
    site: str
    edge: Edge

    def restarted(self, boot: bytes = b"boot-2-of-ingest") -> Intake:
        """Another intake on the same database, as after a crash."""
        return Intake(self.connections, self.samples, self.clock, boot)

    async def add_agent(self, key: bytes = KEY) -> Edge:
        edge = Edge(new_id("agt"), key)
        await self.owner.execute(
            "INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at)"
            " VALUES ($1, $2, $3, $1, $4, $5, $6)",
            edge.id,
            self.enterprise,
            self.site,
            "k1",
            key,
            NOW,
        )
        return edge

    async def history(self, machine: str = "M1") -> list[tuple[datetime, str]]:
        rows = await self.owner.fetch(
            "SELECT h.at, h.state FROM state_history h JOIN machine m ON m.id = h.machine_id WHERE m.name = $1"
            " ORDER BY h.at, h.epoch, h.seq",
            machine,
        )
        return [(row["at"], row["state"]) for row in rows]

    async def events(self, kind: str) -> list[dict[str, Any]]:
        rows = await self.owner.fetch("SELECT data FROM event WHERE type = $1 ORDER BY seq", kind)
        return [row["data"] for row in rows]

    async def parked(self) -> list[asyncpg.Record]:
        return list(await self.owner.fetch("SELECT * FROM parked ORDER BY id"))


@pytest.fixture
async def world(pool_owner: asyncpg.Pool, pool_ingest: asyncpg.Pool) -> World:
    enterprise, site = new_id("ent"), new_id("site")
    await pool_owner.execute("INSERT INTO enterprise (id, name, created_at) VALUES ($1, 'Plant', $2)", enterprise, NOW)
    await pool_owner.execute(
        "INSERT INTO site (id, enterprise_id, name, zone, created_at) VALUES ($1, $2, 'Hall', 'Europe/Berlin', $3)",
        site,
        enterprise,
        NOW,
    )
    clock, samples = Hand(), PostgresSamples(pool_ingest)
    intake = Intake(pool_ingest, samples, clock, BOOT)
    found = World(pool_owner, pool_ingest, clock, samples, intake, enterprise, site, Edge("agt_unset"))
    found.edge = await found.add_agent()
    return found


def change(minutes: float, state: ItemState = ItemState.EXECUTING, machine: str = "M1", **given: Any) -> StateChange:
    mode = given.pop("mode", OperationMode.PROCESSING)
    return StateChange(machine=machine, at=NOW + timedelta(minutes=minutes), state=state, mode=mode, **given)


def announce(*names: str) -> Announce:
    return Announce(at=NOW, machines=tuple(Announce.Machine(name=name, profile="press") for name in names))


@pytest.fixture
def said() -> Any:
    """The two messages that most tests send."""

    class Said:
        change = staticmethod(change)
        announce = staticmethod(announce)

    return Said
