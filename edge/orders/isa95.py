"""A machine's job list over OPC UA: ISA-95 job control (OPC 10031-4) on the session that the source keeps alive.

Nothing but the methods of `METHODS` is ever called on a machine; there is no other call in this package.
"""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncua import ua

from edge.orders.isa95_binding import METHODS, REQUEST_RESPONSE, Bound, NoJobControl, bind
from edge.orders.isa95_codec import job_response, listed_job, order_structure, top_state
from edge.orders.isa95_types import ISA95JobOrderAndStateDataType, ISA95JobResponseDataType, pack, unpack
from edge.orders.job import JobOrder, JobResponse, JobState, ListedJob, faults
from edge.orders.port import Done, Outcome, Rejected, Unreachable
from edge.sources.opcua_address import Address, parse
from edge.sources.opcua_problems import explain
from edge.sources.opcua_session import LOST, OpcUaSession
from gateway.errors import ThirdshiftError

UNREADABLE: tuple[type[Exception], ...] = (*LOST, ValueError)


class MethodForbidden(ThirdshiftError):
    """Some code of ours tried to call a method that is not on the list. Nothing was sent."""

    code = "orders.method_forbidden"


@dataclass
class Isa95Jobs:
    """A JobPort on one machine.

    `session` gives the live session or None (`lambda: source.session`). `receiver` is the address of the
    ISA95JobOrderReceiver object; `responses` that of the ISA95JobResponseProvider, looked for beside it if not given.
    """

    session: Callable[[], OpcUaSession | None]
    receiver: str
    responses: str | None = None
    root: str = "/Objects"
    _bound: Bound | None = field(default=None, init=False)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def store(self, job: JobOrder) -> Outcome:
        return await self._send("Store", job)

    async def start(self, job_id: str) -> Outcome:
        return await self._command("Start", job_id)

    async def abort(self, job_id: str) -> Outcome:
        return await self._command("Abort", job_id)

    async def cancel(self, job_id: str) -> Outcome:
        return await self._command("Cancel", job_id)

    async def clear(self, job_id: str) -> Outcome:
        return await self._command("Clear", job_id)

    async def jobs(self) -> Mapping[str, JobState] | Unreachable:
        """The JobOrderList with each job's top-level state."""
        entries = await self._entries()
        if isinstance(entries, Unreachable):
            return entries
        return {entry.JobOrder.JobOrderID: top_state(entry.State) for entry in entries}

    async def listed(self) -> Sequence[ListedJob] | Unreachable:
        """The jobs of the JobOrderList that say when they are to run."""
        entries = await self._entries()
        if isinstance(entries, Unreachable):
            return entries
        found = (listed_job(entry.JobOrder, top_state(entry.State)) for entry in entries)
        return [job for job in found if job is not None]

    async def _entries(self) -> list[ISA95JobOrderAndStateDataType] | Unreachable:
        bound = await self._bind()
        if isinstance(bound, Unreachable | Rejected):
            return Unreachable(bound.reason)
        try:
            (value,) = await bound.session.services.read_attributes([bound.job_list], ua.AttributeIds.Value)
            value.StatusCode.check()
            return [unpack(ISA95JobOrderAndStateDataType, entry) for entry in value.Value.Value or ()]
        except UNREADABLE as error:
            return Unreachable(explain(error, bound.session.endpoint))

    async def response(self, job_id: str) -> JobResponse | Rejected | Unreachable:
        answer = await self._call(REQUEST_RESPONSE, [ua.Variant(job_id, ua.VariantType.String)])
        if isinstance(answer, Rejected | Unreachable):
            return answer
        *found, status = answer
        problems = faults(int(status))
        if problems or not found:
            return Rejected(", ".join(problems) or "no job response")
        try:
            return job_response(job_id, unpack(ISA95JobResponseDataType, found[0]))
        except ValueError as error:
            return Rejected(str(error))

    async def _send(self, method: str, job: JobOrder) -> Outcome:
        bound = await self._bind()
        if isinstance(bound, Unreachable | Rejected):
            return bound
        structure = pack(order_structure(job), bound.namespace)
        return await self._outcome(method, ua.Variant(structure, ua.VariantType.ExtensionObject))

    async def _command(self, method: str, job_id: str) -> Outcome:
        return await self._outcome(method, ua.Variant(job_id, ua.VariantType.String))

    async def _outcome(self, method: str, subject: ua.Variant) -> Outcome:
        comment = ua.Variant([ua.LocalizedText("booked through Thirdshift", "en")], ua.VariantType.LocalizedText)
        answer = await self._call(method, [subject, comment])
        if isinstance(answer, Rejected | Unreachable):
            return answer
        problems = faults(int(answer[-1])) if answer else ()
        return Rejected(f"{method}: {', '.join(problems)}") if problems else Done()

    async def _call(self, method: str, arguments: Sequence[ua.Variant]) -> list[Any] | Rejected | Unreachable:
        """The output arguments of one of METHODS."""
        if method not in METHODS:
            msg = f"{method} is not one of {', '.join(sorted(METHODS))}"
            raise MethodForbidden(msg)
        bound = await self._bind()
        if isinstance(bound, Unreachable | Rejected):
            return bound
        if method not in bound.methods:
            return Rejected(f"the machine has no method {method}")
        owner = bound.provider if method == REQUEST_RESPONSE else bound.receiver
        request = ua.CallMethodRequest(ObjectId=owner, MethodId=bound.methods[method], InputArguments=list(arguments))
        try:
            (result,) = await bound.session.services.call([request])
        except LOST as error:
            return Unreachable(explain(error, bound.session.endpoint))
        if int(result.StatusCode.value) >> 31:
            return Rejected(f"{method}: {result.StatusCode.name}")
        return [variant.Value for variant in result.OutputArguments or ()]

    async def _bind(self) -> Bound | Unreachable | Rejected:
        """The nodes in the live session, looked up once a session."""
        async with self._lock:
            session = self.session()
            if session is None:
                return Unreachable("there is no session with the machine")
            if self._bound is not None and self._bound.session is session:
                return self._bound
            try:
                self._bound = await bind(session, parse(self.receiver, parse(self.root)), self._responses())
            except NoJobControl as error:
                return Rejected(str(error))
            except LOST as error:
                return Unreachable(explain(error, session.endpoint))
            return self._bound

    def _responses(self) -> Address | None:
        return None if self.responses is None else parse(self.responses, parse(self.root))
