"""Whoever probes learns nothing: what a caller may not see changes no answer that he gets."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from api_market import Market, booking, piece

WINDOW = {"start": "2026-03-02T08:00:00Z", "end": "2026-03-04T06:00:00Z"}
TAKEN = {"start": "2026-03-02T16:00:00Z", "end": "2026-03-02T17:00:00Z"}
FREE = {"start": "2026-03-03T16:00:00Z", "end": "2026-03-03T17:00:00Z"}
WORK = {"work": {"work_master": "x", "quantity": 1}}
LACKING: list[dict[str, Any]] = [
    {"process": "3.2.1"},
    {"process": "3.2", "materials": ["7075"]},
    {"workpiece": {"x_mm": 650, "y_mm": 10, "z_mm": 10}},
    {"tolerance": {"grade": "IT6"}},
    {"certificates": ["EN 9100"]},
]
"""What the service lacks that he may see: he is told what would do instead."""
PASSING = {"request_id", "now", "as_of"}
"""What is different in any two answers."""


class Scene:
    """A machine of the maker's with an open service; from ten to eleven it is the buyer's. The rival probes."""

    def __init__(self, market: Market) -> None:
        self.market, self.numbers = market, iter(range(1000))

    async def arrange(self) -> "Scene":
        self.service_id, self.machine_id = await self.market.offer("maker", piece(0, 48))
        self.booked = await self.market.clients["buyer"].book(booking(self.service_id, 10, 11))
        return self

    async def answers(self) -> list[tuple[int, Any]]:
        """What the rival gets for searches that find, and that nearly find, and for what is refused to him."""
        wish = {"service_id": self.service_id}
        asked: list[tuple[str, dict[str, Any]]] = [
            ("/v1/search", {**WINDOW, "duration": "PT1H"}),
            ("/v1/search", {**WINDOW, "duration": "PT40H"}),
            ("/v1/search", {**TAKEN}),
            ("/v1/search/slots", {**WINDOW, "duration": "PT1H"}),
            ("/v1/search", {**WINDOW, "duration": "PT1H", "quantity": 2}),
            ("/v1/search", {**WINDOW, "duration": "PT1H", "max_price": {"amount": "1", "currency": "EUR"}}),
            *(("/v1/search", {**WINDOW, "duration": "PT1H", **lacking}) for lacking in LACKING),
            ("/v1/search", {**WINDOW, "duration": "PT40H", "split": {"pieces": 2, "least": "PT1H"}}),
            ("/v1/holds", {**wish, **TAKEN}),
            ("/v1/holds", {**wish, **FREE, "quantity": 2}),
            ("/v1/bookings", {**wish, **TAKEN, **WORK}),
            ("/v1/bundles", {"legs": [{**wish, **FREE, **WORK}, {**wish, **TAKEN, **WORK}]}),
            ("/v1/holds", {**wish, **FREE, "machine_id": "mch_none"}),
            (f"/v1/bookings/{self.booked.id}/cancel", {}),
        ]
        return [await self.answer(path, body) for path, body in asked]

    async def answer(self, path: str, body: dict[str, Any]) -> tuple[int, Any]:
        headers = {"Idempotency-Key": f"probe-{next(self.numbers)}"}
        answer = await self.market.clients["rival"]._http.post(path, json=body, headers=headers)
        return answer.status_code, {k: v for k, v in answer.json().items() if k not in PASSING}


async def an_internal_service(scene: Scene) -> None:
    await scene.market.service("maker", scene.machine_id, name="own", visibility="internal", amount="1.00")


async def a_partners_service(scene: Scene) -> None:
    await scene.market.clients["maker"].add_partner(scene.market.id("buyer"))
    await scene.market.service("maker", scene.machine_id, name="friends", visibility="partners", amount="2.00")


async def able_services_for_others(scene: Scene) -> None:
    """They could do all that his own search lacks."""
    maker, buyer = scene.market.clients["maker"], scene.market.id("buyer")
    await maker.add_partner(buyer)
    able: dict[str, Any] = {
        "process": "3.2.1",
        "materials": ("7075",),
        "envelope": {"x_mm": 700, "y_mm": 700, "z_mm": 700},
        "tolerance": {"grade": "IT5"},
        "certificates": ({"name": "EN 9100", "valid_until": "2030-01-01T00:00:00Z"},),
    }
    for number, seen in enumerate(({"visibility": "internal"}, {"visibility": "partner", "partner_id": buyer})):
        await scene.market.service("maker", scene.machine_id, name=f"able {number}", amount="1.00", **able, **seen)


async def an_orders_number(scene: Scene) -> None:
    await scene.market.states(scene.machine_id, piece(0, 48, detail="ORDER-77"))


async def another_booker(scene: Scene) -> None:
    await scene.market.clients["buyer"].cancel(scene.booked.id)
    await scene.market.clients["maker"].book(booking(scene.service_id, 10, 11))


async def a_booking_by_a_service_that_is_not_his(scene: Scene) -> None:
    await scene.market.clients["buyer"].cancel(scene.booked.id)
    own = await scene.market.service("maker", scene.machine_id, name="own", visibility="internal", amount="1.00")
    await scene.market.clients["maker"].book(booking(own, 10, 11))


async def hours_that_are_not_offered_where_they_were_taken(scene: Scene) -> None:
    """Nobody has them: the plant needs them itself."""
    await scene.market.clients["buyer"].cancel(scene.booked.id)
    await scene.market.states(scene.machine_id, piece(0, 10), piece(11, 48))


async def hours_of_which_a_part_is_taken_and_a_part_not_offered(scene: Scene) -> None:
    await scene.market.clients["buyer"].cancel(scene.booked.id)
    await scene.market.clients["buyer"].book(booking(scene.service_id, 10, 10.5))
    await scene.market.states(scene.machine_id, piece(0, 10.5), piece(11, 48))


async def hours_that_were_sold_and_taken_back(scene: Scene) -> None:
    """The buyer's booking is at risk; what is left is nothing, as before."""
    await scene.market.states(scene.machine_id, piece(0, 10), piece(11, 48))


