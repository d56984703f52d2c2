"""Orders that wait for a person: nothing is answered without them, nothing twice, and silence is a no in the end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest

from edge.approval import ASKED
from edge.orders.job import JobState
from edge.papers import Papers
from edge.plan import PlannedOrder
from gateway.clock import Clock
from gateway.messages import CancelOrder
from gateway.outbox import Caps

from .conftest import WORK, Shop

ASK = WORK.replace("policy: store_and_start", "policy: ask, then: store_and_start, within: 10 min")


@pytest.fixture
async def asking(make_plant: Callable[..., Any]) -> AsyncIterator[Shop]:
    """A shop whose M1 takes an order only when a person says so."""
    plant = make_plant("", "M1: {profile: opcua-machinery,", f"M1: {{{ASK}, profile: opcua-machinery,")
    await plant.see("M1", "NotExecuting")
    made = Shop(plant)
    yield made
    await made.close()


async def test_an_order_waits_for_a_person_and_runs_when_accepted(asking: Shop) -> None:
    await asking.arrive(asking.order())
    assert asking.answers() == []
    (waiting,) = asking.book.status()["asked"]
    assert (waiting["booking"], waiting["work_master"], waiting["quantity"]) == ("bkg_1", "turn", 3)
    assert asking.desk.held.jobs == {}
    decided = asking.book.decide("bkg_1", "accept")
    assert (decided.ok, decided.text) == (True, "bkg_1 is accepted")
    assert asking.answers() == [("accepted", "")]
    await asking.state_of("bkg_1-1", JobState.ALLOWED_TO_START)


async def test_a_refusal_keeps_its_reason_in_the_plant(asking: Shop) -> None:
    await asking.arrive(asking.order())
    assert asking.book.decide("bkg_1-1", "refuse", "the fixture is at the toolmaker's").ok
    assert asking.answers() == [("refused", "plant-declined")]
    assert asking.book.status()["lately"][-1]["why"] == "the fixture is at the toolmaker's"
    assert asking.desk.held.jobs == {}


async def test_an_answer_is_final_and_given_once(asking: Shop) -> None:
    await asking.arrive(asking.order())
    asking.book.decide("bkg_1", "accept")
    again, changed = asking.book.decide("bkg_1", "accept"), asking.book.decide("bkg_1", "refuse")
    assert (again.ok, changed.ok) == (True, False)
    assert "an answer is final" in changed.text
    assert asking.answers() == [("accepted", "")]


async def test_an_order_that_nobody_knows_is_named_with_those_that_wait(asking: Shop) -> None:
    await asking.arrive(asking.order())
    decided = asking.book.decide("bkg_9", "accept")
    assert (decided.ok, decided.text) == (False, "no order bkg_9 waits for an answer; waiting: bkg_1-1")


async def test_what_waits_is_there_after_a_restart_and_asked_once(asking: Shop) -> None:
    order = asking.order()
    await asking.arrive(order)
    until = asking.book.approvals.deadline
    await asking.restart()
    await asking.until(lambda: asking.book.approvals.pending)
    await asking.arrive(order)
    assert (asking.book.approvals.deadline, asking.answers()) == (until, [])
    assert asking.book.decide("bkg_1", "accept").ok


async def test_silence_is_a_refusal_at_the_deadline(asking: Shop) -> None:
    asking.plant.clock = asking.book.clock = Clock(1800.0, asking.plant.clock.anchor, asking.plant.clock.origin)
    await asking.arrive(asking.order(end=asking.plant.at(hours=2), not_after=asking.plant.at(hours=2)))
    await asking.until(lambda: asking.answers() == [("refused", "plant-did-not-answer")])
    assert asking.plant.outbox.documents(ASKED) == {}
    late = asking.book.decide("bkg_1", "accept")
    assert (late.ok, "was refused already" in late.text) == (False, True)


async def test_a_deadline_that_passed_while_the_agent_was_down_still_counts(asking: Shop) -> None:
    await asking.arrive(asking.order())
    await asking.close()
    later = asking.plant.clock
    asking.plant.clock = Clock(later.speed, later.anchor, later.origin + timedelta(minutes=11))
    asking.plant.restart()
    asking.open()
    await asking.until(lambda: asking.answers() == [("refused", "plant-did-not-answer")])


async def test_a_person_may_not_wait_longer_than_the_order_can(asking: Shop) -> None:
    order = asking.order(not_after=asking.plant.at(minutes=3))
    await asking.arrive(order)
    assert asking.book.approvals.deadline == order.not_after


async def test_an_acceptance_is_judged_once_more(asking: Shop) -> None:
    order = asking.order()
    await asking.arrive(order)
    asking.plant.agent.desks["M1"].papers = Papers([PlannedOrder("M1", order.span, "4711")], planned=True)
    decided = asking.book.decide("bkg_1", "accept")
    assert (decided.ok, "the plant needs" in decided.text) == (False, True)
    assert asking.answers() == [("conflict", "plant-needs-the-time")]


async def test_a_cancelled_order_does_not_wait_any_more(asking: Shop) -> None:
    await asking.arrive(asking.order())
    await asking.arrive(CancelOrder(booking="bkg_1", revision=1, machine="M1", reason="by the booker"))
    assert asking.answers() == [("cancelled", "")]
    assert (asking.book.approvals.pending, asking.plant.outbox.documents(ASKED)) == ({}, {})


async def test_a_higher_revision_waits_in_the_place_of_the_lower(asking: Shop) -> None:
    await asking.arrive(asking.order(), asking.order(revision=2, quantity=9))
    assert list(asking.book.approvals.pending) == ["bkg_1-2"]
    assert list(asking.plant.outbox.documents(ASKED)) == ["bkg_1-2"]


async def test_an_outbox_that_is_full_decides_nothing(asking: Shop) -> None:
    await asking.arrive(asking.order())
    asking.plant.outbox._caps = Caps(hard=1)
    decided = asking.book.decide("bkg_1", "accept")
    assert (decided.ok, decided.retryable, asking.answers()) == (False, True, [])
    asking.plant.outbox._caps = Caps()
    assert asking.book.decide("bkg_1", "accept").ok
    assert asking.answers() == [("accepted", "")]


async def test_two_who_answer_at_once_give_one_answer(asking: Shop) -> None:
    await asking.arrive(asking.order())

    async def say(answer: Any) -> bool:
        return bool(asking.book.decide("bkg_1", answer).ok)

    assert sorted(await asyncio.gather(say("accept"), say("refuse"))) == [False, True]
    assert len(asking.answers()) == 1


async def test_what_the_fence_refuses_asks_nobody(asking: Shop) -> None:
    await asking.arrive(asking.order(work_master="mill"))
    assert asking.answers() == [("refused", "work-master-not-allowed")]
