"""A booked job in the running agent: judged, answered, run, reported, and never the plant's own business."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from edge import control
from edge.archive import ACCEPTED, ANSWERED, PARKED
from edge.orders.job import JobState, Move
from edge.papers import Papers
from edge.plan import PlannedOrder
from edge.watch import Foretell
from gateway.capacity import CapacityType, Confidence
from gateway.link import Accept, Entry, Position
from gateway.machine import PLANT
from gateway.messages import CancelOrder, JobReport, Stream, encode

from .conftest import Shop

Make = Callable[..., Any]


async def test_a_good_order_is_accepted_run_and_reported(shop: Shop) -> None:
    await shop.arrive(shop.order())
    assert shop.answers() == [("accepted", "")]
    await shop.state_of("bkg_1-1", JobState.ALLOWED_TO_START)
    await shop.desk.move("bkg_1-1", Move.RUN)
    await shop.plant.see("M1", "Executing")
    await shop.until(lambda: "started" in shop.events())
    shop.desk.held.jobs["bkg_1-1"].good = 3
    await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: "ended" in shop.events())
    await shop.plant.see("M1", "NotExecuting")
    assert shop.events() == ["stored", "started", "ended"]
    origins = [(told.state, told.origin) for told in shop.plant.sent()]
    assert ("Executing", "bkg_1") in origins
    assert origins[-1] == ("NotExecuting", PLANT)


async def statements_of_a_booking_that_runs(shop: Shop) -> int:
    before = len(shop.plant.statements())
    await shop.arrive(shop.order())
    await shop.state_of("bkg_1-1", JobState.ALLOWED_TO_START)
    await shop.desk.move("bkg_1-1", Move.RUN)
    await shop.plant.see("M1", "Executing")
    shop.plant.agent.step(shop.plant.at(seconds=9))
    await shop.until(lambda: "started" in shop.events())
    shop.plant.agent.step(shop.plant.at(seconds=12))
    await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: "ended" in shop.events())
    shop.plant.agent.step(shop.plant.clock.now())
    await shop.plant.see("M1", "NotExecuting")
    return len(shop.plant.statements()) - before


async def test_a_booking_that_runs_changes_no_statement(shop: Shop) -> None:
    assert await statements_of_a_booking_that_runs(shop) == 0


@pytest.mark.parametrize("least", [Confidence.VERY_LOW, Confidence.FIRM], ids=["offered", "too unsure to offer"])
async def test_nor_does_it_where_a_forecast_weighs_the_hours(shop: Shop, least: Confidence) -> None:
    desk = shop.plant.agent.desks["M1"]
    desk.case, desk.dirty = replace(desk.case, foretell=Foretell.BEYOND_PLAN, least=least), True
    shop.plant.agent.step(shop.plant.at(seconds=6))
    assert {piece.confidence for piece in desk.said.ledger if piece.type == "Available"} <= set(Confidence) - {5}
    assert await statements_of_a_booking_that_runs(shop) == 0


async def test_the_meter_counts_the_time_in_executing(shop: Shop) -> None:
    await shop.arrive(shop.order())
    await shop.state_of("bkg_1-1", JobState.ALLOWED_TO_START)
    await shop.desk.move("bkg_1-1", Move.RUN)
    await shop.plant.see("M1", "Executing")
    await asyncio.sleep(0.2)
    await shop.plant.see("M1", "NotExecuting")
    await asyncio.sleep(0.1)
    await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: "ended" in shop.events())
    meter = next(
        told for told in shop.plant.sent(Stream.CONTROL) if isinstance(told, JobReport) and told.event == "ended"
    )
    assert meter.started
    assert meter.ended
    assert meter.ended - meter.started > meter.executing + timedelta(seconds=0.09)
    assert timedelta(seconds=0.19) < meter.executing < timedelta(seconds=0.6)


@pytest.mark.parametrize(
    ("changes", "answer", "reason"),
    [
        ({"machine": "M9"}, "refused", "machine-unknown"),
        ({"machine": "M2"}, "refused", "orders-off"),
        ({"work_master": "mill"}, "refused", "work-master-not-allowed"),
        ({"parameters": {"rpm": 5000}}, "refused", "parameter-out-of-bounds"),
        ({"parameters": {"feed": 1}}, "refused", "parameter-not-allowed"),
    ],
)
async def test_what_the_fence_does_not_let_in_is_refused(
    shop: Shop, changes: dict[str, Any], answer: str, reason: str
) -> None:
    await shop.arrive(shop.order(**changes))
    ((said, why),) = shop.answers()
    assert (said, why) == (answer, reason)
    assert shop.desk.held.jobs == {}


async def test_an_order_past_its_last_moment_is_refused(shop: Shop) -> None:
    now = shop.plant.clock.now()
    await shop.arrive(shop.order(start=now - timedelta(hours=1), not_after=now - timedelta(seconds=1)))
    assert shop.answers() == [("refused", "too-late")]


async def test_a_plan_that_came_in_later_is_a_conflict_that_tells_no_secret(shop: Shop) -> None:
    desk = shop.plant.agent.desks["M1"]
    order = shop.order()
    desk.papers = Papers([PlannedOrder("M1", order.span, "secret-4711")], planned=True)
    desk.case = replace(desk.case, lead=timedelta(days=1))
    await shop.arrive(order)
    assert shop.answers() == [("conflict", "plant-needs-the-time")]


async def test_a_paused_machine_takes_no_order(shop: Shop) -> None:
    control.pause(shop.plant.config.data, "M1")
    shop.plant.agent.step(shop.plant.at(seconds=4))
    await shop.arrive(shop.order())
    assert shop.answers()[0][0] == "conflict"


async def test_two_orders_for_one_hour_do_not_both_get_in(shop: Shop) -> None:
    await shop.arrive(shop.order("bkg_1"), shop.order("bkg_2"))
    assert [answer for answer, _ in shop.answers()] == ["accepted", "refused"]


async def test_an_order_that_comes_twice_is_answered_twice_and_run_once(shop: Shop) -> None:
    order = shop.order()
    await shop.arrive(order)
    await shop.arrive(order)
    assert shop.answers() == [("accepted", "")] * 2
    assert len(shop.plant.outbox.documents(ACCEPTED)) == 1


async def test_a_cancelled_job_that_waits_is_taken_back(shop: Shop) -> None:
    await shop.arrive(shop.order(start=shop.plant.at(minutes=5)))
    await shop.state_of("bkg_1-1", JobState.NOT_ALLOWED_TO_START)
    await shop.arrive(CancelOrder(booking="bkg_1", revision=1, machine="M1", reason="by the booker"))
    assert [answer for answer, _ in shop.answers()] == ["accepted", "cancelled"]
    await shop.until(lambda: shop.events()[-1:] == ["aborted"])
    assert shop.desk.held.jobs == {}


async def test_what_has_ended_stays_as_it_was(shop: Shop) -> None:
    await test_a_good_order_is_accepted_run_and_reported(shop)
    await shop.until(lambda: not shop.book.floor.runs)
    await shop.arrive(CancelOrder(booking="bkg_1", revision=1, machine="M1", reason="too late"))
    assert shop.answers()[-1] == ("refused", "already-over")


async def test_a_higher_revision_takes_the_place_of_the_lower(shop: Shop) -> None:
    later = shop.plant.at(minutes=5)
    await shop.arrive(shop.order(start=later))
    await shop.state_of("bkg_1-1", JobState.NOT_ALLOWED_TO_START)
    await shop.arrive(shop.order(start=later, revision=2, quantity=9))
    await shop.until(lambda: list(shop.desk.held.jobs) == ["bkg_1-2"])
    assert shop.answers() == [("accepted", "")] * 2


async def test_a_restart_takes_the_job_up_where_the_machine_is(shop: Shop) -> None:
    await shop.arrive(shop.order())
    await shop.state_of("bkg_1-1", JobState.ALLOWED_TO_START)
    await shop.until(lambda: shop.events() == ["stored"])
    shop.plant.agent._alive = 0.0
    shop.plant.agent.step(shop.plant.clock.now())
    await shop.restart()
    assert shop.plant.agent.desks["M1"].history
    await shop.desk.move("bkg_1-1", Move.RUN)
    await shop.until(lambda: "started" in shop.events())
    await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: "ended" in shop.events())
    assert shop.events() == ["stored", "started", "ended"]


async def test_an_order_that_was_stored_but_not_judged_is_judged_after_a_restart(shop: Shop) -> None:
    await shop.close()
    with shop.plant.outbox.transaction() as tx:
        shop.book.store(tx, Accept(Stream.CONTROL, 1, (Entry(1, 1, encode(shop.order())),), Position()))
    await shop.restart()
    await shop.plant.see("M1", "NotExecuting")
    await shop.until(shop.answers)
    assert shop.answers()[0][0] == "accepted"


async def test_a_payload_that_nobody_understands_is_parked_and_the_rest_goes_on(shop: Shop) -> None:
    await shop.arrive(b'{"kind": "dance"}', shop.order())
    assert [answer for answer, _ in shop.answers()] == ["accepted"]
    (parked,) = shop.book.status()["parked"]
    assert "dance" in parked["why"]
    assert "1 of the registry's messages could not be judged" in shop.plant.agent.trouble.now["orders"]


async def test_old_orders_answers_and_what_was_parked_are_forgotten(shop: Shop) -> None:
    await test_a_good_order_is_accepted_run_and_reported(shop)
    await shop.arrive(shop.order("bkg_2", work_master="mill"), b'{"kind": "dance"}')
    assert all(shop.plant.outbox.documents(kind) for kind in (ANSWERED, PARKED))
    await shop.until(lambda: not shop.book.floor.runs)
    later = shop.plant.clock.__class__(1.0, shop.plant.clock.anchor, shop.plant.at(days=8))
    shop.plant.clock = shop.book.clock = shop.book.parking.clock = later
    shop.book.parking.tidy()
    assert shop.book.records() == []
    assert [shop.plant.outbox.documents(kind) for kind in (ANSWERED, PARKED)] == [{}, {}]
    assert (shop.book.status()["parked"], "orders" in shop.plant.agent.trouble) == ([], False)


async def test_the_offer_is_gross_the_registry_subtracts_bookings(shop: Shop) -> None:
    await shop.arrive(shop.order(start=shop.plant.at(minutes=30), end=shop.plant.at(minutes=90)))
    shop.plant.agent.step(shop.plant.at(minutes=2))
    assert shop.plant.statements()[-1].spans[0].type is CapacityType.AVAILABLE