async def pieces_that_meet(scene: Scene) -> None:
    await scene.market.states(scene.machine_id, piece(0, 9), piece(9, 10.5), piece(10.5, 48))


SECRETS: list[Callable[[Scene], Awaitable[None]]] = [
    *(an_internal_service, a_partners_service, able_services_for_others, an_orders_number, another_booker),
    *(a_booking_by_a_service_that_is_not_his, pieces_that_meet, hours_that_are_not_offered_where_they_were_taken),
    *(hours_of_which_a_part_is_taken_and_a_part_not_offered, hours_that_were_sold_and_taken_back),
]


@pytest.mark.parametrize("secret", SECRETS, ids=lambda secret: secret.__name__)
async def test_what_he_may_not_see_changes_no_answer(
    market: Market, secret: Callable[[Scene], Awaitable[None]]
) -> None:
    scene = await Scene(market).arrange()
    before = await scene.answers()
    assert {status for status, _ in before} == {200, 404, 409}
    await secret(scene)
    for asked, (was, now) in enumerate(zip(before, await scene.answers(), strict=True)):
        assert now == was, f"question {asked}"


async def test_control_what_he_may_see_does(market: Market) -> None:
    scene = await Scene(market).arrange()
    before = await scene.answers()
    await scene.market.service("maker", scene.machine_id, name="open too", amount="1.00")
    assert await scene.answers() != before


async def test_a_service_that_is_not_his_answers_like_one_that_is_not_there(market: Market) -> None:
    """Searched for, held, booked, as a leg, and waited for."""
    scene = await Scene(market).arrange()
    own = await market.service("maker", scene.machine_id, name="own", visibility="internal")
    for path, body in (
        ("/v1/search", WINDOW),
        ("/v1/holds", FREE),
        ("/v1/bookings", {**FREE, **WORK}),
        ("/v1/waiting", {**FREE, "duration": "PT1H"}),
        ("/v1/series", {**FREE, **WORK, "times": 2}),
    ):
        foreign, unknown = [await scene.answer(path, {**body, "service_id": name}) for name in (own, "svc_none")]
        assert str(foreign).replace(own, "svc_none") == str(unknown), path
    legs = [[{**FREE, **WORK, "service_id": name}] for name in (own, "svc_none")]
    foreign, unknown = [await scene.answer("/v1/bundles", {"legs": each}) for each in legs]
    assert str(foreign).replace(own, "svc_none") == str(unknown)
