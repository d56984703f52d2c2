"""The job orders that a simulated machine is given: which of them is to be run now, and how far it is."""

from dataclasses import dataclass, field

from edge.orders.job import NO_ERROR, JobOrder, JobState, Move
from edge.simulate.job_desk import JobDesk


@dataclass
class Work:
    """Takes every order; what a client starts is run, one after the other."""

    desk: JobDesk
    _orders: dict[str, JobOrder] = field(default_factory=dict, init=False)
    _waiting: list[str] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self.desk.on_store = self._store
        self.desk.on_start = self._waiting.append

    async def begin(self) -> JobOrder | None:
        """The next job, which runs from now on; None if there is none."""
        while self._waiting:
            job_id = self._waiting.pop(0)
            if await self.desk.move(job_id, Move.RUN) == NO_ERROR:
                return self._orders[job_id]
        return None

    def made(self, job_id: str, good: int) -> bool:
        """So many pieces are made; False if the job was taken away meanwhile."""
        job = self.desk.held.jobs.get(job_id)
        if job is None or job.state is not JobState.RUNNING:
            return False
        job.good = good
        return True

    async def end(self, job_id: str) -> None:
        """All of it is made."""
        await self.desk.move(job_id, Move.FINISH)

    def _store(self, order: JobOrder) -> bool:
        self._orders[order.id] = order
        return True
