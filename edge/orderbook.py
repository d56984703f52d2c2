"""Booked jobs in the running agent: what arrives is stored, then judged, answered, handed over and reported."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import structlog

from edge.archive import ACCEPTED, ANSWERED, ARRIVED, PARKED, WITHDRAWN, Archive, Parked, name_of
from edge.desk import Desk
from edge.floor import RETRY, Floor
from edge.judge import Standing, Verdict, judge
from edge.orders.admission import OrderMode, OrderPolicy
from edge.orders.job import WAITING, JobState, job_id
from edge.orders.port import JobPort, Unreachable
from edge.orders.record import OrderRecord, Phase, dump
from edge.orders.withdrawal import Withdrawal
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

    def __post_init__(self) -> None:
        self.archive = Archive(self.outbox)
        self.floor = Floor(self.desks, self.ports, self.outbox, self.clock, self.send)
        self.parked: Mapping[str, Parked] = {}

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
                if not await self.work_off(tasks):
                    await asyncio.sleep(RETRY)
                    continue
                with suppress(TimeoutError):
                    async with asyncio.timeout(FORGET_EVERY):
                        await self._arrived.wait()
                        continue
                self.forget()

    def _take_up(self, tasks: asyncio.TaskGroup) -> bool:
        """After a start: go on with all that is not over; False while the outbox cannot be read."""
        self.forget()
        try:
            records, withdrawn = self.archive.records(), self.archive.withdrawn()
        except OutboxUnavailable as error:
            self.trouble.comes("orders", f"{error}; no order is taken up until this is over")
            return False
        for record in records:
            if not record.cleared:
                self.floor.take_up(record, self._mode(record.order), tasks)
        for cancel in withdrawn:
            tasks.create_task(self._withdraw(cancel))
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
            return self._park(name, payload, f"a fault in the program: {type(error).__name__}: {error}")

    def records(self) -> list[OrderRecord]:
        """Accepted orders, ended ones too."""
        return self.archive.records()

    def forget(self) -> None:
        """Drop what was over long ago, and count what is parked."""
        try:
            self.send([self.archive.old(self.clock.now())])
            self.parked = self.archive.parked()
        except OutboxUnavailable as error:
            log.warning("nothing is tidied up now", reason=str(error))
            return
        self._say_parked()

    def status(self) -> Mapping[str, Any]:
        """What a person wants to know of booked jobs: reasons in full, which no partner is told."""
        return {
            "live": self.floor.status(),
            "lately": list(self.floor.lately),
            "parked": [{"at": each.at.isoformat(), "why": each.why} for each in self.parked.values()],
            "unreadable": dict(self.archive.unreadable),
        }

    async def _process(self, name: str, payload: bytes, tasks: asyncio.TaskGroup) -> bool:
        done = Letter(removed=((ARRIVED, name),))
        try:
            message = decode_down(payload)
        except MessageRefused as error:
            log.warning("order not understood, parked", reason=str(error))
            return self._park(name, payload, str(error))
        match message:
            case Order():
                return await self._judge(message, done, tasks)
            case CancelOrder():
                return self._cancel(message, done, tasks)

    def _park(self, name: str, payload: bytes, why: str) -> bool:
        parked = Parked(at=self.clock.now(), why=why, payload=payload.decode(errors="replace"))
        documents = {(PARKED, name): parked.model_dump_json().encode()}
        if not self.send([Letter(documents=documents, removed=((ARRIVED, name),))]):
            return False
        self.parked = {**self.parked, name: parked}
        self._say_parked()
        return True

    def _say_parked(self) -> None:
        if self.parked:
            last = max(self.parked.values(), key=lambda each: each.at)
            reason = f"{len(self.parked)} of the registry's messages could not be judged and were set aside: {last.why}"
            self.trouble.comes("orders", reason)
        else:
            self.trouble.goes("orders")

    async def _judge(self, order: Order, arrived: Letter, tasks: asyncio.TaskGroup) -> bool:
        name = name_of(order)
        before = self.archive.answered(name)
        if before is not None:
            return self.send([arrived, Letter((before,))])
        verdict = judge(order, self._standing(order), self.clock.now())
        there = None if verdict.answer == "accepted" else await self._at_machine(order)
        if there is not None and there not in WAITING:
            verdict = Verdict("accepted", detail=f"the machine has it already: {there}")
        now = self.clock.now()
        answer = verdict.to(order, now)
        documents = {(ANSWERED, name): answer.model_dump_json().encode()}
        withdrawn: CancelOrder | None = None
        record = OrderRecord(order=order, mode=self._mode(order))
        if verdict.answer == "accepted":
            documents[ACCEPTED, name] = dump(record)
        elif there is not None:
            withdrawn = _off(order)
            documents[WITHDRAWN, order.booking] = withdrawn.model_dump_json().encode()
        if not self.send([arrived, Letter((answer,), documents)]):
            return False
        self.floor.note(order, now, verdict.answer, verdict.reason, verdict.detail)
        if verdict.answer == "accepted":
            self.floor.replace(order)
            self.floor.take_up(record, self._mode(record.order), tasks)
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
        over = bool(records) and not live
        verdict = Verdict("refused", Because.ALREADY_OVER) if over else Verdict("cancelled")
        off = [record.model_copy(update={"cancelled": cancel.reason}) for record in live if not record.cancelled]
        documents = {(ACCEPTED, record.job_id): dump(record) for record in off}
        unknown = not records and cancel.machine in self.ports
        if unknown:
            documents[WITHDRAWN, cancel.booking] = cancel.model_dump_json().encode()
        if not self.send([arrived, Letter((verdict.to(cancel, self.clock.now()),), documents)]):
            return False
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
