"""What partners do together: agree, ask and quote, ally; each deed once as it should be, and once by the wrong side."""

from typing import Any

from api_market import Market, at, work

from cloud.client import ApiError, Client
from cloud.cooperation.alliance import AllianceRequest, Seat
from cloud.cooperation.inquiry import InquiryRequest, QuoteRequest
from cloud.cooperation.model import AgreementRequest
from gateway.money import Money

SPAN = {"start": "2026-03-03T08:00:00Z", "end": "2026-03-03T09:00:00Z"}
PRICE = {"amount": "1", "currency": "EUR"}


def partner_bodies(things: dict[str, str]) -> dict[str, dict[str, Any]]:
    """A good body for each route that wants one."""
    partner, service = things.get("enterprise_id", "ent_none"), things["service_id"]
    seats = [{"id": partner, "share": 0.5}, {"id": things.get("other_id", "ent_other"), "share": 0.5}]
    terms = {"role": "provider", "quota_hours": 1, "period": "week", "rate": PRICE}
    return {
        "/v1/agreements": {**SPAN, **terms, "name": "x", "partner_id": partner, "service_ids": [service]},
        "/v1/inquiries": {**SPAN, "work": {"work_master": "x", "quantity": 1}, "expires_at": SPAN["end"]},
        "/v1/inquiries/{inquiry_id}/quotes": {
            **SPAN,
            "service_id": service,
            "price": PRICE,
            "valid_until": SPAN["end"],
        },
        "/v1/alliances": {"name": "x", "members": seats},
    }


async def partners_act(market: Market, service_id: str) -> dict[str, str]:
    """Ids of an agreement, an inquiry, a quote and an alliance that are left as they are proposed."""
    maker, buyer = market.clients["maker"], market.clients["buyer"]
    agreements = [await maker.propose(_terms(market, service_id)) for _ in range(4)]
    await buyer.accept_agreement(agreements[0].id)
    await buyer.decline_agreement(agreements[1].id)
    await maker.end_agreement(agreements[2].id)
    for wrong in (maker.accept_agreement, maker.decline_agreement, buyer.end_agreement):
        await _in_vain(wrong(agreements[3].id))

    asked = [await buyer.inquire(_ask(market)) for _ in range(3)]
    quotes = [await maker.quote(one.id, _offer(service_id)) for one in asked for _ in range(2)]
    await buyer.take_quote(quotes[0].id)
    await maker.withdraw_quote(quotes[2].id)
    await buyer.withdraw_inquiry(asked[1].id)
    last = quotes[4].id
    for call in (maker.take_quote(last), buyer.withdraw_quote(last), maker.withdraw_inquiry(asked[2].id)):
        await _in_vain(call)
    await _in_vain(buyer.quote(asked[2].id, _offer(service_id)))
    await _in_vain(buyer.inquire(InquiryRequest(**{**_ask(market).model_dump(), "partner_ids": ("ent_none",)})))

    alliances = [await maker.found_alliance(_plan(market)) for _ in range(3)]
    await buyer.join_alliance(alliances[0].id)
    await buyer.decline_alliance(alliances[1].id)
    await _in_vain(maker.pool_service(alliances[1].id, service_id))
    await _in_vain(maker.unpool_service(alliances[1].id, service_id))
    await maker.pool_service(alliances[2].id, service_id)
    await maker.unpool_service(alliances[2].id, service_id)
    await buyer.leave_alliance((await _joined(market, buyer)).id)
    await _in_vain(maker.found_alliance(_plan(market, "ent_none")))
    return {
        "agreement_id": agreements[3].id,
        "inquiry_id": asked[2].id,
        "quote_id": last,
        "alliance_id": alliances[2].id,
    }


async def _joined(market: Market, client: Client) -> Any:
    return await client.join_alliance((await market.clients["maker"].found_alliance(_plan(market))).id)


async def _in_vain(call: Any) -> None:
    try:
        await call
    except ApiError:
        return
    msg = "it was allowed"
    raise AssertionError(msg)


def _terms(market: Market, service_id: str) -> AgreementRequest:
    rate = Money(amount="1", currency="EUR")
    what = {"name": "x", "role": "provider", "partner_id": market.id("buyer"), "service_ids": (service_id,)}
    return AgreementRequest(**what, rate=rate, quota_hours=1, period="week", start=at(-9), end=at(400))


def _ask(market: Market) -> InquiryRequest:
    return InquiryRequest(partner_ids=(market.id("maker"),), start=at(1), end=at(48), work=work(), expires_at=at(40))


def _offer(service_id: str) -> QuoteRequest:
    price = Money(amount="1", currency="EUR")
    return QuoteRequest(service_id=service_id, start=at(44), end=at(45), price=price, valid_until=at(40))


def _plan(market: Market, other: str | None = None) -> AllianceRequest:
    ids = (market.id("maker"), other or market.id("buyer"))
    return AllianceRequest(name="x", members=tuple(Seat(id=each, share=0.5) for each in ids))
