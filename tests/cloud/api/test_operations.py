"""How the house runs, over the API: each enterprise sees its own agents, streams, stores and deliveries."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import asyncpg
import httpx2
import pytest
from api_market import START, Market
from foreign_stores import Engine

from cloud.app import create_app
from cloud.client import Client
from cloud.config import Settings
from cloud.operations import ledger
from cloud.operations.tally import Said, Tally
from cloud.telemetry.choose import FRESH
from cloud.telemetry.model import Sample, gathered, micros
from cloud.telemetry.postgres import PostgresSamples
from cloud.webhooks.model import NewWebhook, WebhookRequest
from gateway.clock import Clock
from gateway.link import Held
from gateway.messages import Stream

HOUR = timedelta(hours=1)


@pytest.fixture
async def agent(market: Market) -> str:
    await market.plant("maker", "one", "two")
    (link,) = await market.clients["maker"].links()
    return link.id


async def put(market: Market, agent: str, stream: str, epoch: int, committed: int) -> None:
    position = {"epoch": epoch, "committed": committed, "resync": ""}
    await market.ingest.execute(
        "INSERT INTO link_position (agent_id, leg, stream, position) VALUES ($1, 'up', $2, $3)", agent, stream, position
    )


async def test_an_agent_that_never_spoke_has_a_bare_link(market: Market, agent: str) -> None:
    (link,) = await market.clients["maker"].links()
    assert (link.name, link.site, link.machines) == ("maker agent", "maker works", 2)
    assert (link.seen, link.last_receipt_at, link.lanes, link.losses, link.refused) == ("never", None, (), (), ())
    assert (link.parked.messages, link.down.waiting) == (0, 0)


@pytest.mark.parametrize(("ago", "seen"), [(timedelta(minutes=1), "fresh"), (HOUR, "silent")])
async def test_an_agent_is_fresh_or_silent_by_when_it_was_last_heard(
    market: Market, agent: str, ago: timedelta, seen: str
) -> None:
    query = "UPDATE agent SET last_receipt_at = $2, clock_offset_s = 1.5 WHERE id = $1"
    await market.owner.execute(query, agent, START - ago)
    (link,) = await market.clients["maker"].links()
    assert (link.seen, link.last_receipt_at, link.clock_offset_s) == (seen, START - ago, 1.5)


async def test_a_backlog_is_what_the_sender_said_it_holds_and_has_not_come(market: Market, agent: str) -> None:
    await put(market, agent, "telemetry", 7, 40)
    await put(market, agent, "state", 7, 9)
    tally = Tally()
    tally.greeted(agent, Stream.TELEMETRY, [Held(7, 31, 101, None)], START)
    await ledger.write(market.ingest, tally.torn_off())
    (link,) = await market.clients["maker"].links()
    told = [(lane.stream, lane.received, lane.waiting, lane.told_at) for lane in link.lanes]
    assert told == [(Stream.STATE, 9, 0, None), (Stream.TELEMETRY, 40, 60, START)]


async def test_losses_refusals_and_parked_messages_are_counted_by_reason(market: Market, agent: str) -> None:
    loss = (
        "INSERT INTO link_loss (agent_id, leg, stream, epoch, first_seq, last_seq, reason, at)"
        " VALUES ($1, 'up', 'telemetry', 1, $2, $3, $4, $5)"
    )
    for first, last, reason, at in ((1, 10, "dropped", START), (21, 21, "dropped", START + HOUR), (30, 31, "x", START)):
        await market.ingest.execute(loss, agent, first, last, reason, at)
    await market.ingest.execute(loss, agent, 900, 999, "dropped", START - timedelta(days=31))
    await market.ingest.execute(
        "INSERT INTO parked (at, enterprise_id, agent_id, stream, epoch, seq, code, reason, payload)"
        " VALUES ($1, $2, $3, 'state', 1, 1, 'message.refused', 'no', '{}')",
        *(START, market.id("maker"), agent),
    )
    (line,) = await market.clients["maker"].latest_parked()
    assert (line.agent, line.code, line.reason, line.payload) == ("maker agent", "message.refused", "no", "{}")
    tally = Tally()
    tally.refused({agent: 4}, "mac", START)
    await ledger.write(market.ingest, tally.torn_off())
    (link,) = await market.clients["maker"].links()
    assert [(each.reason, each.messages, each.last_at) for each in link.losses] == [
        ("dropped", 11, START + HOUR),
        ("x", 2, START),
    ]
    assert [(each.reason, each.packets) for each in link.refused] == [("mac", 4)]
    assert (link.parked.messages, link.parked.last_at) == (1, START)


async def test_what_waits_for_an_agent_is_told_with_its_age(market: Market, agent: str) -> None:
    query = "INSERT INTO outgoing (agent_id, payload, created_at, acked_at) VALUES ($1, '{}', $2, $3)"
    for created, acked in ((START, None), (START + HOUR, None), (START - HOUR, START)):
        await market.ingest.execute(query, agent, created, acked)
    (link,) = await market.clients["maker"].links()
    assert (link.down.waiting, link.down.oldest_at) == (2, START)


async def test_what_came_in_is_told_as_rates_and_by_the_minute(market: Market) -> None:
    tally = Tally()
    for minute in (0, 1, 30):
        now = START - timedelta(minutes=minute)
        tally.committed(market.id("maker"), [Said(Stream.TELEMETRY, 240, micros(now) - 500_000)], now)
    tally.committed(market.id("rival"), [Said(Stream.STATE, 0, micros(START))], START)
    await ledger.write(market.ingest, tally.torn_off())
    found = await market.clients["maker"].ingest()
    (flow,) = found.flows
    assert (flow.stream, flow.last_at, found.speed) == (Stream.TELEMETRY, START, 1.0)
    assert flow.samples_per_s == pytest.approx(2.0, rel=0.05)
    assert flow.p99_s == pytest.approx(0.5, rel=0.2)
    assert [(each.at, each.samples) for each in found.items] == [
        (START - timedelta(minutes=minute), 240) for minute in (30, 1, 0)
    ]
    assert len((await market.clients["maker"].ingest(minutes=5)).items) == 2


async def test_the_registrys_own_store_answers_and_tells_the_oldest_sample_of_the_caller(
    market: Market, pool_ingest: asyncpg.Pool
) -> None:
    (machine,) = await market.plant("maker", "one")
    (other,) = await market.plant("rival", "one")
    samples = [Sample(machine, "power", START, 1.0), Sample(other, "power", START - HOUR, 1.0)]
    await PostgresSamples(pool_ingest).write(gathered(samples))
    stores = await market.clients["maker"].stores()
    assert (stores.samples.name, stores.samples.answers, stores.samples.keeps) == ("PostgreSQL", True, "400d")
    assert (stores.samples.oldest_at, stores.samples.trails_s) == (START, 0)
    assert stores.registry.version == stores.samples.version
    assert (await market.clients["buyer"].stores()).samples.oldest_at is None


@pytest.fixture
async def elsewhere(
    market: Market, settings: Settings, clock: Clock, victoria_alone: Engine
) -> AsyncIterator[tuple[Client, Engine]]:
    """The maker, asking an API whose samples are in a VictoriaMetrics that may be killed."""
    app = create_app(settings.model_copy(update={"telemetry": f"victoria+{victoria_alone.url}"}), clock)
    async with (
        app.router.lifespan_context(app),
        Client("http://api", market.enterprises["maker"].key, transport=httpx2.ASGITransport(app=app)) as client,
    ):
        yield client, victoria_alone


async def test_a_store_that_is_down_says_so_and_the_registry_is_well(elsewhere: tuple[Client, Engine]) -> None:
    client, engine = elsewhere
    assert (await client.health())["samples_answer"] is True
    engine.kill()
    await asyncio.sleep(FRESH + 0.1)
    stores = await client.stores()
    assert (stores.samples.name, stores.samples.answers, stores.samples.trails_s) == ("VictoriaMetrics", False, 10)
    assert engine.url in (stores.samples.detail or "")
    health = await client.health()
    assert (health["status"], health["samples"], health["samples_answer"]) == ("ok", "VictoriaMetrics", False)
    engine.start()
    await asyncio.sleep(FRESH + 0.1)
    assert (await client.stores()).samples.answers


async def test_a_webhook_is_told_with_what_became_of_its_deliveries(market: Market, agent: str) -> None:
    maker = market.clients["maker"]
    made = await maker._post(NewWebhook, "/v1/webhooks", WebhookRequest(url="https://erp.example.com/"))
    query = (
        "INSERT INTO delivery (id, webhook_id, type, body, state, attempts, next_at, status, error, created_at,"
        " delivered_at) VALUES ($1, $2, 'machine.state', '{}', $3, 1, $4, $5, $6, $7, $8)"
    )
    rows = (
        ("DELIVERED", None, 200, None, START, START),
        ("DUE", START + HOUR, 503, "busy", START, None),
        ("FAILED", None, 410, "gone", START - HOUR, None),
    )
    for number, row in enumerate(rows):
        await market.ingest.execute(query, f"dlv_{number}", made.id, *row)
    (hook,) = await maker.hooks()
    assert (hook.url, hook.due, hook.failed, hook.delivered) == ("https://erp.example.com/", 1, 1, 1)
    assert (hook.status, hook.error, hook.next_at, hook.last_delivered_at) == (503, "busy", START + HOUR, START)


async def test_nobody_sees_anothers_house(market: Market, agent: str) -> None:
    await put(market, agent, "state", 7, 9)
    tally = Tally()
    tally.committed(market.id("maker"), [Said(Stream.STATE, 0, micros(START))], START)
    await ledger.write(market.ingest, tally.torn_off())
    rival = market.clients["rival"]
    assert await rival.links() == []
    assert await rival.latest_parked() == ()
    assert (await rival.ingest()).items == ()
    assert await rival.hooks() == ()
