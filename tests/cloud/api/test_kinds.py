"""One engine, five kinds: machine hours, vehicle slots, pallet places, credit, expert hours are sold alike."""

from datetime import timedelta

import pytest
from api_market import Market, at, booking, need, piece, wanted

from cloud.client import ApiError
from gateway.capacity import CapacityKind

HOUR = timedelta(hours=1)
UNITS = {
    CapacityKind.PROCESSING: 5,
    CapacityKind.TRANSPORT: 3,
    CapacityKind.STORAGE: 1200,
    CapacityKind.FINANCE: 500_000,
    CapacityKind.ENGINEERING: 8,
}
"""Machines, vehicles, pallet places, euros of credit, experts."""


@pytest.mark.parametrize("kind", CapacityKind)
async def test_a_kind_is_found_and_sold_up_to_its_peak_at_any_instant_on_its_terms(
    market: Market, kind: CapacityKind
) -> None:
    (machine_id,) = await market.plant("maker", f"x:{UNITS[kind]}")
    await market.states(machine_id, piece(0, 300, UNITS[kind]))
    terms = {"notice": 2 * HOUR, "min_duration": HOUR, "max_duration": 200 * HOUR, "free_cancellation": 24 * HOUR}
    service_id = await market.service(
        "maker", machine_id, kind=kind, process=None, amount="0.50", cancellation_share=0.5, **terms
    )
    buyer, units = market.clients["buyer"], UNITS[kind]
    half = units // 2 + 1
    (found,) = (await buyer.search(need(10, 40, 20, kind=kind, quantity=half))).items
    assert (found.service_id, str(found.price.amount)) == (service_id, str(half * 10) + ".00")
    for other in set(CapacityKind) - {kind}:
        assert (await buyer.search(need(10, 40, 20, kind=other))).items == ()

    first = await buyer.book(booking(service_id, 10, 20, quantity=half))
    await buyer.book(booking(service_id, 20, 30, quantity=half))
    await buyer.book(booking(service_id, 15, 25, quantity=units - half))  # beside each of them: never more than all
    with pytest.raises(ApiError, match=r"capacity\.insufficient"):
        await buyer.book(booking(service_id, 12, 16, quantity=1))
    assert (await buyer.search(need(12, 16, 4, kind=kind))).items == ()

    for start, end, code in ((1, 3, "notice"), (40, 40.5, "duration"), (40, 250, "duration")):
        with pytest.raises(ApiError, match=code):
            await buyer.hold(wanted(service_id, start, end))
    called_off = await buyer.cancel(first.id)
    assert called_off.cancellation is not None
    assert called_off.cancellation.charged is not None
    assert called_off.cancellation.charged.amount == first.price.amount / 2, "later than a day before"
    late = await buyer.book(booking(service_id, 48, 60))
    free = (await buyer.cancel(late.id)).cancellation
    assert free is not None
    assert free.free_until == at(24)
    assert free.charged is None or not free.charged.amount
