"""Job control over OPC UA: nothing but the named methods, the right nodes in every session, answers as values."""

import ast
import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from foreign_opcua import BLOCKS, ForeignPlant, MakePlant, machine_root

import edge
from edge.orders.isa95 import Isa95Jobs, MethodForbidden
from edge.orders.isa95_binding import METHODS
from edge.orders.job import JobState, job_order
from edge.orders.port import Done, Rejected, Unreachable
from edge.simulate.server import MachineServer
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_session import OpcUaSession
from gateway.clock import Clock

RECEIVER = f"{BLOCKS}/jobs:JobManagement/jobs:JobOrderControl"
CALLERS = {"call", "call_method", "call_method_full"}


def calls_of_methods(source: str) -> list[int]:
    """The lines on which Python code calls an OPC UA method."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in CALLERS
    ]


def test_one_place_only_calls_methods_of_machines() -> None:
    root = Path(edge.__file__).parent
    found = [path for path in root.rglob("*.py") if calls_of_methods(path.read_text())]
    assert found == [root / "orders/isa95.py"]


def test_control_a_call_elsewhere_would_be_seen() -> None:
    assert calls_of_methods("async def f(node): await node.call_method('0:Reset')") == [1]


async def test_a_method_off_the_list_is_never_sent(standing_plant: ForeignPlant) -> None:
    async with opened(standing_plant) as session:
        jobs = Isa95Jobs(lambda: session, RECEIVER, root=machine_root("Press"))
        before = (await standing_plant.ask("machine", machine="Press"))["calls"]
        for method in ("Pause", "Resume", "Stop", "Update", "RevokeStart", "Reset"):
            assert method not in METHODS
            with pytest.raises(MethodForbidden):
                await jobs._command(method, "any")
        assert (await standing_plant.ask("machine", machine="Press"))["calls"] == before


async def test_control_a_method_on_the_list_is_sent(standing_plant: ForeignPlant) -> None:
    async with opened(standing_plant) as session:
        jobs = Isa95Jobs(lambda: session, RECEIVER, root=machine_root("Press"))
        assert isinstance(await jobs.abort("nobody-knows-it"), Rejected)
        assert ["Abort", "nobody-knows-it"] in (await standing_plant.ask("machine", machine="Press"))["calls"]


class opened:  # noqa: N801 - reads as a verb
    """A session for the length of a block."""

    def __init__(self, plant: Any) -> None:
        self.plant = plant

    async def __aenter__(self) -> OpcUaSession:
        self.session = await OpcUaSession.open(OpcUaEndpoint(url=self.plant.url, security="none"))
        return self.session

    async def __aexit__(self, *_: object) -> None:
        await self.session.close()


async def test_the_order_arrives_with_all_that_it_says(standing_plant: ForeignPlant, order: Any) -> None:
    job = job_order(order("bkg_all"))
    async with opened(standing_plant) as session:
        jobs = Isa95Jobs(lambda: session, RECEIVER, root=machine_root("Mill"))
        assert await jobs.store(job) == Done()
        (held,) = [
            each for each in (await standing_plant.ask("machine", machine="Mill"))["jobs"] if each["id"] == job.id
        ]
        assert held["workMaster"] == ["bracket"]
        assert held["quantity"] == 5
        assert held["parameters"] == {"RunsPlanned": 5, "depth": 2.5, "program": "O1234", "passes": 3}
        assert held["material"] == ["S235JR"]
        assert await jobs.cancel(job.id) == Done()


async def test_answers_are_values(standing_plant: ForeignPlant, order: Any) -> None:
    async with opened(standing_plant) as session:
        jobs = Isa95Jobs(lambda: session, RECEIVER, root=machine_root("Mill"))
        assert await jobs.start("unknown") == Rejected("Start: unknown job order")
        assert await jobs.response("unknown") == Rejected("unknown job order")
        await standing_plant.ask("refuse", machine="Mill", bits=1 << 4)
        assert await jobs.store(job_order(order())) == Rejected("Store: unable to accept job orders")
        await standing_plant.ask("refuse", machine="Mill", bits=0)
        nowhere = Isa95Jobs(lambda: session, "di:Identification", root=machine_root("Mill"))
        answer = await nowhere.start("x")
        assert isinstance(answer, Rejected)
        assert "job_orders" in answer.reason
    assert isinstance(await Isa95Jobs(lambda: None, RECEIVER).jobs(), Unreachable)
    assert isinstance(await jobs.jobs(), Unreachable)


async def test_machines_with_their_namespaces_in_other_orders_are_never_mixed_up(
    standing_plant: ForeignPlant, foreign_plant: MakePlant, order: Any
) -> None:
    """One agent, three servers: the same structures have three different ids, at the same time."""
    another = "plain" if standing_plant.options.get("order") == "shifted" else "shifted"
    shifted = await foreign_plant(order=another, machines=["Press"])
    ours = MachineServer("Press", Clock())
    await ours.start()
    roots = [(standing_plant, machine_root("Press")), (shifted, machine_root("Press")), (ours, ours.root)]
    job = job_order(order("bkg_mixed"))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(ours.stop)
        sessions = [await stack.enter_async_context(opened(plant)) for plant, _ in roots]
        ports = [
            Isa95Jobs(lambda session=session: session, RECEIVER, root=root)  # type: ignore[misc]
            for session, (_, root) in zip(sessions, roots, strict=True)
        ]
        for _ in range(2):
            assert await asyncio.gather(*(port.store(job) for port in ports)) == [Done()] * 3
            listed = await asyncio.gather(*(port.jobs() for port in ports))
            assert [jobs[job.id] for jobs in listed] == [JobState.NOT_ALLOWED_TO_START] * 3  # type: ignore[index]
            assert await asyncio.gather(*(port.cancel(job.id) for port in ports)) == [Done()] * 3
        assert len({session.namespaces for session in sessions}) == 3


READ_WITH_THE_LIBRARY_S_OWN_TYPES = """
import asyncio, sys
from asyncua import Client
async def main():
    async with Client(sys.argv[1]) as client:
        found = await client.load_data_type_definitions()
        print(sorted(name for name in found if name.startswith("ISA95")))
asyncio.run(main())
"""


async def test_a_client_that_knows_nothing_of_us_can_read_our_data_types() -> None:
    server = MachineServer("Press", Clock())
    await server.start()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", READ_WITH_THE_LIBRARY_S_OWN_TYPES, server.url, stdout=subprocess.PIPE
    )
    out, _ = await asyncio.wait_for(child.communicate(), 30)
    await server.stop()
    assert out.decode().count("ISA95") == 11
