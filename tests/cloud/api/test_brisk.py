"""The short way answers as the usual one does: word for word, but for what is each answer's own."""

from collections.abc import AsyncIterator

import orjson
import pytest
from api_market import Market, booking

ANY = "application/json; charset=utf-8"
"""JSON as few callers say it: it takes the usual way."""
OWN = ("id", "request_id", "created_at", "updated_at", "history")


async def both(market: Market, who: str, path: str, body: bytes, **headers: str) -> list[tuple[int, dict[str, object]]]:
    """Status and body of the same call by both ways; each with a key of its own."""
    found = []
    for number, kind in enumerate(("application/json", ANY)):
        given = {name.replace("_", "-"): value.format(number) for name, value in headers.items()}
        answer = await market.clients[who]._http.post(path, content=body, headers={"Content-Type": kind, **given})
        assert answer.headers["request-id"]
        found.append((answer.status_code, {name: it for name, it in answer.json().items() if name not in OWN}))
    return found


@pytest.mark.parametrize(
    ("who", "body", "headers", "status"),
    [
        ("buyer", {}, {"Idempotency_Key": "same"}, 201),
        ("buyer", {}, {}, 400),
        ("buyer", {}, {"Idempotency_Key": "k{}", "Authorization": "Bearer ts_live_unknown"}, 401),
        ("buyer", {"quantity": 0}, {"Idempotency_Key": "k{}"}, 422),
        ("buyer", {"surprise": 1}, {"Idempotency_Key": "k{}"}, 422),
        ("buyer", {"service_id": "svc_none"}, {"Idempotency_Key": "k{}"}, 404),
        ("buyer", {"quantity": 100}, {"Idempotency_Key": "k{}"}, 409),
    ],
    ids=["made", "no key", "unknown caller", "invalid", "too much", "unknown service", "refused"],
)
async def test_booking_by_the_short_way_says_what_it_says_by_the_usual_one(
    market: Market, who: str, body: dict[str, object], headers: dict[str, str], status: int
) -> None:
    service_id, _ = await market.offer()
    wanted = orjson.loads(booking(service_id, 10, 12).model_dump_json(exclude_unset=True)) | body
    brisk, usual = await both(market, who, "/v1/bookings", orjson.dumps(wanted), **headers)
    assert brisk == usual
    assert brisk[0] == status


@pytest.mark.parametrize("body", [b"{", b"[]", b"", b'{"start": 1}'], ids=["torn", "a list", "nothing", "a number"])
async def test_searching_by_the_short_way_says_what_is_wrong_as_the_usual_one_does(market: Market, body: bytes) -> None:
    brisk, usual = await both(market, "buyer", "/v1/search", body)
    assert brisk == usual
    assert brisk[0] in {400, 422}


async def test_a_search_by_the_short_way_finds_what_it_finds_by_the_usual_one(market: Market) -> None:
    await market.offer()
    body = b'{"start": "2026-03-02T10:00:00Z", "end": "2026-03-02T20:00:00Z", "duration": "PT2H"}'
    brisk, usual = await both(market, "buyer", "/v1/search", body)
    assert brisk == usual
    assert len(brisk[1]["items"]) == 1  # type: ignore[arg-type]


async def test_a_body_that_does_not_say_how_long_it_is_has_the_same_limit(market: Market) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(80):
            yield b" " * (1 << 14)

    http = market.clients["buyer"]._http
    answer = await http.post("/v1/search", content=endless(), headers={"Content-Type": "application/json"})
    assert (answer.status_code, answer.json()["code"]) == (413, "request.too_large")
