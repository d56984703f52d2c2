"""Bookings for other programs: the table and the calendar show what the API shows, and to nobody else."""

import csv
import io
from datetime import timedelta

import httpx2
from api_market import Market, at, booking
from icalendar import Calendar


async def table(market: Market, who: str, **query: str) -> list[dict[str, str]]:
    answer = await market.clients[who]._http.get("/v1/exports/bookings.csv", params=query)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.text)))


async def subscribed(market: Market, who: str) -> str:
    answer = await market.clients[who]._http.post("/v1/feeds", headers={"Idempotency-Key": f"{who}-feed"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["path"])


async def test_the_table_says_what_the_api_says_each_side_its_own(market: Market) -> None:
    service_id, machine_id = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    later = await buyer.book(booking(service_id, 20, 21))
    await buyer.cancel(later.id)
    rows = await table(market, "buyer")
    assert [(row["id"], row["state"], row["role"]) for row in rows] == [
        (booked.id, "CONFIRMED", "booker"),
        (later.id, "CANCELLED", "booker"),
    ]
    first = rows[0]
    assert (first["start"], first["machine_id"], first["price"], first["booker"]) == (
        "2026-03-02T16:00:00Z",
        machine_id,
        "120.0000",
        "buyer",
    )
    assert [row["role"] for row in await table(market, "maker")] == ["provider", "provider"]
    assert await table(market, "rival") == []
    assert [row["id"] for row in await table(market, "buyer", start=at(19).isoformat())] == [later.id]


async def test_a_text_that_a_spreadsheet_would_run_is_text(market: Market) -> None:
    service_id, _ = await market.offer(name="=HYPERLINK(1)")
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    assert (await table(market, "maker"))[0]["service"] == "'=HYPERLINK(1)"


async def test_a_calendar_needs_no_key_but_its_address(market: Market, bare: httpx2.AsyncClient) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12))
    path = await subscribed(market, "buyer")
    answer = await bare.get(path)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/calendar; charset=utf-8")
    (event,) = Calendar.from_ical(answer.content).events
    assert (event["uid"], event["status"], event.start, event.end - event.start) == (
        f"{booked.id}@thirdshift",
        "CONFIRMED",
        at(10),
        timedelta(hours=2),
    )
    await buyer.cancel(booked.id)
    (after,) = Calendar.from_ical((await bare.get(path)).content).events
    assert (after["uid"], after["status"], after["sequence"] > event["sequence"]) == (event["uid"], "CANCELLED", True)


async def test_a_removed_or_guessed_address_shows_nothing(market: Market, bare: httpx2.AsyncClient) -> None:
    path = await subscribed(market, "buyer")
    http = market.clients["buyer"]._http
    (feed,) = (await http.get("/v1/feeds")).json()["items"]
    assert "path" not in feed
    assert (await market.clients["rival"]._http.delete(f"/v1/feeds/{feed['id']}")).status_code == 404
    assert (await http.delete(f"/v1/feeds/{feed['id']}")).status_code == 204
    for address in (path, "/v1/calendar/x.ics"):
        assert (await bare.get(address)).json()["code"] == "not_found"


async def test_a_feeds_address_is_shown_once(market: Market) -> None:
    await subscribed(market, "buyer")
    answer = await market.clients["buyer"]._http.post("/v1/feeds", headers={"Idempotency-Key": "buyer-feed"})
    assert answer.json()["code"] == "idempotency.shown_once"
