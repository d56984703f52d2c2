"""What a runner of orders needs from a machine, whatever protocol it speaks, and how a request to it can come out."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from edge.orders.job import JobOrder, JobResponse, JobState, ListedJob


@dataclass(frozen=True, slots=True)
class Done:
    """The machine took it."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """The machine answered and said no; asking again unchanged will not help."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreachable:
    """Nobody can say: there was no session, or it ended before the answer came."""

    reason: str


Outcome = Done | Rejected | Unreachable


class JobPort(Protocol):
    """One machine's job list (OPC 10031-4). Every answer is a value; nothing is raised for what a machine may do."""

    async def store(self, job: JobOrder) -> Outcome: ...
    async def start(self, job_id: str) -> Outcome: ...
    async def abort(self, job_id: str) -> Outcome: ...
    async def cancel(self, job_id: str) -> Outcome: ...
    async def clear(self, job_id: str) -> Outcome: ...

    async def jobs(self) -> Mapping[str, JobState] | Unreachable:
        """The jobs in the machine's list, each with its state."""
        ...

    async def listed(self) -> Sequence[ListedJob] | Unreachable:
        """The jobs in the machine's list that say when they are to run."""
        ...

    async def response(self, job_id: str) -> JobResponse | Rejected | Unreachable:
        """What became of one job so far."""
        ...


@dataclass(frozen=True, slots=True)
class Nowhere:
    """A machine of which the config names no list of job orders: nobody answers."""

    away: Unreachable = Unreachable("the config names no list of job orders of this machine")

    async def store(self, job: JobOrder) -> Outcome:  # noqa: ARG002
        return self.away

    async def start(self, job_id: str) -> Outcome:  # noqa: ARG002
        return self.away

    async def abort(self, job_id: str) -> Outcome:  # noqa: ARG002
        return self.away

    async def cancel(self, job_id: str) -> Outcome:  # noqa: ARG002
        return self.away

    async def clear(self, job_id: str) -> Outcome:  # noqa: ARG002
        return self.away

    async def jobs(self) -> Mapping[str, JobState] | Unreachable:
        return self.away

    async def listed(self) -> Sequence[ListedJob] | Unreachable:
        return self.away

    async def response(self, job_id: str) -> JobResponse | Rejected | Unreachable:  # noqa: ARG002
        return self.away
