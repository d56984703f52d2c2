"""A simulated machine's list of jobs: what may be stored, moved and removed, with the return codes of OPC 10031-4."""

from dataclasses import dataclass, field
from datetime import datetime

from edge.orders.isa95_types import ISA95JobOrderDataType
from edge.orders.job import FINISHED, NO_ERROR, WAITING, IllegalMove, JobState, Move, moved

UNKNOWN_JOB = 1 << 1
WRONG_STATE = 1 << 3
UNABLE = 1 << 4
INVALID = 1 << 32


@dataclass
class Job:
    """One job: the order as it came, and what became of it."""

    order: ISA95JobOrderDataType
    state: JobState = JobState.NOT_ALLOWED_TO_START
    started: datetime | None = None
    ended: datetime | None = None
    good: int = 0


@dataclass
class JobList:
    """At most `limit` jobs (MaxDownloadableJobOrders). Every method returns a ReturnStatus; 1 is success."""

    limit: int = 50
    jobs: dict[str, Job] = field(default_factory=dict)

    def store(self, order: ISA95JobOrderDataType) -> int:
        if not order.JobOrderID:
            return INVALID
        if order.JobOrderID in self.jobs or len(self.jobs) >= self.limit:
            return UNABLE
        self.jobs[order.JobOrderID] = Job(order)
        return NO_ERROR

    def move(self, job_id: str, move: Move, now: datetime) -> int:
        """A move of the job's state machine; the first `run` is its start, the last move its end."""
        job = self.jobs.get(job_id)
        if job is None:
            return UNKNOWN_JOB
        try:
            job.state = moved(job.state, move)
        except IllegalMove:
            return WRONG_STATE
        if job.state is JobState.RUNNING and job.started is None:
            job.started = now
        if job.state in FINISHED and job.started is not None:
            job.ended = now
        return NO_ERROR

    def cancel(self, job_id: str) -> int:
        """Remove a job that has not started."""
        return self._remove(job_id, WAITING)

    def clear(self, job_id: str) -> int:
        """Remove a job that is over."""
        return self._remove(job_id, FINISHED)

    def _remove(self, job_id: str, states: frozenset[JobState]) -> int:
        job = self.jobs.get(job_id)
        if job is None:
            return UNKNOWN_JOB
        if job.state not in states:
            return WRONG_STATE
        del self.jobs[job_id]
        return NO_ERROR
