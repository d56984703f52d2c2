"""Agreements between the maker and the buyer of the small market behind the API."""

from typing import Any

import pytest
from api_market import Market, at

from cloud.client import ApiError
from cloud.cooperation.model import Agreement, AgreementRequest
from gateway.money import Money


def terms(partner_id: str, *services: str, **more: Any) -> AgreementRequest:
    """Ten hours a week at 40.00 an hour, proposed by the provider."""
    given = {
        "name": "night shifts",
        "role": "provider",
        "partner_id": partner_id,
        "service_ids": services,
        "rate": Money(amount="40.00", currency="EUR"),
        "quota_hours": 10,
        "period": "week",
        "start": at(-6),
        "end": at(400),
    }
    return AgreementRequest.model_validate({**given, **more})


async def agree(market: Market, *services: str, **more: Any) -> Agreement:
    """What the maker proposed and the buyer accepted."""
    proposed = await market.clients["maker"].propose(terms(market.id("buyer"), *services, **more))
    return await market.clients["buyer"].accept_agreement(proposed.id)


async def refused(call: Any) -> ApiError:
    with pytest.raises(ApiError) as caught:
        await call
    return caught.value


async def used(market: Market, agreement: Agreement) -> float:
    current = (await market.clients["buyer"].agreement(agreement.id)).current
    assert current is not None
    return current.used_hours
