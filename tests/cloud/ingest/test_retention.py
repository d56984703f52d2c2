"""What nobody can ask for any more is deleted, and nothing else."""

from datetime import timedelta
from typing import Any

import pytest

from cloud.dispatch.line import Line
from cloud.ids import new_id
from cloud.ingest import retention
from cloud.ingest.retention import REPLAYED, TOLD, prune

SOON = timedelta(seconds=1)


async def seqs(world: Any, table: str, column: str) -> list[Any]:
    rows = await world.owner.fetch(f"SELECT {column} FROM {table} ORDER BY 1")  # noqa: S608 - a test's own names
    return [row[0] for row in rows]


async def test_answers_and_events_go_after_their_time_however_many_there_are(
    world: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(retention, "AT_ONCE", 2)
    now = world.clock.at
    for number in range(5):
        for kept, name in ((REPLAYED, "idempotency"), (TOLD, "event")):
            for moment, age in ((now - kept - SOON, "old"), (now - kept, "young")):
                key = f"{age}-{number}"
                if name == "event":
                    query = "INSERT INTO event (enterprise_id, type, at, data) VALUES ($1, $2, $3, '{}')"
                else:
                    query = "INSERT INTO idempotency VALUES ($1, $2, '', 201, '{}', $3)"
                await world.owner.execute(query, world.enterprise, key, moment)
    assert await prune(world.connections, now) == 10
    assert await seqs(world, "event", "type") == [f"young-{number}" for number in range(5)]
    assert await seqs(world, "idempotency", "key") == [f"young-{number}" for number in range(5)]


async def test_orders_go_once_acknowledged_and_long_over_but_the_numbering_goes_on(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1"))
    await world.edge.talk(world.intake)
    now = world.clock.at
    old, young = now - TOLD - SOON, now - TOLD
    machine, service = await world.owner.fetchval("SELECT id FROM machine"), new_id("svc")
    await world.owner.execute(
        "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount, price_currency,"
        " created_at) VALUES ($1, $2, 'press', 'processing', true, 'open', 50, 'EUR', $3)",
        *(service, world.enterprise, now),
    )
    cases = [
        ("bkg_gone", old, old, "CANCELLED"),
        ("bkg_unacknowledged", None, old, "CANCELLED"),
        ("bkg_late", young, old, "CANCELLED"),
        ("bkg_ahead", old, now, "CANCELLED"),
        ("bkg_live", old, old, "CONFIRMED"),
        ("bkg_last", old, old, "CANCELLED"),
    ]
    for seq, (claim, acked, end, state) in enumerate(cases, 1):
        await world.owner.execute(
            "INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state,"
            " price_amount, price_currency, work, created_at, updated_at) VALUES ($1, $2, $3, $4, $4,"
            " tstzrange($5::timestamptz - interval '1 hour', $5), 1, false, 'CONFIRMED', 1, 'EUR', '{}', $6, $6)",
            *(claim, machine, service, world.enterprise, end, now),
        )
        if state == "CANCELLED":
            await world.owner.execute("UPDATE claim SET state = 'CANCELLED' WHERE id = $1", claim)
        await world.owner.execute(
            "INSERT INTO outgoing (agent_id, claim_id, payload, created_at, epoch, seq, acked_at)"
            " VALUES ($1, $2, '{}', $3, 7, $4, $5)",
            *(world.edge.id, claim, old, seq, acked),
        )
    assert await prune(world.connections, now) == 1
    assert await seqs(world, "outgoing", "seq") == [2, 3, 4, 5, 6]
    await world.owner.execute("UPDATE outgoing SET acked_at = created_at")
    await world.owner.execute("UPDATE claim SET state = 'CANCELLED' WHERE live")
    await world.owner.execute("UPDATE claim SET span = tstzrange(lower(span) - interval '9 days', lower(span))")
    assert await prune(world.connections, now + TOLD) == 4
    assert await seqs(world, "outgoing", "claim_id") == ["bkg_last"]
    agent = await world.intake._agents.find(world.edge.id)
    line = await Line.open(world.connections, agent.lane("down"), Any)  # type: ignore[arg-type]
    assert line.journal.plan(1)[0] > (7, 6)
