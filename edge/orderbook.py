"""Booked jobs in the running agent: what arrives is stored, then judged, answered, handed over and reported."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import structlog

from edge.desk import Desk, Job
from edge.history import executing
from edge.judge import Standing, Verdict, judge
from edge.orders.admission import OrderPolicy
from edge.orders.port import JobPort
from edge.orders.record import OrderRecord, Phase, dump, load
from edge.orders.runner import OrderRun
from edge.post import Letter
from edge.watch import Watch
from gateway.clock import Clock
from gateway.errors import MessageRefused
from gateway.link import Accept, Adopted
from gateway.machine import PLANT
from gateway.messages import CancelOrder, JobReport, Order, OrderAnswer, Up, decode_down
from gateway.outbox import Outbox, Transaction
from gateway.span import Span

log = structlog.get_logger(__name__)

ARRIVED, ACCEPTED, ANSWERED, PARKED = "arrived", "order", "answer", "parked"
"""Kinds of documents: payloads not judged yet, records of accepted orders, answers given, payloads not understood."""

RETRY = 0.5
"""Real seconds until something that did not get into the outbox is tried again."""

GRACE = timedelta(seconds=5)
"""Real time before a job's start and after its end in which the machine may look busy with it."""

KEPT = timedelta(days=7)
"""Business time for which an ended order is remembered."""


