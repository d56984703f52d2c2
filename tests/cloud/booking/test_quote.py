"""A quote adds up its hours and says how likely all of them are idle; search and booking say the same."""

from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from math import exp
from random import Random
from zoneinfo import ZoneInfo

import pytest

from cloud.booking import store
from cloud.booking.model import Accepted
from cloud.market import store as market
from cloud.market.candidate import Match, Need
from cloud.market.match import judge
from cloud.market.model import SearchRequest
from cloud.registry.prices import PriceBand
from gateway.capacity import Confidence
from gateway.money import Money
from gateway.span import Span

ZONES = ["UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Auckland"]
NIGHTS = [
    datetime(2026, 3, 28, 12, tzinfo=UTC),
    datetime(2026, 10, 24, 12, tzinfo=UTC),
    datetime(2026, 4, 4, tzinfo=UTC),
]
"""Days around which clocks change somewhere of these."""

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
QUARTER = 15 * MINUTE
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def euros(amount):
    return Money(amount=Decimal(amount), currency="EUR")


def some_bands(dice):
    found = []
    for _ in range(dice.choice([0, 0, 1, 2, 4])):
        least = dice.randint(1, 5)
        start, end = dice.sample(range(96), 2)
        clock = [f"{quarter // 4:02}:{quarter % 4 * 15:02}" for quarter in (start, end or 96)]
        clock = dice.choice([clock, ["00:00", "24:00"]])
        days = dice.choice([DAYS, tuple(dice.sample(DAYS, dice.randint(1, 6)))])
        price = euros(str(dice.randrange(10**5) / 100))
        band = {"least": least, "most": dice.randint(least, 5), "days": days, "start": clock[0], "end": clock[1]}
        found.append(PriceBand(price=price, **band))
    return found


def some_pieces(dice, start):
    """Pieces that follow each other without a hole, some of them over one another."""
    at, found = start, []
    for _ in range(dice.randint(1, 6)):
        end = at + dice.choice([QUARTER, HOUR, 3 * HOUR, 7 * MINUTE, 11 * HOUR])
        for _ in range(dice.choice([1, 1, 1, 2])):
            odds = {"chance": dice.randint(1, 100) / 100, "fading": dice.choice([0.0, dice.randint(0, 300) / 1000])}
            piece = {"type": "Available", "quantity": dice.choice([1, 1, 2, 3]), "reason": "idle"}
            piece |= {"confidence": dice.randint(1, 5), "start": at.isoformat(), "end": end.isoformat()}
            found.append(piece | dice.choice([odds, {}]))
        at = end
    return found, at


@pytest.fixture
def arranged(pool_owner):
    """One machine with a service, all of it undone at the end."""

    @asynccontextmanager
    async def arrange(zone, bands, units, now, fee="0", each="0"):
        async with pool_owner.acquire() as connection:
            transaction = connection.transaction()
            await transaction.start()
            try:
                await connection.execute("INSERT INTO enterprise VALUES ('ent_p', 'p', $1), ('ent_b', 'b', $1)", now)
                await connection.execute("INSERT INTO site VALUES ('site_1', 'ent_p', 's', $2, 0, 0, $1)", now, zone)
                await connection.execute(
                    "INSERT INTO agent VALUES ('agt_1', 'ent_p', 'site_1', 'a', 'k', '\\x00', $1)", now
                )
                await connection.execute(
                    "INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, quantity, created_at,"
                    " last_receipt_at) VALUES ('mch_1', 'ent_p', 'site_1', 'agt_1', 'm', 'x', $2, $1, $1)",
                    *(now, units),
                )
                await connection.execute(
                    "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount,"
                    " price_currency, setup_fee_amount, price_bands, unit_price, created_at) VALUES"
                    " ('svc_1', 'ent_p', 's', 'processing', true, 'open', 60.5, 'EUR', $2, $3, $4, $1)",
                    *(now, Decimal(fee), [band.kept() for band in bands], Decimal(each)),
                )
                await connection.execute("INSERT INTO service_machine VALUES ('svc_1', 'mch_1', 0)")
                yield connection
            finally:
                await transaction.rollback()

    return arrange


