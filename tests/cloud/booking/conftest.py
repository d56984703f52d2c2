"""A small world to book in: two plants' hours, and who may want them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import count

import pytest

from cloud.booking import store
from cloud.booking.store import Caller, Wish
from gateway.span import Span

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
MAKER, BUYER, RIVAL = "ent_maker", "ent_buyer", "ent_rival"
WORK = {"work_master": "bracket", "quantity": 10}


def span_of(start, end):
    """A span in hours after NOW."""
    return Span(NOW + timedelta(hours=start), NOW + timedelta(hours=end))


def a_piece(start, end, quantity=1, type="Available", reason="idle", confidence=5):  # noqa: A002 - the message's name
    span = span_of(start, end)
    return {
        "start": span.start.isoformat(),
        "end": span.end.isoformat(),
        "type": type,
        "quantity": quantity,
        "reason": reason,
        "confidence": confidence,
    }


@dataclass
class World:
    """Arranges facts as the superuser, says what the plant says as ingest, and books as the API."""

    owner: object
    ingest: object
    api: object
    now: datetime = NOW
    versions: count = field(default_factory=lambda: count(1))
    ids: count = field(default_factory=lambda: count(1))

    async def enterprise(self, name):
        await self.owner.execute("INSERT INTO enterprise VALUES ($1, $1, $2)", name, NOW)

    async def machine(self, name, quantity=1, maker=MAKER):
        await self.owner.execute(
            "INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, quantity, created_at,"
            " last_receipt_at) VALUES ('mch_' || $1, $2, 'site_' || $2, 'agt_' || $2, $1, 'mill', $3, $4, $4)",
            name,
            maker,
            quantity,
            NOW,
        )
        return f"mch_{name}"

    async def service(self, name, *machines, maker=MAKER, **terms):
        given = {
            "kind": "processing",
            "instant": True,
            "visibility": "open",
            "price_amount": "60",
            "price_currency": "EUR",
            **terms,
        }
        columns = ", ".join(given)
        values = ", ".join(f"${number}" for number in range(4, 4 + len(given)))
        await self.owner.execute(
            f"INSERT INTO service (id, enterprise_id, name, created_at, {columns})"  # noqa: S608 - a test's own names
            f" VALUES ('svc_' || $1::text, $2, $1, $3, {values})",
            name,
            maker,
            NOW,
            *given.values(),
        )
        for position, machine in enumerate(machines):
            await self.owner.execute(
                "INSERT INTO service_machine VALUES ($1, $2, $3)", f"svc_{name}", machine, position
            )
        return f"svc_{name}"

    async def states(self, machine, *pieces, start=0, end=48, lease=24, version=None):
        """The plant's statement: these pieces and nothing else from start to end (hours after NOW)."""
        said = self.said(machine, pieces, version or next(self.versions), start, end, lease)
        return await self.ingest.fetchval("SELECT ts_apply_statement($1, $2, $3)", machine, said, self.now)

    def said(self, machine, pieces, version, start=0, end=48, lease=24):
        return {
            "v": 1,
            "kind": "statement",
            "machine": machine.removeprefix("mch_"),
            "version": version,
            "issued_at": self.now.isoformat(),
            "valid_until": (NOW + timedelta(hours=lease)).isoformat(),
            "start": span_of(start, end).start.isoformat(),
            "end": span_of(start, end).end.isoformat(),
            "spans": list(pieces),
        }

    async def answers(self, claim, answer, **more):
        said = {"booking": claim.id, "revision": claim.revision, "answer": answer, **more}
        return await self.ingest.fetchval("SELECT ts_answer($1, $2, $3)", claim.machine_id, said, self.now)

    async def reports(self, claim, event, **more):
        said = {"booking": claim.id, "revision": claim.revision, "event": event, **more}
        return await self.ingest.fetchval("SELECT ts_report($1, $2, $3)", claim.machine_id, said, self.now)

    async def meter(self, claim_id, meter, due="60", days=14):
        """The registry has metered a job; silence settles it after so many days (None: it does not)."""
        settle_by = self.now + timedelta(days=days) if days else None
        what = (meter, Decimal(due), settle_by)
        return await self.ingest.fetchval("SELECT ts_meter($1, $2, $3, $4, $5)", claim_id, *what, self.now)

    def caller(self, who=BUYER, **more):
        return Caller(who, self.now, **more)

    async def hold(self, service, span, who=BUYER, quantity=1, machine=None, minutes=5, **key):
        wish = Wish(service, span, quantity, machine)
        expiry = self.now + timedelta(minutes=minutes)
        return await store.hold(self.api, self.caller(who, **key), f"hld_{next(self.ids)}", wish, expiry)

    async def book(self, service, span=None, who=BUYER, quantity=1, machine=None, work=WORK, healing=None, **key):
        wish = service if span is None else Wish(service, span, quantity, machine)
        return await store.book(self.api, self.caller(who, **key), f"bkg_{next(self.ids)}", wish, work, healing)

    async def claim(self, claim_id):
        return await self.owner.fetchrow("SELECT * FROM claim WHERE id = $1", claim_id)

    async def states_of(self, claim_id):
        rows = await self.owner.fetch("SELECT state FROM claim_history WHERE claim_id = $1 ORDER BY seq", claim_id)
        return [row["state"] for row in rows]

    async def orders(self):
        rows = await self.owner.fetch("SELECT payload FROM outgoing ORDER BY id")
        return [row["payload"] for row in rows]

    async def told(self, who, kind="booking.changed"):
        rows = await self.owner.fetch(
            "SELECT data FROM event WHERE enterprise_id = $1 AND type = $2 ORDER BY seq", who, kind
        )
        return [row["data"] for row in rows]


@pytest.fixture
def hours():
    """`hours(1, 2)` is the second hour after the world began."""
    return span_of


@pytest.fixture
def piece():
    """`piece(0, 2, reason=...)` is a piece of a statement, as JSON."""
    return a_piece


@pytest.fixture
async def world(pool_owner, pool_ingest, pool_api):
    return await a_world(pool_owner, pool_ingest, pool_api)


@pytest.fixture
def new_world():
    """Makes a world of other pools than this test's own."""
    return a_world


async def a_world(owner, ingest, api):
    """Three enterprises; the maker has machines a and b (one unit each) and a pool of five, all free for two days."""
    made = World(owner, ingest, api)
    for name in (MAKER, BUYER, RIVAL):
        await made.enterprise(name)
    await owner.execute(
        "INSERT INTO site VALUES ('site_ent_maker', 'ent_maker', 'works', 'Europe/Berlin', 52, 13, $1)", NOW
    )
    await owner.execute(
        "INSERT INTO agent VALUES ('agt_ent_maker', 'ent_maker', 'site_ent_maker', 'agent', 'k1', '\\x00', $1)", NOW
    )
    for name, quantity in (("a", 1), ("b", 1), ("pool", 5)):
        machine = await made.machine(name, quantity)
        await made.states(machine, a_piece(0, 48, quantity))
    await made.service("a", "mch_a")
    await made.service("either", "mch_a", "mch_b")
    await made.service("pool", "mch_pool")
    return made