@dataclass
class OrderBook:
    """Every order of this agent. `send` puts letters into the outbox and says whether they are in."""

    desks: Mapping[str, Desk]
    policies: Mapping[str, OrderPolicy]
    ports: Mapping[str, JobPort]
    outbox: Outbox
    clock: Clock
    send: Callable[[Sequence[Letter]], bool]
    runs: dict[str, OrderRun] = field(default_factory=dict)
    _cancelled: dict[str, str] = field(default_factory=dict)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)

    def store(self, tx: Transaction, decision: Accept | Adopted) -> None:
        """Keep what came down, in the transaction that acknowledges it; it is judged when that is durable."""
        for entry in decision.entries:
            if entry.payload is not None:
                tx.put(ARRIVED, f"{decision.epoch:020}-{entry.seq:012}", entry.payload)
        self._arrived.set()

    async def run(self) -> None:
        """Judge what arrives and run what is accepted, until cancelled."""
        self.forget()
        async with asyncio.TaskGroup() as tasks:
            for record in self.records():
                if record.phase is not Phase.DONE:
                    self._start(record, tasks)
            while True:
                self._arrived.clear()
                if self.work_off(tasks):
                    await self._arrived.wait()
                else:
                    await asyncio.sleep(RETRY)

    def work_off(self, tasks: asyncio.TaskGroup) -> bool:
        """Judge everything that has arrived, in order; False where the outbox could not take an answer."""
        arrived = sorted(self.outbox.documents(ARRIVED).items())
        return all(self._safely(name, payload, tasks) for name, payload in arrived)

    def _safely(self, name: str, payload: bytes, tasks: asyncio.TaskGroup) -> bool:
        """A fault of ours over one order parks it, and concerns no other."""
        try:
            return self._process(name, payload, tasks)
        except Exception:
            log.exception("order parked for a fault in the program, please report it", document=name)
            return self.send([Letter(documents={(PARKED, name): payload}, removed=((ARRIVED, name),))])

    def records(self) -> list[OrderRecord]:
        """Accepted orders, ended ones too."""
        return [load(body) for body in self.outbox.documents(ACCEPTED).values()]

    def forget(self) -> None:
        """Drop what ended long ago."""
        now = self.clock.now()
        old = [
            record.job_id for record in self.records() if record.phase is Phase.DONE and record.order.end + KEPT < now
        ]
        self.send([Letter(removed=tuple((kind, name) for name in old for kind in (ACCEPTED, ANSWERED)))])

    def nudge(self, machine: str) -> None:
        """The machine's state changed: its jobs look at once."""
        for run in self.runs.values():
            if run.record.order.machine == machine:
                run.nudge()

    def _process(self, name: str, payload: bytes, tasks: asyncio.TaskGroup) -> bool:
        done = ((ARRIVED, name),)
        try:
            message = decode_down(payload)
        except MessageRefused as error:
            log.warning("order not understood, parked", reason=str(error))
            return self.send([Letter(documents={(PARKED, name): payload}, removed=done)])
        match message:
            case Order():
                return self._judge(message, Letter(removed=done), tasks)
            case CancelOrder():
                return self._cancel(message, Letter(removed=done))

    def _judge(self, order: Order, arrived: Letter, tasks: asyncio.TaskGroup) -> bool:
        now = self.clock.now()
        name = f"{order.booking}-{order.revision}"
        before = self.outbox.get(ANSWERED, name)
        if before is not None:
            return self.send([arrived, Letter((OrderAnswer.model_validate_json(before),))])
        verdict = judge(order, self._standing(order), now)
        answer = verdict.to(order, now)
        documents = {(ANSWERED, name): answer.model_dump_json().encode()}
        record = None
        if verdict.answer == "accepted":
            record = OrderRecord(order=order, mode=self.policies[order.machine].orders)
            documents[ACCEPTED, name] = dump(record)
        if not self.send([arrived, Letter((answer,), documents)]):
            return False
        log.info("order answered", booking=order.booking, answer=verdict.answer, reason=verdict.reason)
        if record is not None:
            self._replace(order)
            self._start(record, tasks)
        return True

    def _standing(self, order: Order) -> Standing:
        desk = self.desks.get(order.machine)
        if desk is None:
            return Standing(None, receiver=False, quantity=0)
        live = [record.order for record in self.records() if record.phase is not Phase.DONE]
        return Standing(
            self.policies[order.machine],
            order.machine in self.ports,
            desk.case.rules.quantity,
            desk.conflicts(order, self.clock.now()),
            [other for other in live if other.machine == order.machine],
        )

    def _replace(self, order: Order) -> None:
        """A higher revision takes the place of a lower one."""
        run = self.runs.get(order.booking)
        if run is not None:
            run.cancel(f"replaced by revision {order.revision}")

    def _cancel(self, cancel: CancelOrder, arrived: Letter) -> bool:
        now = self.clock.now()
        run = self.runs.get(cancel.booking)
        ended = [record for record in self.records() if record.order.booking == cancel.booking and record.outcome]
        verdict = Verdict("cancelled")
        letters = [arrived]
        if run is not None:
            record = run.record.model_copy(update={"cancelled": cancel.reason})
            letters.append(Letter(documents={(ACCEPTED, record.job_id): dump(record)}))
        elif ended:
            verdict = Verdict("refused", f"the job is over: {ended[-1].outcome}")
        answer = OrderAnswer(
            booking=cancel.booking,
            revision=cancel.revision,
            machine=cancel.machine,
            answer=verdict.answer,
            reason=verdict.reason,
            at=now,
        )
        if not self.send([*letters, Letter((answer,))]):
            return False
        if run is not None:
            self._cancelled[run.record.job_id] = cancel.reason
            run.cancel(cancel.reason)
        return True

    def _start(self, record: OrderRecord, tasks: asyncio.TaskGroup) -> None:
        order = record.order
        port = self.ports.get(order.machine)
        desk = self.desks.get(order.machine)
        if port is None or desk is None:
            log.warning("order without its machine", booking=order.booking, machine=order.machine)
            return
        desk.expect(record.job_id, self._job(order))
        run = OrderRun(record, port, self.clock, self._commit, self._executing)
        self.runs[order.booking] = run
        tasks.create_task(self._insist(run))

    def _job(self, order: Order) -> Job:
        return Job(order.span, order.start - self.clock.business(GRACE))

    async def _insist(self, run: OrderRun) -> None:
        """Run one order to its end; a fault in it is told, and tried again, and concerns no other order."""
        while True:
            try:
                await run.run()
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
        desk = self.desks[order.machine]
        if record.cancelled is None and record.job_id in self._cancelled:
            record = record.model_copy(update={"cancelled": self._cancelled[record.job_id]})
        messages: tuple[Up, ...] = (report,) if report else ()
        letters = [Letter(messages, {(ACCEPTED, record.job_id): dump(record)})]
        kept: tuple[Watch, Letter] | None = None
        if report is not None:
            kept = self._served(desk, record, report)
            letters += [kept[1]] if kept else []
        if not self.send(letters):
            return False
        if kept is not None:
            desk.keep(*kept)
        if record.phase is Phase.DONE:
            over = self.clock.now() + self.clock.business(GRACE)
            desk.expect(record.job_id, replace(self._job(order), end=over))
        return True

    def _served(self, desk: Desk, record: OrderRecord, report: JobReport) -> tuple[Watch, Letter] | None:
        """For whom the machine works from this report on."""
        booking = record.order.booking
        if report.event == "started":
            return desk.serve(booking, record.started or report.at)
        if record.phase is Phase.DONE and desk.watch.track.origin == booking:
            return desk.serve(PLANT, record.ended or report.at)
        return None

    def _executing(self, machine: str, span: Span) -> timedelta:
        return timedelta(seconds=executing(self.desks[machine].history, span.start, span.end))
