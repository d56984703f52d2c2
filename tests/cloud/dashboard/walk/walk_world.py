"""What is walked through: a plant with something on every page; one with nothing; one in trouble; one that is huge."""

from dataclasses import dataclass
from datetime import timedelta
from random import Random
from typing import Any

import api_market
from api_market import Market, at

from cloud.accounts.model import AccountRequest
from cloud.accounts.roles import Role
from cloud.booking.wire import BookingRequest
from cloud.cooperation.inquiry import InquiryRequest, QuoteRequest
from cloud.cooperation.model import AgreementRequest
from cloud.telemetry import rollups
from gateway.money import Money

NOW = at(79)
"""A Thursday, 14:00 in Vienna: when one walks. Hours below are counted from here."""

HOURS = 8 * 24
NAMES = ("Lathe L1", "Lathe L2", "Mill M1", "Mill M2", "Grinder G1", "Press P1")
ODD_NAMES = (
    '<img src=x onerror="console.error(1)">',
    "</script><script>console.error(2)</script>",
    "مخرطة ٣ \u202etxet",
    "Portalfräsmaschine-mit-einem-sehr-langen-Namen-ohne-Leerzeichen-" * 3,
    "{{ constructor.constructor('console.error(3)')() }}",
    "  ",
)
"""Markup, a script's end, right-to-left with an override, no place to break, a template, and nothing to see."""


@dataclass
class Plant:
    """A plant to walk through: who looks at it, its machines, and one of its bookings, if it has any."""

    key: str
    machine_id: str = "mch_unknown"
    booking_id: str = "bkg_unknown"


def later(hours: float) -> Any:
    return NOW + timedelta(hours=hours)


def piece(start: float, end: float, **more: Any) -> dict[str, object]:
    return api_market.piece(79 + start, 79 + end, **more)


def booking(service_id: str, start: float, end: float) -> BookingRequest:
    return api_market.booking(service_id, 79 + start, 79 + end)


async def offer(market: Market, machine_id: str, *pieces: dict[str, object]) -> None:
    """The plant's statement, that holds for a month."""
    await market.states(machine_id, *pieces, lease=24 * 30, end=79 + 400)


def euros(amount: str) -> Money:
    return Money(amount=amount, currency="EUR")


async def history(market: Market, machine_ids: list[str], seed: int = 1, hours: int = HOURS) -> None:
    """A week of states up to NOW of each machine: shifts by day, quiet by night, now and then a fault."""
    dice, rows = Random(seed), []
    for number, machine_id in enumerate(machine_ids):
        moment, seq = NOW - timedelta(hours=hours), 0
        while moment < NOW:
            by_day = 6 <= moment.hour < 18
            state = (
                dice.choices(["Executing", "NotExecuting", "OutOfService"], [6, 3, 0.3])[0]
                if by_day
                else "NotAvailable"
            )
            mode = {"Executing": "Processing", "OutOfService": "Maintenance"}.get(state, "None")
            seq += 1
            rows.append((machine_id, moment, state, mode, "plant", "good", "source", 1, seq, moment))
            last = min(timedelta(hours=dice.uniform(0.3, 3)), NOW - moment)
            moment += last if by_day else max(last, timedelta(hours=2))
        await market.owner.execute(
            "UPDATE machine SET item_state = $2, operation_mode = $3, state_origin = 'plant', state_since = $4,"
            " last_receipt_at = $5 WHERE id = $1",
            *(machine_id, rows[-1][2], rows[-1][3], rows[-1][1], NOW - timedelta(seconds=5 * number)),
        )
    columns = ("machine_id", "at", "state", "mode", "origin", "quality", "stamped", "epoch", "seq", "received_at")
    await market.owner.copy_records_to_table("state_history", records=rows, columns=columns)


async def rich(market: Market) -> Plant:
    """Machines with a past and an offer, services, bookings in most states, agreements, requests, people."""
    maker = await market.enterprise("Alpine precision works")
    await market.enterprise("Northern gears")
    await market.enterprise("River tools")
    buyer, other = market.clients["Northern gears"], market.clients["River tools"]
    machines = await market.plant("Alpine precision works", *NAMES, latitude=47.81, longitude=13.05)
    await history(market, machines)
    while await rollups.roll(market.owner, NOW, timedelta(days=400)):
        pass
    for number, machine_id in enumerate(machines):
        await offer(market, machine_id, *_offer(number))
    services = [
        await market.service("Alpine precision works", machines[0], machines[1], name="Turning, day and night"),
        await market.service("Alpine precision works", machines[2], name="Milling on request", instant=False),
        await market.service("Alpine precision works", machines[4], name="Grinding", amount="85.00"),
    ]
    booked = [await buyer.book(booking(services[0], start, start + 3)) for start in (8, 20, 52)]
    await other.book(booking(services[2], 10, 14))
    await buyer.book(booking(services[1], 12, 16))
    cancelled = await other.book(booking(services[2], 30, 32))
    await other.cancel(cancelled.id)
    await buyer.hold(api_market.wanted(services[0], 79 + 60, 79 + 62))
    await cooperate(market, services)
    for name, role in (("ada@example.com", Role.ADMIN), ("grace@example.com", Role.PLANNER)):
        await maker.add_account(AccountRequest(name=name, role=role, password="correct horse battery"))
    await offer(market, machines[4], piece(0, 11), piece(11, 20, type="Unattainable", reason="maintenance"))
    return Plant(market.enterprises["Alpine precision works"].key, machines[0], booked[0].id)


