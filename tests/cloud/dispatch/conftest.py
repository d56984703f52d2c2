"""An edge's receiving end, and a registry with rows to be sent to it."""

import asyncio
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import orjson
import pytest

from cloud.dispatch.line import Line
from cloud.ids import new_id
from gateway.link import Accept, Adopted, Keyring, Lane, Position, Send, receive, reply
from gateway.link import read as read_packet

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
KEY = b"k" * 32


@dataclass
class Receiver:
    """The edge's store: what came down, once, and how far the stream was received."""

    lane: Lane
    position: Position = field(default_factory=Position)
    got: list[dict[str, Any]] = field(default_factory=list)
    boot: bytes = b"boot-of-the-edge"

    def take(self, raw: bytes) -> bytes:
        packet = read_packet(self.lane, raw)
        decision = receive(self.position, packet, self.boot)  # type: ignore[arg-type]
        if isinstance(decision, Accept | Adopted):
            self.got += [orjson.loads(entry.payload) for entry in decision.entries if entry.payload]
            self.position = decision.position
        return reply(self.lane, decision, NOW)

    def talk(self, line: Line, effects: list[Any], *, lose: int = 0) -> None:
        """Take packets over and answers back until both sides are silent; the first `lose` packets go missing."""
        while effects:
            effect, *effects = effects
            if not isinstance(effect, Send):
                line.on_effect(effect)
            elif lose:
                lose -= 1
            else:
                effects += line.sender.receive(self.take(effect.data), 0.0)


@dataclass
class Registry:
    """An agent with its lane, and the means to queue something for it."""

    owner: asyncpg.Pool
    agent: str
    lane: Lane

    async def line(self, connections: asyncpg.Pool) -> Line:
        return await Line.open(connections, self.lane, asyncio.Event())

    async def queue(self, *numbers: int) -> None:
        await self.owner.executemany(
            "INSERT INTO outgoing (agent_id, payload, created_at) VALUES ($1, $2, $3)",
            [(self.agent, {"v": 1, "kind": "order", "n": number}, NOW) for number in numbers],
        )

    async def unacknowledged(self) -> int:
        return int(await self.owner.fetchval("SELECT count(*) FROM outgoing WHERE acked_at IS NULL"))


@pytest.fixture
async def registry(pool_owner: asyncpg.Pool) -> Registry:
    enterprise, site, agent = new_id("ent"), new_id("site"), new_id("agt")
    await pool_owner.execute("INSERT INTO enterprise (id, name, created_at) VALUES ($1, 'Plant', $2)", enterprise, NOW)
    await pool_owner.execute(
        "INSERT INTO site (id, enterprise_id, name, zone, created_at) VALUES ($1, $2, 'Hall', 'Europe/Berlin', $3)",
        site,
        enterprise,
        NOW,
    )
    await pool_owner.execute(
        "INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at)"
        " VALUES ($1, $2, $3, 'a', 'k1', $4, $5)",
        agent,
        enterprise,
        site,
        KEY,
        NOW,
    )
    return Registry(pool_owner, agent, Lane(Keyring({"k1": KEY}, "k1"), agent, "down"))


@pytest.fixture
def receiver(registry: Registry) -> Receiver:
    return Receiver(registry.lane)


@pytest.fixture
def booking(registry: Registry) -> Any:
    """Plants a confirmed booking, `hours` from now, with the messages about it."""

    async def plant(claim: str, *, hours: float, messages: list[str], states: str = "") -> None:
        enterprise = await registry.owner.fetchval("SELECT id FROM enterprise")
        site = await registry.owner.fetchval("SELECT id FROM site")
        machine, service = new_id("mch"), new_id("svc")
        await registry.owner.execute(
            "INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, created_at)"
            " VALUES ($1, $2, $3, $4, $1, 'press', $5)",
            *(machine, enterprise, site, registry.agent, NOW),
        )
        await registry.owner.execute(
            "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount, price_currency,"
            " created_at) VALUES ($1, $2, 'press', 'processing', true, 'open', 50, 'EUR', $3)",
            *(service, enterprise, NOW),
        )
        await registry.owner.execute(
            "INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state,"
            " price_amount, price_currency, work, created_at, updated_at)"
            " VALUES ($1, $2, $3, $4, $4, tstzrange($5, $6), 1, true, 'CONFIRMED', 50, 'EUR', '{}', $7, $7)",
            *(claim, machine, service, enterprise, NOW + timedelta(hours=hours), NOW + timedelta(hours=hours + 1), NOW),
        )
        for kind in messages:
            await registry.owner.execute(
                "INSERT INTO outgoing (agent_id, claim_id, payload, created_at) VALUES ($1, $2, $3, $4)",
                *(registry.agent, claim, {"v": 1, "kind": kind, "booking": claim}, NOW),
            )
        for state in [*states.split(), *(["CANCELLED"] if hours < 0 else [])]:
            await registry.owner.execute("UPDATE claim SET state = $2 WHERE id = $1", claim, state)

    return plant