async def says(connection, pieces, start, end, now, version=1):
    message = {
        "version": version,
        "issued_at": now.isoformat(),
        "valid_until": (now + timedelta(days=1)).isoformat(),
        "start": start.isoformat(),
        "end": end.isoformat(),
        "spans": pieces,
    }
    told = await connection.fetchval("SELECT ts_apply_statement($1, $2, $3)", "mch_1", message, now)
    assert told["outcome"] == "applied"


async def holds(connection, identity, span, quantity, now, made=0):
    wish = store.Wish("svc_1", span, quantity, work_quantity=made)
    return await store.hold(connection, store.Caller("ent_b", now), identity, wish, now + HOUR)


async def finds(connection, span, quantity, now, made=0):
    """What search says of exactly this span."""
    asked = SearchRequest(start=span.start, end=span.end, quantity=quantity)
    (candidate,) = (await market.neighbours(connection, "ent_b", asked, now)).candidates
    need = Need(span, span.duration, quantity, Confidence.VERY_LOW, None, now, now - HOUR, units=made)
    return judge(need, replace(candidate, min_duration=timedelta())), candidate


def by_the_minute(bands, zone, pieces, span, units, taken, quantity, extras):
    """The price by looking at each minute on the plant's clock, and the chance at it: slow, and by another way."""
    worth, kept = Decimal(0), 1.0
    moment = span.start
    while moment < span.end:
        here = [
            each
            for each in pieces
            if datetime.fromisoformat(each["start"]) <= moment < datetime.fromisoformat(each["end"])
        ]
        used = sum(amount for other, amount in taken if moment in other)
        sure = max(
            band
            for band in range(1, 6)
            if min(units, sum(each["quantity"] for each in here if each["confidence"] >= band)) - used >= quantity
        )
        local = moment.astimezone(ZoneInfo(zone))
        worth += next((each.price.amount for each in bands if _in(each, sure, local)), Decimal("60.5"))
        counted = [each for each in here if each["confidence"] >= sure]
        floors = [(0.01, 0.5, 0.75, 0.9, 0.97)[each["confidence"] - 1] for each in counted]
        likely, fading = 1.0, 0.0
        for each, floor in zip(counted, floors, strict=True):
            likely *= each.get("chance", floor)
            fading += each.get("fading", 0.0)
        kept = min(kept, likely) * exp(-fading / 60)
        moment += MINUTE
    amount = (worth * quantity / 60 + extras).quantize(Decimal("0.01"), ROUND_HALF_UP)
    return Money(amount=amount, currency="EUR"), kept


def _in(band, sure, local):
    if not band.least <= sure <= band.most:
        return False
    opens, ends = (int(clock[:2]) * 60 + int(clock[3:]) for clock in (band.start, band.end))
    minute, day = local.hour * 60 + local.minute, local.weekday()
    if opens < ends:
        return opens <= minute < ends and DAYS[day] in band.days
    return (minute >= opens and DAYS[day] in band.days) or (minute < ends and DAYS[day - 1] in band.days)


BLOCKS = [0, *(pytest.param(block, marks=pytest.mark.deep) for block in range(1, 20))]


@pytest.mark.parametrize("block", BLOCKS)
async def test_search_booking_and_a_naive_sum_say_the_same_price_and_chance(arranged, block):
    agreed = 0
    for seed in range(block * 60, block * 60 + 60):
        print(f"seed {seed}")
        dice = Random(seed)
        now = dice.choice(NIGHTS)
        start = now + dice.randrange(96) * QUARTER + dice.choice([timedelta(), 5 * MINUTE])
        zone, bands, units, fee = dice.choice(ZONES), some_bands(dice), dice.randint(1, 3), dice.choice(["0", "12.5"])
        each = dice.choice(["0", "0.035", "7"])
        async with arranged(zone, bands, units, now, fee, each) as connection:
            pieces, end = some_pieces(dice, start)
            await says(connection, pieces, start, end, now)
            length, taken = (end - start) // MINUTE, []
            for number in range(4):
                first = start + dice.randrange(length) * MINUTE
                span = Span(first, min(end, first + dice.randint(1, length) * MINUTE))
                quantity, made = dice.choice([1, 1, 2]), dice.choice([0, 1, 333])
                found, candidate = await finds(connection, span, quantity, now, made)
                held = await holds(connection, f"hld_{number}", span, quantity, now, made)
                assert isinstance(found, Match) == isinstance(held, Accepted), (found, held)
                if not isinstance(held, Accepted):
                    continue
                cost, likely = by_the_minute(
                    bands, zone, pieces, span, units, taken, quantity, Decimal(fee) + Decimal(each) * made
                )
                assert found.price == held.claim.price == cost
                assert found.chance == pytest.approx(held.claim.chance, abs=2e-4)
                assert found.chance == pytest.approx(likely, abs=5e-3 + 0.02 * likely)
                assert candidate.zone.key == zone
                taken.append((span, quantity))
                agreed += 1
    assert agreed > 60


