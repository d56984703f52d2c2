"""Rows of `outgoing` reach the edge's store in order and once, whatever is lost or restarted in between."""

from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from gateway.link import Position

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


async def test_rows_are_numbered_and_committed_before_they_are_first_sent(
    registry: Any, receiver: Any, pool_ingest: asyncpg.Pool
) -> None:
    await registry.queue(1, 2, 3)
    line = await registry.line(pool_ingest)
    receiver.talk(line, line.sender.connected(0.0))
    assert receiver.got == []
    assert await line.settle(NOW)
    assert await registry.owner.fetchval("SELECT count(*) FROM outgoing WHERE seq IS NULL") == 0
    receiver.talk(line, line.sender.wake(0.0))
    assert [message["n"] for message in receiver.got] == [1, 2, 3]


async def test_acknowledged_rows_are_marked_and_nothing_is_sent_twice(
    registry: Any, receiver: Any, pool_ingest: asyncpg.Pool
) -> None:
    await registry.queue(1, 2)
    line = await registry.line(pool_ingest)
    await line.settle(NOW)
    receiver.talk(line, line.sender.connected(0.0))
    assert await registry.unacknowledged() == 2
    assert line.bell.is_set()
    assert not await line.settle(NOW)
    assert await registry.unacknowledged() == 0
    again = await registry.line(pool_ingest)
    assert not await again.settle(NOW)
    receiver.talk(again, again.sender.connected(0.0))
    assert [message["n"] for message in receiver.got] == [1, 2]


async def test_a_dispatcher_that_died_after_sending_sends_again_and_the_edge_has_each_once(
    registry: Any, receiver: Any, pool_ingest: asyncpg.Pool
) -> None:
    await registry.queue(1, 2)
    first = await registry.line(pool_ingest)
    await first.settle(NOW)
    receiver.talk(first, first.sender.connected(0.0))
    await registry.queue(3)
    second = await registry.line(pool_ingest)
    await second.settle(NOW)
    receiver.talk(second, second.sender.connected(0.0))
    await second.settle(NOW)
    assert [message["n"] for message in receiver.got] == [1, 2, 3]
    assert await registry.unacknowledged() == 0
    assert await registry.owner.fetchval("SELECT count(DISTINCT epoch) FROM outgoing") == 2


async def test_the_agents_clock_is_written_down_once_it_has_moved(
    registry: Any, receiver: Any, pool_ingest: asyncpg.Pool
) -> None:
    line = await registry.line(pool_ingest)
    written = []
    for seconds in (-90.0, -90.4, -92.0):
        line.offset = timedelta(seconds=seconds)
        await line.settle(NOW)
        written.append(await registry.owner.fetchval("SELECT clock_offset_s FROM agent"))
    assert written == [-90.0, -90.0, -92.0]


async def test_a_lost_packet_is_sent_again(registry: Any, receiver: Any, pool_ingest: asyncpg.Pool) -> None:
    await registry.queue(1)
    line = await registry.line(pool_ingest)
    await line.settle(NOW)
    receiver.talk(line, line.sender.connected(0.0), lose=1)
    assert receiver.got == []
    receiver.talk(line, line.sender.tick(60.0))
    assert [message["n"] for message in receiver.got] == [1]


async def test_an_edge_that_lost_its_store_gets_the_orders_of_live_bookings_and_the_cancellations_of_others(
    registry: Any, receiver: Any, pool_ingest: asyncpg.Pool, booking: Any
) -> None:
    await booking("bkg_past", hours=-5, messages=["order"])
    await booking("bkg_live", hours=1, messages=["order"])
    await booking("bkg_off", hours=1, messages=["order", "cancel_order"], states="CANCELLED")
    await booking("bkg_stop", hours=0, messages=["order", "cancel_order"], states="DISPATCHED RUNNING")
    for state in ("DISPLACED", "DECLINED", "UNDELIVERABLE", "DISPATCHED COMPLETED"):
        await booking(f"bkg_{state[-5:]}", hours=0, messages=["order"], states=state)
    line = await registry.line(pool_ingest)
    await line.settle(NOW)
    receiver.talk(line, line.sender.connected(0.0))
    await line.settle(NOW)
    assert len(receiver.got) == 10
    receiver.position, receiver.got, receiver.boot = Position(), [], b"boot-after-the-loss"
    receiver.talk(line, line.sender.connected(1.0))
    assert await line.settle(NOW)
    receiver.talk(line, line.sender.wake(1.0))
    assert [(message["booking"], message["kind"]) for message in receiver.got] == [
        ("bkg_live", "order"),
        ("bkg_off", "cancel_order"),
        ("bkg_stop", "order"),
        ("bkg_stop", "cancel_order"),
    ]
    await line.settle(NOW)
    reopened = await registry.line(pool_ingest)
    receiver.talk(reopened, reopened.sender.connected(0.0))
    assert not await reopened.settle(NOW)
