"""Where a simulated machine takes job orders: the methods that clients call, and the job list that they read."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from asyncua import Node, ua

from edge.orders.isa95_codec import GOOD_QUANTITY, job_from_structure
from edge.orders.isa95_types import (
    ISA95JobOrderAndStateDataType,
    ISA95JobOrderDataType,
    ISA95JobResponseDataType,
    ISA95ParameterDataType,
    ISA95StateDataType,
    pack,
    unpack,
)
from edge.orders.job import NO_ERROR, NUMBER, JobOrder, Move
from edge.simulate.isa95_nodes import Call, JobNodes
from edge.simulate.job_list import INVALID, UNABLE, UNKNOWN_JOB, Job, JobList
from gateway.clock import Clock

Accept = Callable[[JobOrder], bool]
Notice = Callable[[str], None]


def _accept(_job: JobOrder) -> bool:
    return True


def _ignore(_job_id: str) -> None:
    """Nobody listens."""


@dataclass
class JobDesk:
    """`on_store` may refuse an order; the others tell whoever plays the machine what a client asked for."""

    clock: Clock
    limit: int = 50
    on_store: Accept = _accept
    on_start: Notice = _ignore
    on_stop: Notice = _ignore
    on_abort: Notice = _ignore
    held: JobList = field(init=False)
    nodes: JobNodes | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.held = JobList(self.limit)

    def commands(self) -> dict[str, Call]:
        """The receiver's methods by name."""
        return {
            "Store": self._store,
            "StoreAndStart": self._store_and_start,
            "Start": self._command(Move.START),
            "Stop": self._command(Move.STOP),
            "Abort": self._command(Move.ABORT),
            "Cancel": self._removal(self.held.cancel),
            "Clear": self._removal(self.held.clear),
        }

    async def respond(self, job_id: Any) -> list[ua.Variant]:
        """RequestJobResponseByJobOrderID."""
        job = self.held.jobs.get(job_id)
        found = ISA95JobResponseDataType(JobOrderID=job_id) if job is None else _response(job_id, job)
        packed = ua.Variant(pack(found, self._namespace), ua.VariantType.ExtensionObject)
        return [packed, _status(UNKNOWN_JOB if job is None else NO_ERROR)]

    async def move(self, job_id: str, move: Move) -> int:
        """Move a job and show it; the ReturnStatus."""
        status = self.held.move(job_id, move, self.clock.now())
        if status == NO_ERROR:
            await self._publish()
        return status

    async def _store(self, subject: Any) -> list[ua.Variant]:
        try:
            order = unpack(ISA95JobOrderDataType, subject)
            job = job_from_structure(order)
        except ValueError:
            return [_status(INVALID)]
        if not self.on_store(job):
            return [_status(UNABLE)]
        status = self.held.store(order)
        await self._publish()
        return [_status(status)]

    async def _store_and_start(self, subject: Any) -> list[ua.Variant]:
        (stored,) = await self._store(subject)
        if stored.Value != NO_ERROR:
            return [stored]
        return await self._command(Move.START)(unpack(ISA95JobOrderDataType, subject).JobOrderID)

    def _command(self, move: Move) -> Call:
        async def call(job_id: Any) -> list[ua.Variant]:
            status = await self.move(job_id, move)
            if status == NO_ERROR:
                {Move.START: self.on_start, Move.STOP: self.on_stop, Move.ABORT: self.on_abort}[move](job_id)
            return [_status(status)]

        return call

    def _removal(self, remove: Callable[[str], int]) -> Call:
        async def call(job_id: Any) -> list[ua.Variant]:
            status = remove(job_id)
            await self._publish()
            return [_status(status)]

        return call

    async def _publish(self) -> None:
        """Write the JobOrderList anew."""
        if self.nodes is None:
            return
        entries = [
            pack(ISA95JobOrderAndStateDataType(job.order, _states(job)), self._namespace)
            for job in self.held.jobs.values()
        ]
        value = ua.Variant(entries, ua.VariantType.ExtensionObject, is_array=True)
        await write(self.nodes.job_list, value, self.clock)

    @property
    def _namespace(self) -> int:
        return self.nodes.namespace if self.nodes else 0


async def write(node: Node, value: ua.Variant, clock: Clock) -> None:
    """A value with the business time as its source stamp."""
    await node.write_value(ua.DataValue(value, SourceTimestamp=clock.now()))


def _status(value: int) -> ua.Variant:
    return ua.Variant(value, ua.VariantType.UInt64)


def _states(job: Job) -> list[ISA95StateDataType]:
    return [ISA95StateDataType(StateText=ua.LocalizedText(job.state.value, "en"), StateNumber=NUMBER[job.state])]


def _response(job_id: str, job: Job) -> ISA95JobResponseDataType:
    good = ISA95ParameterDataType(ID=GOOD_QUANTITY, Value=ua.Variant(float(job.good), ua.VariantType.Double))
    return ISA95JobResponseDataType(
        JobResponseID=f"response-{job_id}",
        JobOrderID=job_id,
        StartTime=job.started,
        EndTime=job.ended,
        JobState=_states(job),
        JobResponseData=[good],
    )