async def test_an_hour_that_the_clock_shows_twice_is_paid_twice_and_one_left_out_not_at_all(arranged):
    """From two to three o'clock the plant asks 100 instead of 60.50."""
    band = PriceBand(price=euros(100), start="02:00", end="03:00")
    for night, hours in ((datetime(2026, 10, 24, 22, tzinfo=UTC), 2), (datetime(2026, 3, 28, 23, tzinfo=UTC), 0)):
        async with arranged("Europe/Berlin", [band], 1, night) as connection:
            span = Span(night, night + 6 * HOUR)  # from midnight by the plant's clock
            piece = {"start": span.start.isoformat(), "end": span.end.isoformat(), "type": "Available", "quantity": 1}
            await says(connection, [piece | {"reason": "idle", "confidence": 5}], span.start, span.end, night)
            found, _ = await finds(connection, span, 1, night)
            held = await holds(connection, "hld_1", span, 1, night)
            assert found.price == held.claim.price == euros(Decimal("60.50") * (6 - hours) + 100 * hours)


async def test_a_booking_keeps_the_price_and_the_chance_of_its_hold(arranged):
    now = NIGHTS[0]
    span = Span(now + HOUR, now + 3 * HOUR)
    async with arranged("UTC", [PriceBand(price=euros(10), most=Confidence.MEDIUM)], 1, now) as connection:
        piece = {"start": span.start.isoformat(), "end": span.end.isoformat(), "type": "Available", "quantity": 1}
        piece |= {"reason": "idle", "confidence": 3, "chance": 0.8, "fading": 0.05}
        await says(connection, [piece], span.start, span.end, now)
        held = (await holds(connection, "hld_1", span, 1, now)).claim
        assert (held.price, held.chance) == (euros(20), round(0.8 * exp(-0.1), 4))
        await says(connection, [piece | {"confidence": 5, "chance": 0.99}], span.start, span.end, now, version=2)
        work = {"work_master": "x"}
        booked = (await store.book(connection, store.Caller("ent_b", now), "bkg_1", "hld_1", work)).claim
        assert (booked.price, booked.chance) == (held.price, held.chance)


async def test_what_a_booking_makes_is_paid_by_the_unit_whether_held_before_or_not(arranged):
    """Two hours at 60.50, a fee of 5, and 0.75 for each unit; a hold that names none of them is paid for them later."""
    now = NIGHTS[0]
    span, work = Span(now + HOUR, now + 3 * HOUR), {"work_master": "x", "quantity": 40}
    caller = store.Caller("ent_b", now)
    for made in (0, 40, 70):
        async with arranged("UTC", [], 1, now, "5", "0.75") as connection:
            piece = {"start": span.start.isoformat(), "end": span.end.isoformat(), "type": "Available", "quantity": 1}
            await says(connection, [piece | {"reason": "idle", "confidence": 5}], span.start, span.end, now)
            held = (await holds(connection, "hld_1", span, 1, now, made)).claim
            assert (held.price, held.work_quantity) == (euros(126 + Decimal("0.75") * made), made)
            booked = (await store.book(connection, caller, "bkg_1", "hld_1", work)).claim
            assert (booked.price, booked.unit_price) == (euros("156.00"), euros("0.75"))
            fewer = store.Change(work={**work, "quantity": 10})
            assert (await store.amend(connection, caller, "bkg_1", fewer)).claim.price == euros("133.50")
            shorter = store.Change(end=span.end - HOUR)
            assert (await store.amend(connection, caller, "bkg_1", shorter)).claim.price == euros("73.00")
