"""Carries one accepted order to the machine and brings back what really ran.

Each turn looks at the machine, asks `next_step`, and does that one thing. Every change of the record is committed
together with the report that tells of it, so that a crash at any point repeats no report and forgets none.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from edge.orders.admission import OrderMode
from edge.orders.job import JobResponse, JobState, job_order
from edge.orders.port import Done, JobPort, Outcome, Rejected, Unreachable
from edge.orders.record import OrderRecord, Phase
from edge.orders.steps import Absent, Ask, Finished, Seen, Step, Tell, Wait, next_step
from gateway.because import Because
from gateway.clock import Clock
from gateway.messages import JobReport
from gateway.span import Span

Commit = Callable[[OrderRecord, JobReport | None], Awaitable[None]]
"""Makes the record and, if given, the report durable in one transaction; returns when they are."""
Executing = Callable[[str, Span], timedelta]
"""Measured time in ItemState Executing of a machine within a span."""

log = structlog.get_logger()


def whole(_machine: str, span: Span) -> timedelta:
    """For a machine whose state nobody tracks: the whole run counts."""
    return span.end - span.start


@dataclass
class OrderRun:
    """One order. `poll_s`: real seconds between two looks at the machine.

    `told`: whether the registry has the last report. Until then the machine keeps the finished job, as the one witness
    that an agent finds which lost its disk and gets the order again. `mode`: what the plant allows now, if not as ever.
    """

    record: OrderRecord
    port: JobPort
    clock: Clock
    commit: Commit
    executing: Executing = whole
    poll_s: float = 0.5
    told: Callable[[], bool] = lambda: True
    mode: Callable[[], OrderMode] | None = None
    _hurry: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _cancelled: str | None = field(default=None, init=False)
    _said: str | None = field(default=None, init=False)

    def cancel(self, reason: str) -> None:
        """The booking is off: take the job back if it waits, abort it if it runs."""
        self._cancelled = reason
        self._hurry.set()

    def nudge(self) -> None:
        """Something changed at the machine: look now rather than at the next poll."""
        self._hurry.set()

    async def run(self) -> OrderRecord:
        """Until nothing is left to do; returns the final record, which says the `outcome`."""
        while True:
            if self.mode is not None and self.record.phase is not Phase.DONE:
                self.record = replace_record(self.record, mode=self.mode())
            if self._cancelled is not None and self.record.cancelled is None:
                await self._keep(replace_record(self.record, cancelled=self._cancelled))
            seen = await self._look()
            step = next_step(self.record, seen, self.clock.now())
            if isinstance(step, Finished):
                await self._keep(replace_record(self.record, cleared=True))
                return self.record
            if not await self._take(step):
                return self.record

    async def give_up(self, reason: Because) -> None:
        """Report the end of a job that nobody can follow any more."""
        await self._tell(Tell("aborted", Phase.DONE, reason))

    async def _take(self, step: Step) -> bool:
        """Carry out one step; False when the order is done and the machine cannot be tidied up any more."""
        match step:
            case Tell():
                await self._tell(step)
            case Ask():
                return await self._ask(step)
            case Wait():
                await self._pause(step.until)
            case Finished():
                return False
        return True

    async def _look(self) -> Seen:
        """The job's state at the machine; what the machine says of it goes into the record."""
        found = await self.port.jobs()
        if isinstance(found, Unreachable):
            self._note("orders.machine_unreachable", found.reason)
            return found
        state = found.get(self.record.job_id)
        if state is None:
            return Absent()
        if state in _RAN and self.record.phase is not Phase.DONE:
            return await self._measure(state)
        return state

    async def _measure(self, state: JobState) -> Seen:
        response = await self.port.response(self.record.job_id)
        match response:
            case JobResponse():
                self.record = self.record.seen(response)
                return response.state
            case Rejected():
                self._note("orders.no_response", response.reason)
                return state
            case Unreachable():
                return response

    async def _tell(self, step: Tell) -> None:
        now = self.clock.now()
        record = self.record
        if step.event == "started" and record.started is None:
            record = replace_record(record, started=now)
        if step.phase is Phase.DONE:
            record = replace_record(record, outcome=step.event)
            if record.started is not None and record.ended is None:
                record = replace_record(record, ended=max(now, record.started))
        record = replace_record(record, phase=step.phase, why=step.detail or step.reason)
        report = record.report(step.event, now, self._executed(record), step.reason)
        good = record.good_quantity
        log.info("orders.report", booking=record.order.booking, event_=step.event, good=good, why=record.why)
        await self._keep(record, report)

    def _executed(self, record: OrderRecord) -> timedelta:
        if record.started is None or record.ended is None or record.ended <= record.started:
            return timedelta()
        return self.executing(record.order.machine, Span(record.started, record.ended))

    async def _ask(self, step: Ask) -> bool:
        if step.method == "Clear" and not self.told():
            await self._pause(None)
            return True
        outcome = await self._call(step.method)
        if step.method == "Store" and not isinstance(outcome, Unreachable):
            refusal = outcome.reason if isinstance(outcome, Rejected) else None
            await self._keep(replace_record(self.record, stores=self.record.stores + 1, refusal=refusal))
        if isinstance(outcome, Done):
            self._said = None
            return True
        self._note(f"orders.{step.method.lower()}_failed", outcome.reason)
        if self.record.phase is Phase.DONE:
            return False
        await self._pause(None)
        return True

    async def _call(self, method: str) -> Outcome:
        job_id = self.record.job_id
        match method:
            case "Store":
                return await self.port.store(job_order(self.record.order))
            case "Start":
                return await self.port.start(job_id)
            case "Abort":
                return await self.port.abort(job_id)
            case "Cancel":
                outcome = await self.port.cancel(job_id)
                return await self.port.abort(job_id) if isinstance(outcome, Rejected) else outcome
            case _:
                return await self.port.clear(job_id)

    async def _pause(self, until: datetime | None) -> None:
        """A poll's length, or less if `until` comes first or somebody hurries us."""
        seconds = self.poll_s if until is None else min(self.poll_s, self.clock.seconds_until(until))
        try:
            await asyncio.wait_for(self._hurry.wait(), max(seconds, 0.01))
        except TimeoutError:
            return
        self._hurry.clear()

    async def _keep(self, record: OrderRecord, report: JobReport | None = None) -> None:
        await self.commit(record, report)
        self.record = record

    def _note(self, event: str, reason: str) -> None:
        """Log a trouble once, not at every poll."""
        if self._said != reason:
            log.warning(event, booking=self.record.order.booking, machine=self.record.order.machine, reason=reason)
        self._said = reason


_RAN = frozenset({JobState.RUNNING, JobState.INTERRUPTED, JobState.ENDED, JobState.ABORTED})


def replace_record(record: OrderRecord, **changes: object) -> OrderRecord:
    """A copy with these fields changed."""
    return record.model_copy(update=changes)
