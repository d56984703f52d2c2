"""Over HTTP: what a service can do, who sees it, what each unit costs; and searches that ask for all of it at once."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from api_market import Market, at, booking, need, piece, wanted, work
from pydantic import ValidationError

from cloud.booking.wire import BookingRequest
from cloud.client import ApiError
from cloud.client.market import bundle_of
from cloud.market.model import Near, SearchRequest, Split
from cloud.registry.capability import Certificate, Envelope, Tolerance, Workpiece
from cloud.registry.model import ServiceRequest
from gateway.money import Money

HOUR = timedelta(hours=1)


def euros(amount: str) -> Money:
    return Money(amount=Decimal(amount), currency="EUR")


CAN: dict[str, Any] = {
    "process": "铣削",
    "materials": ("EN AW-6061", "C45"),
    "envelope": Envelope(x_mm=600, y_mm=500, z_mm=400, mass_kg=250),
    "tolerance": Tolerance(grade="IT7", mm=0.02),
    "certificates": (
        Certificate(name="ISO 9001", valid_until=at(40)),
        Certificate(name="EN 9100", valid_until=at(900)),
    ),
}
ASKED: dict[str, Any] = {
    "process": "milling",
    "materials": ("EN AW-6061",),
    "workpiece": Workpiece(x_mm=380, y_mm=590, z_mm=100, mass_kg=40),
    "tolerance": Tolerance(grade="IT8"),
    "certificates": ("iso 9001",),
    "near": Near(latitude=48.2, longitude=16.4, km=20),
    "min_confidence": 4,
    "max_price": euros("200"),
}


async def test_a_service_comes_back_as_it_was_offered(market: Market) -> None:
    (machine_id,) = await market.plant("maker", "m")
    await market.clients["maker"].add_partner(market.id("buyer"))
    terms = {"visibility": "partner", "partner_id": market.id("buyer"), "unit_price": euros("0.35"), **CAN}
    await market.service("maker", machine_id, **terms)
    (kept,) = await market.clients["maker"].services()
    told = kept.model_dump(include=set(terms))
    assert told == {
        **ServiceRequest(name="x", machine_ids=(machine_id,), price=euros("1"), **terms).model_dump(include=set(terms))
    }
    assert kept.process == "3.2.3"


async def test_the_table_of_processes_is_served_with_its_names(market: Market) -> None:
    table = {each.code: each for each in (await market.clients["buyer"].processes()).items}
    assert (table["3.2.3"].en, table["3.2.3"].zh, table["3.2.3"].parent) == ("milling", "铣削", "3.2")
    assert {code for code, each in table.items() if each.parent is None} == {"1", "2", "3", "4", "5", "6"}


@pytest.mark.parametrize(
    ("terms", "match"),
    [
        ({"process": "wishing"}, "GET /v1/processes"),
        ({"unit_price": Money(amount=Decimal(1), currency="USD")}, "unit_price must be in EUR"),
        ({"unit_price": euros("-1")}, "unit_price may not be negative"),
        ({"visibility": "partner"}, "partner_id"),
        ({"partner_id": "ent_1"}, "partner_id"),
        ({"tolerance": {}}, "how fine"),
        ({"tolerance": {"grade": "IT19"}}, "pattern"),
        ({"envelope": {"x_mm": 0, "y_mm": 1, "z_mm": 1}}, "greater than 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(terms: dict[str, Any], match: str) -> None:
    with pytest.raises(ValidationError, match=match):
        ServiceRequest(name="x", machine_ids=("mch_1",), price=euros("1"), **terms)


def test_a_split_must_be_possible() -> None:
    day: dict[str, Any] = {"start": at(0), "end": at(24), "duration": 2 * HOUR}
    with pytest.raises(ValidationError, match="longer than the duration"):
        SearchRequest(**day, split=Split(pieces=2, least=3 * HOUR))
    with pytest.raises(ValidationError, match="more pieces than units"):
        SearchRequest(**day, split=Split(pieces=3, least=HOUR), work_quantity=2)


async def test_only_a_partner_may_be_named_and_whoever_is_none_is_not_told(market: Market) -> None:
    (machine_id,) = await market.plant("maker", "m")
    for partner_id in (market.id("rival"), "ent_nobody"):
        with pytest.raises(ApiError, match=r"not_found.*no such partner of yours"):
            await market.service("maker", machine_id, visibility="partner", partner_id=partner_id)


async def test_all_constraints_together_and_why_it_does(market: Market) -> None:
    (machine_id,) = await market.plant("maker", "v", latitude=48.21, longitude=16.37)
    await market.states(machine_id, piece(4, 48))
    await market.service("maker", machine_id, **CAN)
    (found,) = (await market.clients["buyer"].search(need(0, 24, 2, **ASKED))).items
    assert (found.rank, found.compared, found.start) == (1, "cheapest", at(4))
    assert {"works EN AW-6061", "room for 600 x 500 x 400 mm", "as fine as IT7"} <= set(found.why)
    assert [each.price for each in found.pieces] == [euros("120.00")]


@pytest.mark.parametrize(
    ("other", "constraint", "remedy"),
    [
        ({"process": "turning"}, "process.other", "3.2.3 milling instead of 3.2.1 turning"),
        ({"materials": ("EN AW-7075",)}, "material.other", "EN AW-6061 instead of EN AW-7075"),
        ({"workpiece": Workpiece(x_mm=650, y_mm=1, z_mm=1)}, "workpiece.too_large", "600 mm instead of 650 mm"),
        ({"tolerance": Tolerance(grade="IT6")}, "tolerance.too_coarse", "IT7 instead of IT6"),
        ({"tolerance": Tolerance(mm=0.01)}, "tolerance.too_coarse", "0.02 mm instead of 0.01 mm"),
        ({"certificates": ("ISO 13485",)}, "certificate.missing", "without ISO 13485"),
        ({"near": Near(latitude=48.0, longitude=16.37, km=20)}, "place.too_far", "23.4 km instead of 20 km"),
        ({"max_price": euros("100")}, "price.too_high", "120.00 EUR instead of 100.00 EUR"),
        ({"min_confidence": 5}, "confidence.too_low", "4 instead of 5"),
    ],
    ids=["process", "material", "room", "grade", "mm", "certificate", "place", "price", "confidence"],
)
async def test_a_near_miss_by_one_constraint_says_how_to_ask_instead(
    market: Market, other: dict[str, Any], constraint: str, remedy: str
) -> None:
    (machine_id,) = await market.plant("maker", "v", latitude=48.21, longitude=16.37)
    await market.states(machine_id, piece(4, 48, confidence=4))
    await market.service("maker", machine_id, **CAN)
    answer = await market.clients["buyer"].search(need(0, 24, 2, **{**ASKED, **other}))
    assert answer.items == ()
    (miss,) = answer.near_misses
    assert (miss.constraint, miss.remedy) == (constraint, remedy)
    assert miss.would_do is not None
    assert miss.would_do.start == at(4)


async def test_a_certificate_that_ends_before_the_job_keeps_it_from_being_found_and_from_being_booked(
    market: Market,
) -> None:
    service_id, _ = await market.offer("maker", piece(30, 60), **CAN)
    buyer = market.clients["buyer"]
    answer = await buyer.search(need(36, 48, 5))
    (miss,) = answer.near_misses
    assert (answer.items, miss.constraint, miss.remedy) == ((), "certificate.expires", "1 h earlier")
    assert miss.would_do is not None
    with pytest.raises(ApiError, match=r"certificate\.expires"):
        await buyer.book(booking(service_id, 36, 41))
    assert (await buyer.book(booking(service_id, 35, 40))).start == miss.would_do.start


async def test_search_hold_and_booking_ask_the_same_for_each_unit(market: Market) -> None:
    service_id, _ = await market.offer("maker", piece(4, 48), unit_price=euros("0.125"), setup_fee=euros("9"))
    buyer = market.clients["buyer"]
    (found,) = (await buyer.search(need(0, 24, 2, work_quantity=30))).items
    assert (found.price, found.unit_price) == (euros("132.75"), euros("0.125"))
    assert found.why[2] == "60.00 EUR per hour and 0.125 EUR per unit and 9.00 EUR for set-up"
    held = await buyer.hold(wanted(service_id, 4, 6, work_quantity=30))
    assert (held.price, held.unit_price, held.work_quantity) == (found.price, found.unit_price, 30)
    assert await buyer.read_hold(held.id) == held
    booked = await buyer.book(BookingRequest(hold_id=held.id, work=work(30)))
    assert (booked.price, booked.unit_price) == (found.price, found.unit_price)
    direct = await buyer.book(booking(service_id, 10, 12))
    assert direct.price == euros("130.25"), "ten of them"
    assert (await buyer.booking(direct.id)).unit_price == euros("0.125")


async def test_a_job_in_pieces_is_booked_as_one_bundle_at_the_price_that_search_named(market: Market) -> None:
    await market.offer("maker", piece(2, 5), piece(10, 14), unit_price=euros("2"), setup_fee=euros("5"))
    buyer = market.clients["buyer"]
    whole = need(0, 24, 6, work_quantity=7)
    (miss,) = (await buyer.search(whole)).near_misses
    assert miss.detail == "4 h at a stretch is left, 6 h is asked for"
    (found,) = (await buyer.search(whole.model_copy(update={"split": Split(pieces=2, least=HOUR)}))).items
    assert [(each.start, each.end, each.work_quantity) for each in found.pieces] == [
        (at(2), at(5), 3),
        (at(10), at(13), 4),
    ]
    assert found.price == euros("384.00")
    made = await buyer.book_bundle(bundle_of(found, work(7)))
    assert [(leg.start, leg.end, leg.price) for leg in made.bookings] == [
        (each.start, each.end, each.price) for each in found.pieces
    ]
    assert made.bookings[0].machine_id == made.bookings[1].machine_id == found.machine_id


async def test_ranks_are_by_what_all_of_it_costs_and_the_others_say_how_much_more(market: Market) -> None:
    offers = {"a": ("50.00", "0", 4), "b": ("40.00", "30", 4), "c": ("55.00", "0", 2), "d": ("50.00", "0", 9)}
    machines = await market.plant("maker", *offers)
    for machine_id, (name, (amount, fee, start)) in zip(machines, offers.items(), strict=True):
        await market.states(machine_id, piece(start, 48))
        await market.service("maker", machine_id, name=name, amount=amount, setup_fee=euros(fee))
    items = (await market.clients["buyer"].search(need(0, 24, 2))).items
    assert [(item.rank, item.service_name, item.compared) for item in items] == [
        (1, "a", "cheapest"),
        (2, "d", "as cheap as the first, 5 h later"),
        (3, "c", "5.00 EUR/h more than the first, 2 h earlier"),
        (4, "b", "5.00 EUR/h more than the first"),
    ]
