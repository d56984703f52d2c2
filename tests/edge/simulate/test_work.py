"""A simulated machine with a list of job orders runs what it is given, and goes on with its own story."""

import asyncio
from datetime import timedelta

from edge.orders.isa95 import Isa95Jobs
from edge.orders.job import JobOrder, JobResponse, JobState
from edge.orders.port import Done
from edge.profile import find
from edge.simulate.play import Player
from edge.simulate.profile_server import ProfileServer
from edge.simulate.work import Work
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_session import OpcUaSession
from edge.sources.opcua_signal import OpcUaProfile
from gateway.clock import Clock
from gateway.machine import ItemState


async def test_a_job_is_stored_started_run_and_answered() -> None:
    profile = find("opcua-machinery")
    assert isinstance(profile, OpcUaProfile)
    clock = Clock()
    server = ProfileServer(profile, "Press", clock)
    await server.start()
    seen: list[ItemState | None] = []
    player = Player(profile, server.show, 400.0, lambda step: seen.append(step.state), Work(server.desk))
    playing = asyncio.create_task(player.run())
    session = await OpcUaSession.open(OpcUaEndpoint(url=server.url, security="none"))
    try:
        jobs = Isa95Jobs(lambda: session, profile.job_orders or "", root=server.root)
        now = clock.now()
        order = JobOrder(
            id="bkg_1-1", work_master="turn", quantity=5, start=now, end=now + timedelta(hours=1), parameters={}
        )
        assert await jobs.store(order) == Done()
        assert await jobs.start(order.id) == Done()
        async with asyncio.timeout(30):
            while (await jobs.jobs())[order.id] is not JobState.ENDED:  # type: ignore[index]  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        answer = await jobs.response(order.id)
        assert isinstance(answer, JobResponse)
        assert answer.good_quantity == 5
        assert ItemState.EXECUTING in seen
    finally:
        await session.close()
        playing.cancel()
        await asyncio.gather(playing, return_exceptions=True)
        await server.stop()
