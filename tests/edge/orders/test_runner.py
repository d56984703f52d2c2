"""An accepted order becomes a job, and what really ran comes back: on a fake, a simulated and a foreign machine."""

import asyncio
import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from edge.orders.admission import OrderMode
from edge.orders.job import JobState
from edge.orders.record import OrderRecord, Phase, dump, load
from edge.orders.runner import OrderRun
from gateway.clock import Clock
from gateway.messages import JobReport, Order

from .conftest import Bench

MakeOrder = Callable[..., Order]
NUMBERS = itertools.count()


@dataclass
class Notebook:
    """Keeps what a run commits, as an outbox would: the document and the reports in one step."""

    document: bytes = b""
    reports: list[JobReport] = field(default_factory=list)

    async def commit(self, record: OrderRecord, report: JobReport | None) -> None:
        self.document = dump(record)
        if report is not None:
            self.reports.append(report)

    @property
    def events(self) -> list[str]:
        return [report.event for report in self.reports]

    def run(self, bench: Bench, order: Order, mode: OrderMode = OrderMode.STORE_AND_START) -> OrderRun:
        return OrderRun(OrderRecord(order=order, mode=mode), bench.port, Clock(), self.commit, poll_s=0.03)

    def resumed(self, bench: Bench) -> OrderRun:
        """As after a restart of the agent: nothing but the document and the machine."""
        return OrderRun(load(self.document), bench.port, Clock(), self.commit, poll_s=0.03)


def booking() -> str:
    return f"bkg_{next(NUMBERS)}"


async def finish(run: OrderRun) -> OrderRecord:
    return await asyncio.wait_for(run.run(), 20)


async def held(bench: Bench, run: OrderRun) -> JobState | None:
    jobs = await bench.port.jobs()
    assert isinstance(jobs, dict)
    return jobs.get(run.record.job_id)


async def until(bench: Bench, run: OrderRun, state: JobState) -> None:
    async with asyncio.timeout(10):
        while await held(bench, run) is not state:  # noqa: ASYNC110 - the machine is asked, not awaited
            await asyncio.sleep(0.02)


async def test_a_job_is_stored_started_run_metered_and_cleared(bench: Bench, order: MakeOrder) -> None:
    notes = Notebook()
    run = notes.run(bench, order(booking()))
    record = await finish(run)
    assert notes.events == ["stored", "started", "ended"]
    last = notes.reports[-1]
    assert (last.good_quantity, last.ordered_quantity) == (5, 5)
    assert last.started is not None
    assert last.ended is not None
    assert timedelta() < last.executing == last.ended - last.started
    assert (record.phase, record.outcome) == (Phase.DONE, "ended")
    assert await held(bench, run) is None


async def test_a_machine_that_stops_at_forty_percent_is_metered_forty_percent(bench: Bench, order: MakeOrder) -> None:
    await bench.treat(stop_at=0.4)
    notes = Notebook()
    await finish(notes.run(bench, order(booking())))
    assert notes.events[-1] == "ended"
    assert notes.reports[-1].good_quantity == 2


async def test_a_machine_that_never_starts_is_a_no_show_and_cannot_start_late(bench: Bench, order: MakeOrder) -> None:
    await bench.treat(ignore_start=True)
    notes = Notebook()
    soon = order(booking())
    run = notes.run(bench, soon.model_copy(update={"not_after": soon.start + timedelta(seconds=1)}))
    await finish(run)
    assert notes.events == ["stored", "no_show"]
    assert (notes.reports[-1].good_quantity, notes.reports[-1].executing) == (0, timedelta())
    assert await held(bench, run) is None


async def test_nothing_starts_before_its_time(bench: Bench, order: MakeOrder) -> None:
    later = order(booking())
    later = later.model_copy(update={"start": later.start + timedelta(seconds=0.8)})
    notes = Notebook()
    await finish(notes.run(bench, later))
    assert notes.reports[-1].started is not None
    assert notes.reports[-1].started >= later.start


async def test_store_leaves_the_start_to_a_person(bench: Bench, order: MakeOrder) -> None:
    notes = Notebook()
    run = notes.run(bench, order(booking()), OrderMode.STORE)
    task = asyncio.create_task(run.run())
    await until(bench, run, JobState.NOT_ALLOWED_TO_START)
    await asyncio.sleep(0.3)
    assert await held(bench, run) is JobState.NOT_ALLOWED_TO_START
    await bench.port.start(run.record.job_id)
    await asyncio.wait_for(task, 10)
    assert notes.events == ["stored", "started", "ended"]


async def test_a_cancelled_order_that_waits_is_taken_back(bench: Bench, order: MakeOrder) -> None:
    notes = Notebook()
    later = order(booking())
    run = notes.run(bench, later.model_copy(update={"start": later.start + timedelta(seconds=30)}))
    task = asyncio.create_task(run.run())
    await until(bench, run, JobState.NOT_ALLOWED_TO_START)
    run.cancel("the partner cancelled")
    record = await asyncio.wait_for(task, 10)
    assert notes.events == ["stored", "aborted"]
    assert (notes.reports[-1].reason, record.why) == ("cancelled", "the partner cancelled")
    assert await held(bench, run) is None


async def test_a_cancelled_order_that_runs_is_aborted_and_metered(bench: Bench, order: MakeOrder) -> None:
    notes = Notebook()
    run = notes.run(bench, order(booking(), quantity=400))
    task = asyncio.create_task(run.run())
    await until(bench, run, JobState.RUNNING)
    await asyncio.sleep(0.2)
    run.cancel("the partner cancelled")
    await asyncio.wait_for(task, 10)
    assert notes.events == ["stored", "started", "aborted"]
    assert 0 < notes.reports[-1].good_quantity < 400


async def test_a_restart_at_any_point_repeats_no_report_and_forgets_none(bench: Bench, order: MakeOrder) -> None:
    """The agent dies every 50 ms, wherever it is, and comes back with nothing but its document."""
    notes = Notebook()
    run = notes.run(bench, order(booking(), quantity=20))
    notes.document = dump(run.record)
    deaths = 0
    async with asyncio.timeout(20):
        while load(notes.document).phase is not Phase.DONE:
            task = asyncio.create_task(notes.resumed(bench).run())
            await asyncio.wait({task}, timeout=0.05)
            deaths += not task.done()
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert deaths > 3
    assert notes.events == ["stored", "started", "ended"]
    assert notes.reports[-1].good_quantity == 20
    assert await held(bench, run) in {None, JobState.ENDED}


async def test_the_machine_keeps_a_finished_job_until_the_registry_knows_its_end(
    bench: Bench, order: MakeOrder
) -> None:
    notes, told = Notebook(), False
    run = notes.run(bench, order(booking()))
    run.told = lambda: told
    task = asyncio.create_task(run.run())
    await until(bench, run, JobState.ENDED)
    await asyncio.sleep(0.3)
    assert (notes.events[-1], await held(bench, run)) == ("ended", JobState.ENDED)
    told = True
    assert (await asyncio.wait_for(task, 10)).cleared
    assert await held(bench, run) is None


async def test_two_orders_on_one_machine_both_come_to_their_end(bench: Bench, order: MakeOrder) -> None:
    books = [Notebook() for _ in range(2)]
    await asyncio.gather(*(finish(book.run(bench, order(booking()))) for book in books))
    assert [book.events for book in books] == [["stored", "started", "ended"]] * 2


def test_a_record_is_read_back_as_it_was_kept(order: MakeOrder) -> None:
    record: Any = OrderRecord(order=order(), mode=OrderMode.STORE, stores=1, good_quantity=3)
    assert load(dump(record)) == record
