"""A machine that flaps ten times a minute, out for longer than anybody waits: each booking moves once at most."""

from datetime import timedelta

from cloud.booking.audit import audit
from cloud.booking.heal import PATIENCE, RETRY, heal

CYCLE, OUT = 6, 5
"""Seconds: ten cycles a minute, and in each the machine is gone for longer than healing is patient."""


async def test_a_machine_that_flaps_ten_times_a_minute_moves_no_booking_twice(world, hours, piece):
    consent = {"consent": True, "max_price": None}
    booked = [(await world.book("svc_a", hours(at, at + 1), healing=consent)).claim.id for at in (2, 4, 6)]
    assert PATIENCE.total_seconds() < OUT
    for cycle in range(20):
        # Both that do the work flap, by turns: what fled from the one is chased by the other.
        gone, there = ("mch_a", "mch_b") if cycle % 2 == 0 else ("mch_b", "mch_a")
        await world.states(there, piece(0, 48))
        await world.states(gone)
        for second in range(CYCLE):
            if second == OUT:
                await world.states(gone, piece(0, 48))
            world.now += timedelta(seconds=1)
            await heal(world.ingest, world.now, world.now - timedelta(minutes=5), PATIENCE, RETRY)
    moved = await world.owner.fetch("SELECT id, heals FROM claim WHERE heals IS NOT NULL")
    assert sorted(row["heals"] for row in moved) == sorted(booked), "each was moved, and what took its place was not"
    orders = await world.orders()
    assert len([order for order in orders if order["kind"] == "order"]) == 2 * len(booked)
    live = await world.owner.fetchval("SELECT count(*) FROM claim WHERE live")
    assert live == len(booked)
    assert await audit(world.owner) == []
