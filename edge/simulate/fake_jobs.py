"""A machine's job list without a server: the shipped fake of JobPort, which passes the tests of the real ones."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from edge.orders.isa95_binding import REQUEST_RESPONSE
from edge.orders.isa95_codec import job_response, listed_job, order_structure
from edge.orders.isa95_types import ISA95JobResponseDataType, pack, unpack
from edge.orders.job import JobOrder, JobResponse, JobState, ListedJob, faults
from edge.orders.port import Done, Outcome, Rejected, Unreachable
from edge.simulate.job_desk import JobDesk

AWAY = Unreachable("the fake machine is switched off")


@dataclass
class FakeJobs:
    """A JobPort straight onto a JobDesk. `reachable` False is a machine that does not answer."""

    desk: JobDesk
    reachable: bool = True

    async def store(self, job: JobOrder) -> Outcome:
        return await self._call("Store", pack(order_structure(job), 0))

    async def start(self, job_id: str) -> Outcome:
        return await self._call("Start", job_id)

    async def abort(self, job_id: str) -> Outcome:
        return await self._call("Abort", job_id)

    async def cancel(self, job_id: str) -> Outcome:
        return await self._call("Cancel", job_id)

    async def clear(self, job_id: str) -> Outcome:
        return await self._call("Clear", job_id)

    async def jobs(self) -> Mapping[str, JobState] | Unreachable:
        if not self.reachable:
            return AWAY
        return {job_id: job.state for job_id, job in self.desk.held.jobs.items()}

    async def listed(self) -> Sequence[ListedJob] | Unreachable:
        if not self.reachable:
            return AWAY
        found = (listed_job(job.order, job.state) for job in self.desk.held.jobs.values())
        return [job for job in found if job is not None]

    async def response(self, job_id: str) -> JobResponse | Rejected | Unreachable:
        if not self.reachable:
            return AWAY
        found, status = await self.desk.respond(job_id)
        problems = faults(status.Value)
        if problems:
            return Rejected(f"{REQUEST_RESPONSE}: {', '.join(problems)}")
        return job_response(job_id, unpack(ISA95JobResponseDataType, found.Value))

    async def _call(self, method: str, subject: Any) -> Outcome:
        if not self.reachable:
            return AWAY
        (status,) = await self.desk.commands()[method](subject)
        problems = faults(status.Value)
        return Rejected(f"{method}: {', '.join(problems)}") if problems else Done()
