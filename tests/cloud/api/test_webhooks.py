"""Webhooks from the booking to the receiver: a real server takes them, fails, hangs, and gets them again."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import orjson
import pytest
from api_market import Market, booking, wanted
from standardwebhooks import Webhook as Reference

from cloud.webhooks.model import SCHEDULE
from cloud.webhooks.sender import Sender
from cloud.webhooks.store import SENT_AT_ONCE
from gateway.clock import Clock


@dataclass
class Receiver:
    """A partner's own small server: takes what comes, and answers as it is told."""

    url: str = ""
    answers: list[int] = field(default_factory=list)
    gone: Awaitable[Any] | None = None
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        told = {name.lower(): value for name, _, value in (line.partition(": ") for line in head[1:] if line)}
        body = await reader.readexactly(int(told.get("content-length", "0")))
        told["path"] = head[0].split()[1]
        self.taken.append((told, body))
        if self.gone:
            await self.gone
        status = self.answers.pop(0) if self.answers else 204
        more = b"Location: http://127.0.0.1:1/\r\n" if status == 302 else b""
        writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\n".encode() + more + b"Connection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    async with await asyncio.start_server(made.serve, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hooks"
        yield made


@pytest.fixture
def sender(market: Market, clock: Clock) -> Any:
    """`await sender(after)`: one round of sending, so much later."""

    async def go(after: timedelta = timedelta()) -> int:
        late = Clock(clock.speed, clock.anchor, clock.origin + after)
        made = Sender(market.ingest, late, private=True, while_=60)
        try:
            return await made.round()
        finally:
            await made.stop()

    return go


async def hook(market: Market, who: str, url: str, *types: str) -> dict[str, Any]:
    answer = await market.clients[who]._http.post(
        "/v1/webhooks", json={"url": url, "types": types}, headers={"Idempotency-Key": f"{who}{url}{types}"}
    )
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def deliveries(market: Market, who: str, webhook_id: str) -> list[dict[str, Any]]:
    return list((await market.clients[who]._http.get(f"/v1/webhooks/{webhook_id}/deliveries")).json()["items"])


async def test_what_happens_after_it_was_made_arrives_signed_and_once(
    market: Market, receiver: Receiver, sender: Any
) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    await buyer.book(booking(service_id, 10, 11))
    made = await hook(market, "buyer", receiver.url, "booking.changed")
    booked = await buyer.book(booking(service_id, 12, 13))
    await buyer.hold(wanted(service_id, 14, 15))
    assert await sender() == 1
    assert await sender() == 0
    ((told, body),) = receiver.taken
    read = Reference(made["secret"]).verify(body.decode(), told)
    assert (read["type"], read["data"]["id"], read["data"]["state"]) == ("booking.changed", booked.id, "CONFIRMED")
    (sent,) = await deliveries(market, "buyer", made["id"])
    assert (sent["state"], sent["attempts"], sent["status"], sent["id"]) == ("DELIVERED", 1, 204, told["webhook-id"])


async def test_what_was_on_its_way_to_a_removed_webhook_is_over(
    market: Market, receiver: Receiver, sender: Any
) -> None:
    service_id, _ = await market.offer()
    made = await hook(market, "buyer", receiver.url, "booking.changed")
    receiver.answers = [500]
    receiver.gone = market.clients["buyer"]._http.delete(f"/v1/webhooks/{made['id']}")
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    assert await sender() == 1
    state = "SELECT state FROM delivery WHERE webhook_id = $1"
    assert await market.owner.fetchval(state, made["id"]) == "FAILED", "due, it would be in everybody's way for ever"


async def test_one_webhook_with_much_to_send_does_not_hold_up_the_others(
    market: Market, receiver: Receiver, sender: Any
) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    await hook(market, "buyer", f"{receiver.url}/much", "booking.changed")
    for hour in range(SENT_AT_ONCE + 2):
        await buyer.book(booking(service_id, 10 + hour, 11 + hour))
    await sender()
    receiver.taken.clear()
    await hook(market, "maker", f"{receiver.url}/little", "booking.changed")
    await market.owner.execute("UPDATE delivery SET state = 'DUE', next_at = created_at")
    await buyer.book(booking(service_id, 40, 41))
    assert await sender() == SENT_AT_ONCE
    assert "/hooks/little" in {told["path"] for told, _ in receiver.taken}


async def test_a_receiver_that_hangs_keeps_its_own_webhook_waiting_and_no_other(
    market: Market, receiver: Receiver, clock: Clock
) -> None:
    service_id, _ = await market.offer()
    silence = asyncio.Event()

    async def hang(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await silence.wait()
        writer.close()

    made = Sender(market.ingest, clock, private=True, while_=0.2)
    async with await asyncio.start_server(hang, "127.0.0.1", 0) as deaf:
        await hook(market, "buyer", f"http://127.0.0.1:{deaf.sockets[0].getsockname()[1]}/", "booking.changed")
        await hook(market, "maker", receiver.url, "booking.changed")
        for hour in (10, 12):
            await market.clients["buyer"].book(booking(service_id, hour, hour + 1))
            async with asyncio.timeout(30):
                while len(receiver.taken) < (hour - 8) // 2:
                    await made.round()
        waits = await market.owner.fetch("SELECT attempts FROM delivery WHERE state = 'DUE' ORDER BY created_at, id")
        assert [row["attempts"] for row in waits] == [1, 0], "one is on its way, the other waits for it"
        await made.stop()
        silence.set()


async def test_an_address_that_cannot_be_sent_to_fails_alone(market: Market, receiver: Receiver, sender: Any) -> None:
    service_id, _ = await market.offer()
    good = await hook(market, "maker", receiver.url, "booking.changed")
    bad = await hook(market, "buyer", "http://127.0.0.1/", "booking.changed")
    await market.owner.execute("UPDATE webhook SET url = E'http://127.0.0.1/\r\nX: y' WHERE id = $1", bad["id"])
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    assert await sender() == 2
    ((failed,), (sent,)) = [await deliveries(market, "buyer", bad["id"]), await deliveries(market, "maker", good["id"])]
    assert (failed["state"], failed["attempts"], sent["state"]) == ("DUE", 1, "DELIVERED")
    assert "Invalid" in failed["error"]


@pytest.mark.parametrize(
    "url", ["https://erp.example.com/\r\nX: y", "https://erp.example.com/a b", "https://erp.example.com:99999/"]
)
async def test_an_address_that_nothing_can_be_sent_to_is_refused(market: Market, url: str) -> None:
    answer = await market.clients["buyer"]._http.post(
        "/v1/webhooks", json={"url": url}, headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/url")


async def test_each_side_gets_its_own_and_nobody_anothers(market: Market, receiver: Receiver, sender: Any) -> None:
    service_id, _ = await market.offer()
    for who in ("buyer", "maker", "rival"):
        await hook(market, who, f"{receiver.url}/{who}", "booking.changed")
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    assert await sender() == 2
    bodies = [orjson.loads(body)["data"] for _, body in receiver.taken]
    assert {data["id"] for data in bodies} == {bodies[0]["id"]}


async def test_what_fails_is_sent_again_as_the_schedule_says_with_the_same_identity(
    market: Market, receiver: Receiver, sender: Any
) -> None:
    service_id, _ = await market.offer()
    made = await hook(market, "buyer", receiver.url, "booking.changed")
    receiver.answers = [500, 302, 204]
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    later = timedelta()
    for wait in (timedelta(), *SCHEDULE[:2]):
        later += wait + timedelta(seconds=1)
        assert await sender(later) == 1
        assert await sender(later) == 0
    assert len({told["webhook-id"] for told, _ in receiver.taken}) == 1
    (sent,) = await deliveries(market, "buyer", made["id"])
    assert (sent["state"], sent["attempts"], sent["error"]) == ("DELIVERED", 3, None)


async def test_after_three_days_it_is_given_up_and_can_be_replayed(
    market: Market, receiver: Receiver, sender: Any
) -> None:
    service_id, _ = await market.offer()
    made = await hook(market, "buyer", receiver.url, "booking.changed")
    receiver.answers = [503] * 10
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    later = timedelta()
    for wait in (timedelta(), *SCHEDULE):
        later += wait + timedelta(seconds=1)
        assert await sender(later) == 1
    assert await sender(later + timedelta(days=2)) == 0
    (sent,) = await deliveries(market, "buyer", made["id"])
    assert (sent["state"], sent["attempts"], sent["status"]) == ("FAILED", 10, 503)
    answer = await market.clients["rival"]._http.post(f"/v1/deliveries/{sent['id']}/replay")
    assert answer.status_code == 404
    answer = await market.clients["buyer"]._http.post(f"/v1/deliveries/{sent['id']}/replay")
    assert answer.status_code == 204
    assert await sender(later) == 1
    (sent,) = await deliveries(market, "buyer", made["id"])
    assert (sent["state"], sent["attempts"]) == ("DELIVERED", 1)


async def test_nobody_is_there_and_it_is_said(market: Market, sender: Any) -> None:
    service_id, _ = await market.offer()
    made = await hook(market, "buyer", "http://127.0.0.1:9/hooks", "booking.changed")
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    await sender()
    (sent,) = await deliveries(market, "buyer", made["id"])
    assert (sent["state"], sent["status"]) == ("DUE", None)
    assert sent["error"]


async def test_an_inner_address_is_refused_when_it_is_sent(market: Market, clock: Clock, receiver: Receiver) -> None:
    service_id, _ = await market.offer()
    made = await hook(market, "buyer", receiver.url, "booking.changed")
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    sender = Sender(market.ingest, clock, while_=60)
    await sender.round()
    await sender.stop()
    (sent,) = await deliveries(market, "buyer", made["id"])
    assert (sent["state"], receiver.taken) == ("DUE", [])
    assert "https" in sent["error"]


async def test_a_removed_webhook_gets_nothing_more(market: Market, receiver: Receiver, sender: Any) -> None:
    service_id, _ = await market.offer()
    made = await hook(market, "buyer", receiver.url)
    await market.clients["buyer"].book(booking(service_id, 10, 11))
    receiver.answers = [500]
    await sender()
    http = market.clients["buyer"]._http
    assert (await http.delete(f"/v1/webhooks/{made['id']}")).status_code == 204
    assert (await http.delete(f"/v1/webhooks/{made['id']}")).status_code == 404
    assert await sender(timedelta(minutes=1)) == 0
    assert (await http.get("/v1/webhooks")).json()["items"] == []


@pytest.mark.parametrize("url", ["ftp://x.example.com/", "https://", "https://u:p@x.example.com/", "x" * 9])
async def test_an_address_that_cannot_be_one_is_refused(market: Market, url: str) -> None:
    answer = await market.clients["buyer"]._http.post(
        "/v1/webhooks", json={"url": url}, headers={"Idempotency-Key": "k"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "request.invalid")
