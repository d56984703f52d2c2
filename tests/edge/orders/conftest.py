"""Machines of three kinds for the same tests: the shipped fake, our own simulated server, and a foreign one."""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import pytest
from foreign_opcua import BLOCKS, ForeignPlant, machine_root

from edge.orders.isa95 import Isa95Jobs
from edge.orders.job import Move
from edge.orders.port import JobPort
from edge.simulate.fake_jobs import FakeJobs
from edge.simulate.job_desk import JobDesk
from edge.simulate.server import MachineServer
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_session import OpcUaSession
from gateway.clock import Clock
from gateway.messages import Order

RECEIVER = f"{BLOCKS}/jobs:JobManagement/jobs:JobOrderControl"
PIECE = 0.02


class Bench(Protocol):
    """A machine under test: its port, and how it is to treat the next jobs."""

    port: JobPort

    async def treat(self, *, stop_at: float = 1.0, ignore_start: bool = False) -> None: ...


@dataclass
class DeskPlayer:
    """Plays the machine behind a JobDesk: a piece every PIECE seconds."""

    desk: JobDesk
    stop_at: float = 1.0
    ignore_start: bool = False
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.desk.on_start = self.begin

    def begin(self, job_id: str) -> None:
        if not self.ignore_start:
            task = asyncio.create_task(self._run(job_id))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _run(self, job_id: str) -> None:
        await asyncio.sleep(PIECE)
        await self.desk.move(job_id, Move.RUN)
        job = self.desk.held.jobs[job_id]
        quantity = next(entry.Value.Value for entry in job.order.JobOrderParameters if entry.ID == "RunsPlanned")
        while job.good < quantity * self.stop_at:
            await asyncio.sleep(PIECE)
            if job.state.value != "Running":
                return
            job.good += 1
        await self.desk.move(job_id, Move.FINISH)

    def stop(self) -> None:
        for task in self._tasks:
            task.cancel()


@dataclass
class OurBench:
    """The fake, or our own simulated server."""

    port: JobPort
    player: DeskPlayer

    async def treat(self, *, stop_at: float = 1.0, ignore_start: bool = False) -> None:
        self.player.stop_at, self.player.ignore_start = stop_at, ignore_start


@dataclass
class ForeignBench:
    """A machine of the foreign plant, which runs its jobs itself."""

    port: JobPort
    plant: ForeignPlant

    async def treat(self, *, stop_at: float = 1.0, ignore_start: bool = False) -> None:
        await self.plant.ask("stop_at", machine="Press", share=stop_at)
        await self.plant.ask("ignore_start", machine="Press", on=ignore_start)


async def _fake(_request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    player = DeskPlayer(JobDesk(Clock()))
    yield OurBench(FakeJobs(player.desk), player)
    player.stop()


async def _simulated(_request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    server = MachineServer("Press", Clock())
    player = DeskPlayer(server.desk)
    await server.start()
    session = await OpcUaSession.open(OpcUaEndpoint(url=server.url, security="none"))
    yield OurBench(Isa95Jobs(lambda: session, RECEIVER, root=server.root), player)
    player.stop()
    await session.close()
    await server.stop()


async def _foreign(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    plant: ForeignPlant = request.getfixturevalue("standing_plant")
    session = await OpcUaSession.open(OpcUaEndpoint(url=plant.url, security="none"))
    bench = ForeignBench(Isa95Jobs(lambda: session, RECEIVER, root=machine_root("Press")), plant)
    await bench.treat()
    yield bench
    await bench.treat()
    await session.close()


KINDS: dict[str, Callable[[pytest.FixtureRequest], AsyncIterator[Bench]]] = {
    "fake": _fake,
    "simulated": _simulated,
    "foreign": _foreign,
}


@pytest.fixture(params=list(KINDS))
async def bench(request: pytest.FixtureRequest) -> AsyncIterator[Bench]:
    """One machine of each kind in turn."""
    if request.param == "foreign":
        request.getfixturevalue("standing_plant")
    async for made in KINDS[request.param](request):
        yield made


@pytest.fixture
def order() -> Callable[..., Order]:
    """An order of five pieces that may start now and must within a minute; anything else is said."""

    def make(booking: str = "bkg_1", **changes: Any) -> Order:
        now = datetime.now(UTC)
        fields: dict[str, Any] = {
            "booking": booking,
            "revision": 1,
            "machine": "Press",
            "start": now,
            "end": now + timedelta(hours=1),
            "not_after": now + timedelta(minutes=1),
            "work_master": "bracket",
            "quantity": 5,
            "material": "S235JR",
            "parameters": {"depth": 2.5, "program": "O1234", "passes": 3},
        }
        return Order(**(fields | changes))

    return make
