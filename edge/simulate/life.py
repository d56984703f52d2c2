"""One simulated machine's life: its log, hour by hour, and the jobs that are booked on it in between."""

import asyncio
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from edge.orders.job import JobOrder, Move
from edge.simulate.config import SimulatedMachine, behaviour_of
from edge.simulate.server import MachineServer
from edge.sources.replaylog import Moment
from gateway.clock import Clock
from gateway.machine import ItemState, OperationMode

STATES: dict[str, tuple[ItemState, OperationMode]] = {
    "production": (ItemState.EXECUTING, OperationMode.PROCESSING),
    "setup": (ItemState.NOT_EXECUTING, OperationMode.SETUP),
    "breakdown": (ItemState.OUT_OF_SERVICE, OperationMode.PROCESSING),
    "idle": (ItemState.NOT_EXECUTING, OperationMode.PROCESSING),
}
RUNNING = (ItemState.EXECUTING, OperationMode.PROCESSING)
SHORTEST_TICK = 0.02


@dataclass
class MachineLife:
    """Plays one machine. What clients ask of it goes to `record`, one JSON object a line: the machine's own word."""

    machine: SimulatedMachine
    server: MachineServer
    moments: Sequence[Moment]
    clock: Clock
    record: Path
    behaviour: Path
    _orders: dict[str, JobOrder] = field(default_factory=dict)
    _jobs: dict[str, asyncio.Task[None]] = field(default_factory=dict)
    _own: tuple[ItemState, OperationMode] = STATES["idle"]
    _parts: int = 0

    async def run(self) -> None:
        """Until cancelled."""
        self.server.listen(on_store=self._store, on_start=self._start, on_stop=self._abort, on_abort=self._abort)
        past = [moment for moment in self.moments if moment.at <= self.clock.now()]
        if past:
            self._own = STATES[past[-1].values["report"]]
        await self.server.set_state(*self._own)
        for moment in self.moments[len(past) :]:
            await asyncio.sleep(self.clock.seconds_until(moment.at))
            await self._turn(moment.values["report"])
        await asyncio.Event().wait()

    async def _turn(self, report: str) -> None:
        """The plant's own life goes on; a breakdown ends a booked job, everything else waits until it is done."""
        self._own = STATES[report]
        if report == "breakdown":
            for job_id in list(self._jobs):
                await self._break(job_id)
        if not self._jobs:
            await self.server.set_state(*self._own)

    def _store(self, order: JobOrder) -> bool:
        self._orders[order.id] = order
        self._note("Store", order.id)
        return True

    def _start(self, job_id: str) -> None:
        self._note("Start", job_id)
        if not behaviour_of(self.behaviour, job_id).ignore_start:
            self._jobs[job_id] = asyncio.create_task(self._run_job(job_id))

    def _abort(self, job_id: str) -> None:
        self._note("Abort", job_id)
        task = self._jobs.pop(job_id, None)
        if task:
            task.cancel()
            self._jobs[job_id] = asyncio.create_task(self._rest(job_id))

    async def _run_job(self, job_id: str) -> None:
        """Make the parts one by one; a machine that stops part-way aborts with what it has made."""
        quantity = self._orders[job_id].quantity
        share = behaviour_of(self.behaviour, job_id).stop_at
        goal = quantity if share is None else math.floor(quantity * share)
        await self.server.run_job(job_id)
        await self.server.set_state(*RUNNING)
        began = self.clock.now()
        made = 0
        while made < goal:
            await asyncio.sleep(max(self.clock.seconds_until(began + self._cycle * (made + 1)), SHORTEST_TICK))
            due = math.floor((self.clock.now() - began) / self._cycle)
            self._parts += min(due, goal) - made
            made = min(due, goal)
            self.server.count_job(job_id, made)
            await self.server.set_counter(self._parts)
        if share is None:
            await self.server.end_job(job_id, made)
        else:
            await self.server.desk.move(job_id, Move.ABORT)
        self._note("Ended" if share is None else "Aborted", job_id)
        await self._rest(job_id)

    @property
    def _cycle(self) -> timedelta:
        return timedelta(seconds=self.machine.cycle_s)

    async def _break(self, job_id: str) -> None:
        self._jobs.pop(job_id).cancel()
        await self.server.desk.move(job_id, Move.ABORT)

    async def _rest(self, job_id: str) -> None:
        self._jobs.pop(job_id, None)
        await self.server.set_state(*self._own)

    def _note(self, method: str, job_id: str) -> None:
        entry = {"machine": self.machine.name, "method": method, "job": job_id, "at": self.clock.now().isoformat()}
        with self.record.open("a") as file:
            file.write(json.dumps(entry) + "\n")
