"""Accepted orders on the shop floor: each one's run, what is reported of it, and for whom the machine works."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import structlog

from edge.archive import ACCEPTED
from edge.desk import Desk, Job
from edge.history import executing
from edge.orders.admission import OrderMode
from edge.orders.port import JobPort, Nowhere
from edge.orders.record import OrderRecord, Phase, dump
from edge.orders.runner import OrderRun
from edge.post import Letter
from edge.watch import Watch
from gateway.because import Because
from gateway.clock import Clock
from gateway.link import Mark
from gateway.machine import PLANT
from gateway.messages import JobReport, Order, Stream, Up
from gateway.outbox import Outbox
from gateway.span import Span

log = structlog.get_logger(__name__)

RETRY = 0.5
"""Real seconds until something that did not get into the outbox is tried again."""

GRACE = timedelta(seconds=5)
"""Real time before a job's start and after its end in which the machine may look busy with it."""

REMEMBERED = 20
"""Refusals and ends of jobs that the status shows."""


@dataclass
class Floor:
    """The runs by booking. `send` puts letters into the outbox and says whether they are in."""

    desks: Mapping[str, Desk]
    ports: Mapping[str, JobPort]
    outbox: Outbox
    clock: Clock
    send: Callable[[Sequence[Letter]], bool]
    runs: dict[str, OrderRun] = field(default_factory=dict)
    lately: deque[Mapping[str, Any]] = field(default_factory=lambda: deque(maxlen=REMEMBERED))
    _cancelled: dict[str, str] = field(default_factory=dict)
    _reported: dict[str, Mark] = field(default_factory=dict)

    def nudge(self, machine: str) -> None:
        """The machine's state changed: its jobs look at once."""
        for run in self.runs.values():
            if run.record.order.machine == machine:
                run.nudge()

    def replace(self, order: Order) -> None:
        """A higher revision takes the place of a lower one."""
        run = self.runs.get(order.booking)
        if run is not None:
            run.cancel(f"replaced by revision {order.revision}")

    def cancel(self, records: Sequence[OrderRecord]) -> None:
        """These records are marked as cancelled by now; what runs of them is to end."""
        for record in records:
            self._cancelled[record.job_id] = record.cancelled or ""
            run = self.runs.get(record.order.booking)
            if run is not None and run.record.job_id == record.job_id:
                run.cancel(record.cancelled or "")

    def rewire(self, ports: Mapping[str, JobPort]) -> None:
        """The machines' lists of job orders are reached in another way now; whoever waits for one asks there."""
        self.ports = ports
        for run in self.runs.values():
            run.port = ports.get(run.record.order.machine) or Nowhere()
            run.nudge()

    def live(self, machine: str) -> list[str]:
        """The bookings whose jobs on the machine are not over."""
        return [booking for booking, run in self.runs.items() if run.record.order.machine == machine]

    def status(self) -> list[Mapping[str, Any]]:
        """The live jobs, for people in the plant."""
        return [_shown(run.record, self._cancelled) for run in self.runs.values()]

    def note(self, message: Order | JobReport, at: datetime, what: str, reason: str | None, why: str | None) -> None:
        """For the log and the status; `why` stays in the plant."""
        log.info("order", booking=message.booking, machine=message.machine, what=what, reason=reason, why=why)
        if reason or why:
            told = {"at": at.isoformat(), "booking": message.booking, "machine": message.machine, "what": what}
            self.lately.append({**told, "reason": reason, "why": why})

    def take_up(self, record: OrderRecord, mode: Callable[[], OrderMode], tasks: asyncio.TaskGroup) -> None:
        """Go on with an order where it is, as `mode` allows now, and not as it did when the order came."""
        order = record.order
        over = record.phase is Phase.DONE
        if not over:
            record = record.model_copy(update={"mode": mode()})
        port, desk = self.ports.get(order.machine), self.desks.get(order.machine)
        told = partial(self._is_told, record.job_id)
        run = OrderRun(record, port or Nowhere(), self.clock, self._commit, self._executing, told=told, mode=mode)
        if over:
            self._reported[record.job_id] = self._last()
        else:
            self.runs[order.booking] = run
            if desk is not None:
                desk.expect(record.job_id, self._job(order))
        if port is not None or (record.mode is not OrderMode.OFF and not over):
            tasks.create_task(self._insist(run, run.run))
        elif not over:
            log.warning("order without its machine: if it has the job, remove it there", order=record.job_id)
            tasks.create_task(self._insist(run, partial(run.give_up, Because.ORDERS_OFF)))

    def _last(self) -> Mark:
        """The newest number on the control stream."""
        held = self.outbox.held(Stream.CONTROL)
        return Mark(Stream.CONTROL, held[-1].epoch, held[-1].next - 1) if held else Mark(Stream.CONTROL, 0, 0)

    def _is_told(self, job: str) -> bool:
        """Whether the registry has all that was reported of the job."""
        mark = self._reported.get(job)
        return mark is None or not self.outbox.pending(mark)

    def _job(self, order: Order) -> Job:
        return Job(order.span, order.start - self.clock.business(GRACE))

    async def _insist(self, run: OrderRun, work: Callable[[], Awaitable[object]]) -> None:
        """Bring one order to its end; a fault in it is told, and tried again, and concerns no other order."""
        while True:
            try:
                await work()
                break
            except Exception:
                log.exception("order run failed, trying again", booking=run.record.order.booking)
                await asyncio.sleep(RETRY * 10)
        if self.runs.get(run.record.order.booking) is run:
            del self.runs[run.record.order.booking]

    async def _commit(self, record: OrderRecord, report: JobReport | None) -> None:
        """The record, its report, and what that means for whom the machine works, in one transaction."""
        while not self._try_commit(record, report):  # noqa: ASYNC110 - nothing tells when a disk has room again
            await asyncio.sleep(RETRY)

    def _try_commit(self, record: OrderRecord, report: JobReport | None) -> bool:
        order = record.order
        desk = self.desks.get(order.machine)
        if record.cancelled is None and record.job_id in self._cancelled:
            record = record.model_copy(update={"cancelled": self._cancelled[record.job_id]})
        messages: tuple[Up, ...] = (report,) if report else ()
        letters = [Letter(messages, {(ACCEPTED, record.job_id): dump(record)})]
        kept: tuple[Watch, Letter] | None = None
        if report is not None and desk is not None:
            kept = self._served(desk, record, report)
            letters += [kept[1]] if kept else []
        if not self.send(letters):
            return False
        if kept is not None and desk is not None:
            desk.keep(*kept)
        if record.cleared:
            self._reported.pop(record.job_id, None)
        if report is not None and record.phase is Phase.DONE:
            self._over(record, report)
        return True

    def _over(self, record: OrderRecord, report: JobReport) -> None:
        order, now = record.order, self.clock.now()
        self.note(report, now, report.event, report.reason, record.why)
        self._reported[record.job_id] = self._last()
        self._cancelled.pop(record.job_id, None)
        run = self.runs.get(order.booking)
        if run is not None and run.record.job_id == record.job_id:
            del self.runs[order.booking]
        if (desk := self.desks.get(order.machine)) is not None:
            desk.expect(record.job_id, replace(self._job(order), end=now + self.clock.business(GRACE)))

    def _served(self, desk: Desk, record: OrderRecord, report: JobReport) -> tuple[Watch, Letter] | None:
        """For whom the machine works from this report on."""
        booking = record.order.booking
        if report.event == "started":
            return desk.serve(booking, record.started or report.at)
        if record.phase is Phase.DONE and desk.watch.track.origin == booking:
            return desk.serve(PLANT, record.ended or report.at)
        return None

    def _executing(self, machine: str, span: Span) -> timedelta:
        desk = self.desks.get(machine)
        return timedelta(seconds=executing(desk.history, span.start, span.end)) if desk else timedelta()


def _shown(record: OrderRecord, cancelled: Mapping[str, str]) -> Mapping[str, Any]:
    """A live job for the status."""
    order = record.order
    return {
        "booking": order.booking,
        "machine": order.machine,
        "start": order.start.isoformat(),
        "phase": record.phase,
        "refusal": record.refusal,
        "cancelled": record.cancelled or cancelled.get(record.job_id),
    }
