"""Booked jobs in the running agent: what arrives is stored, then judged, answered, handed over and reported."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import structlog

from edge.approval import Answer, Approvals, Decision, ask, too_late, unknown, verdict_of
from edge.archive import ACCEPTED, ANSWERED, ARRIVED, WITHDRAWN, Archive, name_of
from edge.desk import Desk
from edge.floor import RETRY, Floor
from edge.judge import Standing, Verdict, judge
from edge.orders.admission import OrderMode, OrderPolicy
from edge.orders.asked import Asked
from edge.orders.job import WAITING, JobState, job_id
from edge.orders.port import JobPort, Unreachable
from edge.orders.record import OrderRecord, Phase, dump
from edge.orders.withdrawal import Withdrawal
from edge.parking import Parking
from edge.post import Letter
from edge.trouble import Trouble
from gateway.because import Because
from gateway.clock import Clock
from gateway.errors import MessageRefused
from gateway.link import Accept, Adopted
from gateway.messages import CancelOrder, Order, decode_down
from gateway.outbox import Outbox, OutboxDamaged, OutboxUnavailable, Transaction

log = structlog.get_logger(__name__)

LOOK = 3.0
"""Real seconds that a machine gets to say whether it has a job already, before its order is refused."""

FORGET_EVERY = 3600.0
"""Real seconds between two tidyings of what is over."""


@dataclass
class OrderBook:
    """Every order of this agent. `send` puts letters into the outbox and says whether they are in."""

    desks: Mapping[str, Desk]
    policies: Mapping[str, OrderPolicy]
    ports: Mapping[str, JobPort]
    outbox: Outbox
    clock: Clock
    send: Callable[[Sequence[Letter]], bool]
    trouble: Trouble = field(default_factory=Trouble)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event)
    _tasks: asyncio.TaskGroup | None = None

    def __post_init__(self) -> None:
        self.archive = Archive(self.outbox)
        self.approvals = Approvals(self.outbox)
        self.floor = Floor(self.desks, self.ports, self.outbox, self.clock, self.send)
        self.parking = Parking(self.archive, self.clock, self.send, self.trouble)

    def store(self, tx: Transaction, decision: Accept | Adopted) -> None:
        """Keep what came down, in the transaction that acknowledges it; it is judged when that is durable."""
        for entry in decision.entries:
            if entry.payload is not None:
                tx.put(ARRIVED, f"{decision.epoch:020}-{entry.seq:012}", entry.payload)
        self._arrived.set()

    async def run(self) -> None:
        """Judge what arrives and run what is accepted, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            while not self._take_up(tasks):  # noqa: ASYNC110 - nothing tells when a disk is there again
                await asyncio.sleep(RETRY)
            while True:
                self._arrived.clear()
                if not await self.work_off(tasks) or not self._refuse_overdue(tasks):
                    await asyncio.sleep(RETRY)
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._rest()):
                        await self._arrived.wait()
                        continue
                self.parking.tidy()

    def _rest(self) -> float:
        """Real seconds until an order that waits for a person is too late, or something may be tidied up."""
        deadline = self.approvals.deadline
        return min(FORGET_EVERY, self.clock.seconds_until(deadline) if deadline else FORGET_EVERY)

    def _take_up(self, tasks: asyncio.TaskGroup) -> bool:
        """After a start: go on with all that is not over; False while the outbox cannot be read."""
        self.parking.tidy()
        try:
            records, withdrawn = self.archive.records(), self.archive.withdrawn()
            self.approvals.open()
        except OutboxUnavailable as error:
            self.trouble.comes("orders", f"{error}; no order is taken up until this is over")
            return False
        for record in records:
            if not record.cleared:
                self.floor.take_up(record, partial(self._mode, record.order), tasks)
        for cancel in withdrawn:
            tasks.create_task(self._withdraw(cancel))
        self._tasks = tasks
        return True

    async def work_off(self, tasks: asyncio.TaskGroup) -> bool:
        """Judge everything that has arrived, in order; False where the outbox could not take an answer."""
        try:
            arrived = self.archive.arrived()
        except OutboxUnavailable:
            return False
        for name, payload in arrived:
            if not await self._safely(name, payload, tasks):
                return False
        return True

    async def _safely(self, name: str, payload: bytes, tasks: asyncio.TaskGroup) -> bool:
        """A fault of ours over one order parks it, and concerns no other."""
        try:
            return await self._process(name, payload, tasks)
        except OutboxUnavailable as error:
            log.warning("order waits for the outbox", document=name, reason=str(error))
            return False
        except OutboxDamaged:
            raise
        except Exception as error:
            log.exception("order parked for a fault in the program, please report it", document=name)
            return self.parking.park(name, payload, f"a fault in the program: {type(error).__name__}: {error}")

    def rewire(self, policies: Mapping[str, OrderPolicy], ports: Mapping[str, JobPort]) -> None:
        """Other rules, and other ways to the machines, from now on."""
        self.policies, self.ports = policies, ports
        self.floor.rewire(ports)

    def records(self) -> list[OrderRecord]:
        """Accepted orders, ended ones too."""
        return self.archive.records()

    def status(self) -> Mapping[str, Any]:
        """What a person wants to know of booked jobs: reasons in full, which no partner is told."""
        return {
            "live": self.floor.status(),
            "asked": self.approvals.status(),
            "lately": list(self.floor.lately),
            "parked": self.parking.status(),
            "unreadable": dict(self.archive.unreadable),
        }

    async def _process(self, name: str, payload: bytes, tasks: asyncio.TaskGroup) -> bool:
        done = Letter(removed=((ARRIVED, name),))
        try:
            message = decode_down(payload)
        except MessageRefused as error:
            log.warning("order not understood, parked", reason=str(error))
            return self.parking.park(name, payload, str(error))
        match message:
            case Order():
                return await self._judge(message, done, tasks)
            case CancelOrder():
                return self._cancel(message, done, tasks)

    async def _judge(self, order: Order, arrived: Letter, tasks: asyncio.TaskGroup) -> bool:
        name = name_of(order)
        before = self.archive.answered(name)
        if before is not None:
            return self.send([arrived, Letter((before,))])
        verdict = judge(order, self._standing(order), self.clock.now())
        asks = self._policy(order).asks
        good = verdict.answer == "accepted"
        there = None if good and asks is None else await self._at_machine(order)
        if there is not None and there not in WAITING:
            verdict = Verdict("accepted", detail=f"the machine has it already: {there}")
        elif good and asks is not None:
            return self._ask(ask(order, asks, self.clock.now(), there=there is not None), arrived)
        return self._answer(order, verdict, arrived, tasks, there=there is not None)

    def _ask(self, asked: Asked, arrived: Letter) -> bool:
        """Leave the answer to a person; one who is asked already is not given more time."""
        if name_of(asked.order) in self.approvals.pending:
            return self.send([arrived])
        if not self.send([arrived, self.approvals.letter(asked)]):
            return False
        self.approvals.kept(asked)
        log.info("order waits for a person", booking=asked.order.booking, until=asked.until.isoformat())
        return True

    def decide(self, wanted: str, answer: Answer, reason: str = "") -> Decision:
        """A person's answer to an order that waits; judged once more, for the plant may need the time by now."""
        if self._tasks is None:
            return Decision(False, "the orders cannot be read yet; try again in a moment", retryable=True)
        asked, now = self.approvals.find(wanted), self.clock.now()
        if asked is None:
            return unknown(self.archive, wanted, answer, self.approvals.pending)
        verdict = too_late(asked) if asked.until <= now else verdict_of(answer, reason)
        if verdict.answer == "accepted":
            verdict = judge(asked.order, self._standing(asked.order), now)
        if not self._answer(asked.order, verdict, Letter(), self._tasks, there=asked.there):
            return Decision(False, "the outbox cannot take the answer; nothing was decided, try again", retryable=True)
        ok = verdict.answer == ("accepted" if answer == "accept" else "refused") and asked.until > now
        return Decision(ok, f"{asked.order.booking} is {verdict.answer}" + (f": {verdict.detail}" if not ok else ""))

    def _refuse_overdue(self, tasks: asyncio.TaskGroup) -> bool:
        """Refuse what nobody answered in time; False where the outbox could not take an answer."""
        return all(
            self._answer(asked.order, too_late(asked), Letter(), tasks, there=asked.there)
            for asked in self.approvals.overdue(self.clock.now())
        )

    def _answer(
        self, order: Order, verdict: Verdict, arrived: Letter, tasks: asyncio.TaskGroup, *, there: bool
    ) -> bool:
        """The final answer with all that follows from it, in one transaction; False where the outbox is in trouble."""
        name, now = name_of(order), self.clock.now()
        answer = verdict.to(order, now)
        documents = {(ANSWERED, name): answer.model_dump_json().encode()}
        withdrawn: CancelOrder | None = None
        record = OrderRecord(order=order, mode=self._mode(order))
        if verdict.answer == "accepted":
            documents[ACCEPTED, name] = dump(record)
        elif there:
            withdrawn = _off(order)
            documents[WITHDRAWN, order.booking] = withdrawn.model_dump_json().encode()
        if not self.send([arrived, Letter((answer,), documents, removed=self.approvals.of(order.booking))]):
            return False
        self.approvals.forget(order.booking)
        self.floor.note(order, now, verdict.answer, verdict.reason, verdict.detail)
        if verdict.answer == "accepted":
            self.floor.replace(order)
            self.floor.take_up(record, partial(self._mode, record.order), tasks)
        elif withdrawn:
            tasks.create_task(self._withdraw(withdrawn))
        return True

    async def _at_machine(self, order: Order) -> JobState | None:
        """The state of this very job, if the machine has it, though an agent that lost its disk does not know it."""
        port = self.ports.get(order.machine)
        if port is None or self._mode(order) is OrderMode.OFF:
            return None
        try:
            async with asyncio.timeout(LOOK):
                while isinstance(found := await port.jobs(), Unreachable):  # noqa: ASYNC110 - the machine is asked
                    await asyncio.sleep(LOOK / 20)
        except TimeoutError:
            return None
        return found.get(job_id(order))

    def _policy(self, order: Order) -> OrderPolicy:
        return self.policies.get(order.machine, OrderPolicy())

    def _mode(self, order: Order) -> OrderMode:
        return self._policy(order).orders

    def _standing(self, order: Order) -> Standing:
        desk = self.desks.get(order.machine)
        if desk is None:
            return Standing(None, receiver=False, quantity=0)
        live = [record.order for record in self.records() if record.phase is not Phase.DONE]
        return Standing(
            self._policy(order),
            order.machine in self.ports,
            desk.case.rules.quantity,
            desk.conflicts(order, self.clock.now()),
            [other for other in live if other.machine == order.machine],
        )

    def _cancel(self, cancel: CancelOrder, arrived: Letter, tasks: asyncio.TaskGroup) -> bool:
        """Mark what is not over yet, whether or not it runs here; ask the machine where there is no record at all."""
        records = [record for record in self.records() if record.order.booking == cancel.booking]
        live = [record for record in records if record.phase is not Phase.DONE]
        waiting = self.approvals.of(cancel.booking)
        over = bool(records) and not live and not waiting
        verdict = Verdict("refused", Because.ALREADY_OVER) if over else Verdict("cancelled")
        off = [record.model_copy(update={"cancelled": cancel.reason}) for record in live if not record.cancelled]
        documents = {(ACCEPTED, record.job_id): dump(record) for record in off}
        unknown = not records and cancel.machine in self.ports
        if unknown:
            documents[WITHDRAWN, cancel.booking] = cancel.model_dump_json().encode()
        answer = verdict.to(cancel, self.clock.now())
        if not self.send([arrived, Letter((answer,), documents, removed=waiting)]):
            return False
        self.approvals.forget(cancel.booking)
        self.floor.cancel(off)
        if unknown:
            tasks.create_task(self._withdraw(cancel))
        return True

    async def _withdraw(self, cancel: CancelOrder) -> None:
        port = self.ports.get(cancel.machine)
        try:
            if port is not None:
                await Withdrawal(cancel.booking, cancel.revision, port).run()
        except Exception:
            log.exception("job not taken back, it is tried again after a restart", booking=cancel.booking)
            return
        self.send([Letter(removed=((WITHDRAWN, cancel.booking),))])


def _off(order: Order) -> CancelOrder:
    return CancelOrder(booking=order.booking, revision=order.revision, machine=order.machine, reason="not accepted")