def _offer(number: int) -> list[dict[str, object]]:
    free = piece(6, 40, confidence=5 - number % 3)
    work = piece(0, 6, type="Committed", reason="planned", detail="order 4711")
    return [work, free, piece(40, 48, type="Unattainable", reason="off-shift"), piece(48, 90, confidence=3)]


async def cooperate(market: Market, services: list[str]) -> None:
    """An agreement in force and one proposed, a request with a quote and one without."""
    maker, buyer = market.clients["Alpine precision works"], market.clients["Northern gears"]
    terms = {"rate": euros("48.00"), "quota_hours": 40, "period": "week", "start": later(1), "end": later(24 * 60)}
    who = {"partner_id": market.id("Northern gears"), "role": "provider"}
    agreed = await maker.propose(AgreementRequest(name="Evening turning", service_ids=(services[0],), **who, **terms))
    await buyer.accept_agreement(agreed.id)
    await maker.propose(AgreementRequest(name="Grinding in winter", service_ids=(services[2],), **who, **terms))
    work = {"work_master": "bracket", "quantity": 120}
    asked = {"start": later(6), "end": later(96), "duration": timedelta(hours=4), "work": work, "expires_at": later(72)}
    maker_id = market.id("Alpine precision works")
    inquiry = await buyer.inquire(InquiryRequest(partner_ids=(maker_id,), note="Deburred, please", **asked))
    await buyer.inquire(InquiryRequest(partner_ids=(maker_id,), **asked))
    quote = {
        "service_id": services[0],
        "start": later(70),
        "end": later(74),
        "price": euros("260.00"),
        "valid_until": later(60),
    }
    await maker.quote(inquiry.id, QuoteRequest(**quote))


async def empty(market: Market) -> Plant:
    """Somebody who has just begun."""
    await market.enterprise("Nothing yet")
    return Plant(market.enterprises["Nothing yet"].key)


async def broken(market: Market) -> Plant:
    """An agent that is silent, names that are no names, values that are none, refused messages, a booking at risk."""
    name = "maker"
    await market.enterprise(name)
    await market.enterprise("</title><b>buyer")
    machines = await market.plant(name, *(f"x{number}" for number in range(len(ODD_NAMES))), zone="Asia/Kathmandu")
    for machine_id, odd in zip(machines, ODD_NAMES, strict=True):
        await market.owner.execute("UPDATE machine SET name = $2, profile = $2 WHERE id = $1", machine_id, odd)
    await history(market, machines[:3], hours=50)
    await offer(market, machines[0], *(piece(0, 60, detail=ODD_NAMES[1], reason="idle") for _ in range(1)))
    service = await market.service(name, machines[0], name=ODD_NAMES[0])
    buyer = market.clients["</title><b>buyer"]
    booked = await buyer.book(booking(service, 20, 24))
    await offer(market, machines[0], piece(0, 5), piece(5, 60, type="Unattainable", reason="breakdown"))
    await market.owner.execute("UPDATE machine SET last_receipt_at = $1", NOW - timedelta(days=40))
    await market.owner.execute(
        "INSERT INTO gap (machine_id, start_at, end_at, reason, epoch, seq, received_at)"
        " VALUES ($1, $2, $3, 'agent was down', 9, 9, $3)",
        *(machines[0], NOW - timedelta(hours=20), NOW - timedelta(hours=9)),
    )
    await market.owner.execute(
        "INSERT INTO parked (at, enterprise_id, agent_id, stream, epoch, seq, code, reason, payload)"
        " SELECT $1, enterprise_id, id, 'state', 1, 1, 'message.invalid', $2, 'x' FROM agent",
        *(NOW, ODD_NAMES[1]),
    )
    await market.owner.execute("UPDATE enterprise SET name = $2 WHERE id = $1", market.id(name), ODD_NAMES[0])
    return Plant(market.enterprises[name].key, machines[0], booked.id)


async def huge(market: Market, machines: int = 500, bookings: int = 300) -> Plant:
    """More machines than anybody sees at once, all of them on the market, and more bookings than fit a page."""
    maker, buyer = await market.enterprise("Very large works"), await market.enterprise("Busy buyer")
    names = [f"Machine {number:03}" for number in range(machines)]
    made = await market.plant("Very large works", *names, latitude=47.81, longitude=13.05)
    await history(market, made, hours=24)
    for number, machine_id in enumerate(made):
        await offer(market, machine_id, *_offer(number))
    services = [
        await market.service("Very large works", *made[first : first + 20], name=f"Hall {first // 20 + 1}")
        for first in range(0, machines, 20)
    ]
    first = await maker.book(booking(services[0], 6, 8))
    for number in range(bookings):
        start = 8 + 2 * (number // len(services) % 8)
        await buyer.book(booking(services[number % len(services)], start, start + 2))
    return Plant(market.enterprises["Very large works"].key, made[0], first.id)
