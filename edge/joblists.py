"""Follows the machines' own job lists where they are the plant's plan: who is next on the machine, and for how long."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from edge.orders.job import FINISHED, JobState, ListedJob
from edge.orders.port import JobPort, Unreachable
from edge.plan import PlannedOrder, Progress
from edge.planfolder import Listed
from edge.plansource import Plan
from edge.trouble import Trouble
from gateway.clock import Clock
from gateway.span import Span


@dataclass
class JobLists:
    """Puts what each machine's list says into `listed`; one that does not answer leaves the last word, which ages."""

    plans: Mapping[str, Plan]
    ports: Mapping[str, JobPort]
    listed: dict[str, Listed]
    clock: Clock
    trouble: Trouble

    async def run(self) -> None:
        """Ask each machine when it is due, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for name, plan in self.plans.items():
                tasks.create_task(self._follow(name, plan))

    async def _follow(self, name: str, plan: Plan) -> None:
        while True:
            await self.ask(name)
            await asyncio.sleep(plan.every.total_seconds())

    async def ask(self, name: str) -> None:
        """Ask one machine now."""
        port = self.ports[name]
        try:
            found = await port.listed()
        except ValueError as error:
            found = Unreachable(str(error))
        if isinstance(found, Unreachable):
            self.trouble.comes(f"plan/{name}", f"its job list cannot be read: {found.reason}; the last one ages")
            return
        now = self.clock.now()
        orders = [await self._order(name, port, job, now) for job in found if job.state not in FINISHED]
        self.listed[name] = Listed(tuple(sorted(orders, key=lambda order: order.span)), now)
        self.trouble.goes(f"plan/{name}")

    async def _order(self, name: str, port: JobPort, job: ListedJob, now: datetime) -> PlannedOrder:
        """The job as an order; of a running one the pieces still to make, as far as the machine counts them."""
        order = PlannedOrder(name, Span(job.start, job.end), job.id)
        if job.state is not JobState.RUNNING or not job.runs or order.serves_a_booking:
            return order
        response = await port.response(job.id)
        good = getattr(response, "good_quantity", None)
        if good is None:
            return order
        start = min(job.start, now)
        progress = Progress(job.runs - good, (job.end - job.start) / job.runs, now)
        return PlannedOrder(name, Span(start, job.end), job.id, progress)
