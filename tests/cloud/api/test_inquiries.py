"""Inquiries and quotes: who asks, who sees it, and what becomes of a quote that is taken."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from api_agreements import refused
from api_market import Market, at, booking, piece, work

from cloud.booking.wire import Amendment
from cloud.cooperation.inquiry import Inquiry, InquiryRequest, Quote, QuoteRequest
from cloud.cooperation.store import end
from gateway.money import Money


def asking(*partners: str, **more: Any) -> InquiryRequest:
    """Two hours somewhere in the next two days; answers within a day."""
    given = {
        "partner_ids": partners,
        "start": at(1),
        "end": at(48),
        "duration": timedelta(hours=2),
        "work": work(),
        "expires_at": at(24),
    }
    return InquiryRequest.model_validate({**given, **more})


def offering(service_id: str, start: float = 2, stop: float = 4, **more: Any) -> QuoteRequest:
    """Those hours for 99.00."""
    given = {
        "service_id": service_id,
        "start": at(start),
        "end": at(stop),
        "price": Money(amount="99.00", currency="EUR"),
        "valid_until": at(12),
    }
    return QuoteRequest.model_validate({**given, **more})


async def quoted(market: Market, **terms: Any) -> tuple[Inquiry, Quote]:
    """The buyer asked, the maker quoted."""
    service_id, _ = await market.offer("maker", **terms)
    asked = await market.clients["buyer"].inquire(asking(market.id("maker")))
    return asked, await market.clients["maker"].quote(asked.id, offering(service_id))


async def test_a_named_partner_is_asked_and_quotes_and_the_asker_takes_it(market: Market) -> None:
    asked, quote = await quoted(market)
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    assert (asked.state, asked.role, [one.name for one in asked.asked]) == ("OPEN", "asker", ["maker"])
    seen = await maker.inquiry(asked.id)
    assert (seen.role, seen.asker_name, seen.duration, seen.asked) == ("provider", "buyer", timedelta(hours=2), ())
    assert (quote.state, quote.price.amount, quote.service_name) == ("OFFERED", 99, "milling")
    booked = await buyer.take_quote(quote.id)
    assert (booked.state, booked.price.amount, booked.quote_id) == ("CONFIRMED", 99, quote.id)
    assert (booked.start, booked.end, booked.work.work_master) == (at(2), at(4), "bracket")
    after = await buyer.inquiry(asked.id)
    assert (after.state, after.booking_id, after.quotes[0].state) == ("TAKEN", booked.id, "TAKEN")
    assert after.quotes[0].booking_id == booked.id


async def test_a_quote_confirms_at_once_what_its_service_would_only_have_requested(market: Market) -> None:
    _, quote = await quoted(market, instant=False, notice=timedelta(hours=20), min_duration=timedelta(hours=8))
    assert (await market.clients["buyer"].take_quote(quote.id)).state == "CONFIRMED"


async def test_where_the_plants_word_is_too_old_the_provider_is_asked_again(market: Market, pool_owner: Any) -> None:
    _, quote = await quoted(market)
    await pool_owner.execute("UPDATE statement SET valid_until = $1", at(-1))
    assert (await market.clients["buyer"].take_quote(quote.id)).state == "REQUESTED"


async def test_a_quote_reserves_nothing_and_taking_it_is_all_or_nothing(market: Market) -> None:
    asked, quote = await quoted(market)
    rival, buyer = market.clients["rival"], market.clients["buyer"]
    await rival.book(booking(quote.service_id, 3, 5))
    assert (await refused(buyer.take_quote(quote.id))).code == "capacity.insufficient"
    after = await buyer.inquiry(asked.id)
    assert (after.state, after.quotes[0].state, await buyer.bookings()) == ("OPEN", "OFFERED", [])


async def test_only_hours_that_are_free_now_are_quoted_and_only_of_ones_own_services(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    foreign, _ = await market.offer("rival")
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    asked = await buyer.inquire(asking(market.id("maker")))
    assert (await refused(maker.quote(asked.id, offering(service_id, 47, 50)))).code == "capacity.insufficient"
    assert (await refused(maker.quote(asked.id, offering(foreign)))).code == "service.unknown"
    odd = offering(service_id, machine_id="mch_none")
    assert (await refused(maker.quote(asked.id, odd))).code == "machine.unknown"
    late = offering(service_id, valid_until=at(-1))
    assert (await refused(maker.quote(asked.id, late))).code == "quote.too_late"


async def test_work_that_the_service_does_not_take_is_not_quoted(market: Market) -> None:
    service_id, _ = await market.offer("maker", work_masters=("other",))
    asked = await market.clients["buyer"].inquire(asking(market.id("maker")))
    error = await refused(market.clients["maker"].quote(asked.id, offering(service_id)))
    assert error.code == "work.not_offered"


async def test_all_are_asked_whose_services_the_asker_may_see(market: Market, pool_owner: Any) -> None:
    await market.offer("maker")
    await market.offer("rival", visibility="internal")
    await market.enterprise("fourth")
    asked = await market.clients["buyer"].inquire(asking(process="milling"))
    assert (asked.everyone, asked.asked) == (True, ())
    assert len(await market.clients["maker"].inquiries()) == 1
    assert await market.clients["rival"].inquiries() == []
    assert await market.clients["fourth"].inquiries() == []
    assert (await refused(market.clients["buyer"].inquire(asking(process="turning")))).code == "inquiry.nobody"
    assert (await refused(market.clients["buyer"].inquire(asking("ent_none")))).code == "not_found"


async def test_none_of_those_asked_sees_the_others_or_their_quotes(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    other_id, _ = await market.offer("rival")
    buyer, maker, rival = (market.clients[name] for name in ("buyer", "maker", "rival"))
    asked = await buyer.inquire(asking(market.id("maker"), market.id("rival")))
    await maker.quote(asked.id, offering(service_id))
    before = await rival.inquiry(asked.id)
    assert (before.quotes, before.asked) == ((), ())
    cheap = await rival.quote(asked.id, offering(other_id, price=Money(amount="50.00", currency="EUR")))
    assert [one.provider_name for one in (await maker.inquiry(asked.id)).quotes] == ["maker"]
    assert len((await buyer.inquiry(asked.id)).quotes) == 2
    booked = await buyer.take_quote(cheap.id)
    lost = await maker.inquiry(asked.id)
    assert (lost.state, lost.booking_id, lost.quotes[0].state) == ("TAKEN", None, "LOST")
    assert booked.id not in lost.model_dump_json()


async def test_each_side_does_its_own_part(market: Market) -> None:
    asked, quote = await quoted(market)
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    assert (await refused(maker.take_quote(quote.id))).code == "quote.asker_only"
    assert (await refused(buyer.withdraw_quote(quote.id))).code == "quote.provider_only"
    assert (await refused(maker.withdraw_inquiry(asked.id))).code == "inquiry.asker_only"
    assert (await refused(buyer.quote(asked.id, offering(quote.service_id)))).code == "inquiry.provider_only"


async def test_a_quote_that_was_taken_back_or_ran_out_is_not_taken(market: Market, pool_owner: Any) -> None:
    asked, quote = await quoted(market)
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    assert (await maker.withdraw_quote(quote.id)).state == "WITHDRAWN"
    assert (await refused(buyer.take_quote(quote.id))).facts["state"] == "WITHDRAWN"
    again = await maker.quote(asked.id, offering(quote.service_id))
    await pool_owner.execute("UPDATE inquiry_quote SET valid_until = $2 WHERE id = $1", again.id, at(-1))
    error = await refused(buyer.take_quote(again.id))
    assert (error.code, error.facts["state"]) == ("quote.state", "EXPIRED")


async def test_a_withdrawn_inquiry_loses_its_quotes_and_takes_no_more(market: Market) -> None:
    asked, quote = await quoted(market)
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    gone = await buyer.withdraw_inquiry(asked.id)
    assert (gone.state, gone.quotes[0].state) == ("WITHDRAWN", "LOST")
    assert (await refused(maker.quote(asked.id, offering(quote.service_id)))).code == "inquiry.state"
    assert (await refused(buyer.withdraw_inquiry(asked.id))).code == "inquiry.state"


async def test_time_ends_inquiries_and_quotes_and_all_are_told(market: Market, app: Any, pool_owner: Any) -> None:
    asked, _ = await quoted(market)
    assert await end(app.state.desk.pool, at(12)) == 1
    assert (await market.clients["buyer"].inquiry(asked.id)).quotes[0].state == "EXPIRED"
    assert await end(app.state.desk.pool, at(24)) == 1
    assert (await market.clients["maker"].inquiry(asked.id)).state == "EXPIRED"
    rows = await pool_owner.fetch("SELECT enterprise_id, type, data ->> 'state' AS state FROM event")
    told = {tuple(row) for row in rows}
    for party in (market.id("maker"), market.id("buyer")):
        assert (party, "quote.changed", "EXPIRED") in told
        assert (party, "inquiry.changed", "EXPIRED") in told


async def test_two_who_take_quotes_of_one_inquiry_at_once_get_one_booking(market: Market) -> None:
    service_id, _ = await market.offer("maker")
    other_id, _ = await market.offer("rival")
    buyer = market.clients["buyer"]
    asked = await buyer.inquire(asking(market.id("maker"), market.id("rival")))
    quotes = [
        await market.clients["maker"].quote(asked.id, offering(service_id)),
        await market.clients["rival"].quote(asked.id, offering(other_id)),
    ]
    told = await asyncio.gather(*(buyer.take_quote(quote.id) for quote in quotes * 3), return_exceptions=True)
    assert sum(not isinstance(one, Exception) for one in told) == 1
    assert len(await buyer.bookings()) == 1


async def test_taking_it_again_with_the_same_key_gives_the_same_booking(market: Market) -> None:
    _, quote = await quoted(market)
    one, two = [await market.clients["buyer"].take_quote(quote.id, key="once") for _ in range(2)]
    assert one.id == two.id


async def test_what_was_quoted_holds_pro_rata_when_the_booking_is_amended(market: Market) -> None:
    _, quote = await quoted(market)
    buyer = market.clients["buyer"]
    booked = await buyer.take_quote(quote.id)
    assert (await buyer.amend(booked.id, Amendment(end=at(3)))).price.amount == 49.5
    assert (await buyer.amend(booked.id, Amendment(end=at(6)))).price.amount == 198
    instant = at(2) + timedelta(milliseconds=10)
    assert (await buyer.amend(booked.id, Amendment(end=instant))).price.amount == 0
    assert (await buyer.amend(booked.id, Amendment(end=at(6)))).price.amount == 198, "of the quote"


async def test_others_see_nothing_and_learn_nothing(market: Market) -> None:
    asked, quote = await quoted(market)
    rival = market.clients["rival"]
    own, _ = await market.offer("rival", piece(0, 48))
    assert await rival.inquiries() == []
    for call, known, unknown in (
        (rival.inquiry, asked.id, "inq_none"),
        (rival.withdraw_inquiry, asked.id, "inq_none"),
        (rival.take_quote, quote.id, "quo_none"),
        (rival.withdraw_quote, quote.id, "quo_none"),
        (lambda name: rival.quote(name, offering(own)), asked.id, "inq_none"),
    ):
        foreign, nothing = await refused(call(known)), await refused(call(unknown))
        assert (foreign.status, foreign.code, foreign.facts["detail"]) == (404, nothing.code, nothing.facts["detail"])


async def test_row_level_security_stands_behind_it(market: Market, pool_api: Any) -> None:
    await quoted(market)
    for name, count in (("maker", 1), ("buyer", 1), ("rival", 0)):
        async with pool_api.acquire() as connection, connection.transaction():
            await connection.execute("SELECT set_config('ts.tenant', $1, true)", market.id(name))
            for table in ("inquiry", "inquiry_asked", "inquiry_quote"):
                query = f"SELECT count(*) FROM {table}"  # noqa: S608 - our own names
                assert await connection.fetchval(query) == count, (name, table)


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"duration": timedelta(hours=60)}, "does not fit"),
        ({"end": at(0)}, "end"),
        ({"end": at(24 * 400)}, "longer than 366 days"),
        ({"partner_ids": ("ent_a", "ent_a")}, "twice"),
    ],
)
def test_what_makes_no_sense_is_refused_at_the_border(wrong: dict[str, Any], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        asking(**wrong)
