"""A house in trouble, as the registry would know it after a bad day; and one that is well."""

from datetime import datetime, timedelta
from math import sin

from api_market import START, Market

from cloud.operations import ledger
from cloud.operations.tally import Said, Tally
from cloud.registry.model import AgentRequest
from cloud.telemetry.model import micros
from gateway.link import Held
from gateway.messages import Stream

MINUTE = timedelta(minutes=1)


async def well(market: Market, minutes: int = 60) -> str:
    """An agent with two machines that was heard just now, and an hour of what it sent; the agent's id."""
    await market.plant("maker", "mill", "press")
    (link,) = await market.clients["maker"].links()
    await market.owner.execute(
        "UPDATE agent SET last_receipt_at = $2, clock_offset_s = 0.04 WHERE id = $1", link.id, START
    )
    tally = Tally()
    for minute in range(minutes):
        _minute(tally, market.id("maker"), START - minute * MINUTE, minute)
    tally.greeted(link.id, Stream.STATE, [Held(3, 10, 10, None)], START - 30 * MINUTE)
    await ledger.write(market.ingest, tally.torn_off())
    position = {"epoch": 3, "committed": 9, "resync": ""}
    query = "INSERT INTO link_position (agent_id, leg, stream, position) VALUES ($1, 'up', 'state', $2)"
    await market.ingest.execute(query, link.id, position)
    return link.id


def _minute(tally: Tally, enterprise: str, at: datetime, minute: int) -> None:
    late = timedelta(seconds=0.12 + 0.1 * abs(sin(minute / 7)))
    states = 2 + minute % 3
    tally.committed(enterprise, [Said(Stream.STATE, 0, micros(at - late))] * states, at)
    tally.committed(enterprise, [Said(Stream.CONTROL, 0, micros(at - 2 * late))], at)
    samples = [Said(Stream.TELEMETRY, 400 + 20 * (minute % 5), micros(at - 8 * late))] * 60
    tally.committed(enterprise, samples, at)
    if 20 <= minute < 26:
        tally.committed(enterprise, [Said(Stream.BACKFILL, 2000, micros(at - 900 * MINUTE))] * 20, at)


async def troubled(market: Market) -> str:
    """Everything that can be wrong with agents, links and deliveries; the id of the agent that is worst."""
    agent = await well(market)
    maker = market.clients["maker"]
    site = (await maker.sites())[0].id
    await maker.add_agent(AgentRequest(name="new box", site_id=site))
    owner, ingest = market.owner, market.ingest
    query = "UPDATE agent SET last_receipt_at = $2, clock_offset_s = -4.2 WHERE id = $1"
    await owner.execute(query, agent, START - timedelta(hours=3))
    for reason, count in (("dropped", 1200), ("superseded", 40), ("receiver_restored", 3)):
        await ingest.execute(
            "INSERT INTO link_loss (agent_id, leg, stream, epoch, first_seq, last_seq, reason, at)"
            " VALUES ($1, 'up', 'telemetry', 1, 1, $2, $3, $4)",
            *(agent, count, reason, START - 5 * MINUTE),
        )
    hostile = "a name with <script>alert(1)</script> in it is not admitted"
    for number, (code, reason) in enumerate((("message.refused", hostile), ("machine.bound_elsewhere", "bound twice"))):
        await ingest.execute(
            "INSERT INTO parked (at, enterprise_id, agent_id, stream, epoch, seq, code, reason, payload)"
            " VALUES ($1, $2, $3, 'control', 7, $4, $5, $6, '{\"kind\":\"announce\"}')",
            *(START - 40 * MINUTE, market.id("maker"), agent, number, code, reason),
        )
    await ingest.execute(
        "INSERT INTO outgoing (agent_id, payload, created_at) VALUES ($1, '{}', $2)", agent, START - 20 * MINUTE
    )
    tally = Tally()
    tally.greeted(agent, Stream.TELEMETRY, [Held(9, 1, 5001, None)], START - 4 * MINUTE)
    for reason in ("mac", "line_full"):
        tally.refused({agent: 17}, reason, START - 3 * MINUTE)
    await ledger.write(ingest, tally.torn_off())
    await _hook(market)
    return agent


async def _hook(market: Market) -> None:
    webhook = "whk_troubled"
    await market.owner.execute(
        "INSERT INTO webhook (id, enterprise_id, url, types, secret, cursor, created_at)"
        " VALUES ($1, $2, 'https://erp.example.com/hooks', '{}', 'x', '', $3)",
        *(webhook, market.id("maker"), START),
    )
    for number, (state, tried) in enumerate((("DUE", START + MINUTE), ("FAILED", None), ("DELIVERED", None))):
        await market.ingest.execute(
            "INSERT INTO delivery (id, webhook_id, type, body, state, attempts, next_at, status, error, created_at)"
            " VALUES ($1, $2, 'machine.state', '{}', $3, 2, $4, 503, 'busy', $5)",
            *(f"dlv_t{number}", webhook, state, tried, START - 90 * MINUTE),
        )
