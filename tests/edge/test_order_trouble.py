"""Booked jobs where something went wrong: a lost disk, a changed policy, an outbox in trouble, a record in rags."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from edge.archive import ACCEPTED, ARRIVED, PARKED, WITHDRAWN
from edge.orders.job import WAITING, JobState, Move
from gateway.messages import CancelOrder, encode
from gateway.outbox import Outbox, OutboxUnavailable

from .conftest import Shop

OFF = CancelOrder(booking="bkg_1", revision=2, machine="M1", reason="by the booker")
TAKES = "policy: store_and_start"


async def waiting(shop: Shop, minutes: float = 5) -> None:
    """An order is accepted, and its job waits on the machine for its start."""
    await shop.arrive(shop.order(start=shop.plant.at(minutes=minutes)))
    await shop.state_of("bkg_1-1", JobState.NOT_ALLOWED_TO_START)
    await shop.until(lambda: shop.events() == ["stored"])


async def running(shop: Shop) -> None:
    await shop.arrive(shop.order())
    await shop.state_of("bkg_1-1", JobState.ALLOWED_TO_START)
    await shop.desk.move("bkg_1-1", Move.RUN)
    await shop.until(lambda: "started" in shop.events())


async def no_more_jobs(shop: Shop) -> None:
    await shop.until(lambda: not shop.desk.held.jobs)


# What partners are told, and what the plant sees


@pytest.mark.parametrize(
    ("changes", "secret"),
    [({"work_master": "mill"}, "allowed: turn"), ({"parameters": {"rpm": 5000}}, "100 to 900")],
    ids=["work masters", "bounds"],
)
async def test_what_the_plant_allows_is_in_its_own_status_and_not_in_the_answer(
    shop: Shop, changes: dict[str, Any], secret: str
) -> None:
    await shop.arrive(shop.order(**changes))
    ((_, told),) = shop.answers()
    assert not any(word in told for word in secret.split())
    (shown,) = shop.book.status()["lately"]
    assert secret in shown["why"]


async def test_a_machines_own_words_stay_in(shop: Shop) -> None:
    shop.desk.on_store = lambda _: False
    await shop.arrive(shop.order())
    await shop.until(lambda: shop.events() == ["aborted"])
    assert [reason for _, reason in shop.reasons()] == ["machine-refused"]
    (shown,) = shop.book.status()["lately"]
    assert "unable to accept job orders" in shown["why"]


# A lost disk


async def test_a_job_that_the_machine_still_holds_runs_once_after_a_lost_disk(shop: Shop) -> None:
    order = shop.order()
    await shop.arrive(order)
    await shop.state_of("bkg_1-1", JobState.ALLOWED_TO_START)
    await shop.lose_disk()
    await shop.plant.see("M1", "NotExecuting")
    await shop.arrive(order)
    await shop.until(lambda: shop.events() == ["stored"])
    assert list(shop.desk.held.jobs) == ["bkg_1-1"]


@pytest.mark.parametrize("move", [None, Move.FINISH], ids=["runs", "has ended"])
async def test_a_job_that_runs_or_ran_is_owned_up_to_after_a_lost_disk_though_it_is_late(
    shop: Shop, move: Move | None
) -> None:
    """Judged like a new order it would be refused: too late, and the machine is busy."""
    await running(shop)
    late = shop.order(not_after=shop.plant.clock.now())
    if move:
        await shop.desk.move("bkg_1-1", move)
    await shop.lose_disk()
    await shop.plant.see("M1", "Executing")
    await shop.arrive(late)
    assert shop.answers() == [("accepted", "")]
    await shop.until(lambda: shop.events()[1:2] == ["started"])
    if move is None:
        await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: shop.events() == ["stored", "started", "ended"])
    assert list(shop.desk.held.jobs) == ["bkg_1-1"]


async def test_the_end_of_a_job_is_on_the_machine_until_the_registry_has_it(shop: Shop) -> None:
    """So that an agent which loses its disk before that finds the job ended, and does not have it run again."""
    order = shop.order()
    await running(shop)
    await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: "ended" in shop.events())
    await shop.lose_disk()
    await shop.plant.see("M1", "NotExecuting")
    await shop.arrive(order)
    await shop.until(lambda: shop.events() == ["stored", "started", "ended"])
    assert shop.desk.held.jobs["bkg_1-1"].state is JobState.ENDED
    shop.plant.acknowledge()
    await no_more_jobs(shop)
    await shop.until(lambda: all(record.cleared for record in shop.book.records()))


async def test_a_restart_still_clears_the_machine(shop: Shop) -> None:
    await running(shop)
    await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: "ended" in shop.events())
    await shop.restart()
    await asyncio.sleep(0.1)
    assert list(shop.desk.held.jobs) == ["bkg_1-1"]
    shop.plant.acknowledge()
    await no_more_jobs(shop)
    assert shop.plant.agent.desks["M1"].jobs == {}


async def test_a_refused_order_whose_job_waits_on_the_machine_is_taken_back(shop: Shop) -> None:
    await waiting(shop)
    late = shop.order(not_after=shop.plant.at(seconds=-1))
    await shop.lose_disk()
    await shop.plant.see("M1", "NotExecuting")
    await shop.arrive(late)
    assert shop.answers() == [("refused", "too-late")]
    await no_more_jobs(shop)


@pytest.mark.parametrize("start", [waiting, running], ids=["waits", "runs"])
async def test_a_cancelled_job_that_nobody_remembers_is_taken_back_from_the_machine(shop: Shop, start: Any) -> None:
    await start(shop)
    await shop.lose_disk()
    shop.port.reachable = False
    await shop.arrive(OFF)
    assert shop.answers() == [("cancelled", "")]
    await shop.restart()
    shop.port.reachable = True
    await shop.until(lambda: not shop.plant.outbox.documents(WITHDRAWN))
    assert not any(job.state in {JobState.RUNNING, *WAITING} for job in shop.desk.held.jobs.values())


# A cancellation, or another policy, between two starts


async def test_a_cancellation_reaches_a_job_whose_machine_is_out_of_the_config_for_a_while(shop: Shop) -> None:
    await waiting(shop)
    await shop.restart(listed=False)
    await shop.arrive(OFF)
    assert [answer for answer, _ in shop.answers()] == ["accepted", "cancelled"]
    await shop.restart()
    await no_more_jobs(shop)
    await shop.until(lambda: shop.reasons()[-1:] == [("aborted", "cancelled")])


async def test_a_cancellation_is_noted_even_where_no_run_is(shop: Shop) -> None:
    await waiting(shop)
    shop.book.floor.runs.clear()
    await shop.arrive(OFF)
    assert [record.cancelled for record in shop.book.records()] == ["by the booker"]


async def test_orders_that_were_turned_off_are_taken_back_and_reported(shop: Shop) -> None:
    await waiting(shop)
    await shop.restart(TAKES, "policy: off")
    await no_more_jobs(shop)
    await shop.until(lambda: shop.reasons()[-1:] == [("aborted", "orders-off")])


async def test_what_runs_when_orders_are_turned_off_runs_to_its_end(shop: Shop) -> None:
    await running(shop)
    await shop.restart(TAKES, "policy: off")
    await asyncio.sleep(0.1)
    assert shop.desk.held.jobs["bkg_1-1"].state is JobState.RUNNING
    await shop.desk.move("bkg_1-1", Move.FINISH)
    await shop.until(lambda: shop.events()[-1] == "ended")


async def test_an_order_of_a_machine_that_takes_none_and_cannot_be_asked_is_reported_too(shop: Shop) -> None:
    await waiting(shop)
    await shop.restart(TAKES, "policy: off", listed=False)
    await shop.until(lambda: shop.reasons()[-1:] == [("aborted", "orders-off")])


async def test_from_the_next_start_on_a_person_starts_the_jobs_if_the_plant_says_so(shop: Shop) -> None:
    await waiting(shop, minutes=0.02)
    await shop.restart(TAKES, "policy: store")
    await asyncio.sleep(1.5)
    assert shop.desk.held.jobs["bkg_1-1"].state is JobState.NOT_ALLOWED_TO_START


# An outbox in trouble, and documents that nobody can read


@pytest.mark.parametrize("method", ["get", "documents"])
async def test_an_outbox_that_cannot_be_read_delays_an_order_and_parks_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    sound, failures = getattr(Outbox, method), iter(range(3))

    def stumbling(outbox: Outbox, *words: str) -> Any:
        if next(failures, None) is not None:
            msg = "planted"
            raise OutboxUnavailable(msg)
        return sound(outbox, *words)

    monkeypatch.setattr("edge.orderbook.RETRY", 0.02)
    monkeypatch.setattr(Outbox, method, stumbling)
    with shop.plant.outbox.transaction() as tx:
        tx.put(ARRIVED, "1", encode(shop.order()))
    shop.book._arrived.set()
    await shop.until(lambda: next(failures, None) is None and shop.answers())
    assert shop.answers() == [("accepted", "")]
    assert shop.plant.outbox.documents(PARKED) == {}


async def test_a_start_waits_for_an_outbox_that_cannot_be_read_yet(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    await waiting(shop)
    await shop.close()
    sound, calls = Outbox.documents, list[str]()

    def stumbling(outbox: Outbox, kind: str) -> Any:
        calls.append(kind)
        if len(calls) < 4:
            msg = "planted"
            raise OutboxUnavailable(msg)
        return sound(outbox, kind)

    monkeypatch.setattr("edge.orderbook.RETRY", 0.02)
    monkeypatch.setattr(Outbox, "documents", stumbling)
    shop.open()
    await shop.until(lambda: shop.book.floor.runs)
    assert not shop.running.done()


async def test_a_record_that_nobody_can_read_stops_neither_the_agent_nor_other_orders(shop: Shop) -> None:
    await shop.close()
    with shop.plant.outbox.transaction() as tx:
        tx.put(ACCEPTED, "bkg_9-1", b'{"order": "of another version"}')
    await shop.restart()
    await shop.plant.see("M1", "NotExecuting")
    await shop.arrive(shop.order())
    assert shop.answers() == [("accepted", "")]
    assert list(shop.book.status()["unreadable"]) == ["bkg_9-1"]
    assert "bkg_9-1" in shop.plant.outbox.documents(ACCEPTED)


async def test_what_was_parked_is_shown_after_a_restart_too(shop: Shop) -> None:
    await shop.arrive(b'{"kind": "dance"}')
    await shop.restart()
    await shop.until(lambda: shop.book.status()["parked"])
    shown: Sequence[Any] = shop.book.status()["parked"]
    assert "dance" in shown[0]["why"]
    assert "orders" in shop.plant.agent.trouble
