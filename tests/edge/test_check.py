"""`thirdshift edge check` against a machine that is there."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from edge.check import Finding, check
from edge.simulate.server import MachineServer
from gateway.clock import Clock

Look = Callable[..., Awaitable[dict[str, Finding]]]
CONFIG = """\
agent: plant-a
link: {{id: k1, secret: "file:link.key"}}
broker: {{port: 1}}
machines:
  Press:
    profile: opcua-machinery
    source: {{type: opcua, url: "{url}", root: "{root}"}}
    orders: {{policy: store, work_masters: {{turn: {{}}}}}}
"""


@pytest.fixture
async def press() -> AsyncIterator[MachineServer]:
    server = MachineServer("Press", Clock())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def look(press: MachineServer, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Look:
    """The findings about the machine, with its root as it is or another."""
    monkeypatch.setattr("edge.check.BROKER_PATIENCE", 0.05)
    write("link.key", base64.b64encode(bytes(32)).decode())

    async def run(root: str = press.root, url: str = press.url) -> dict[str, Finding]:
        path = write("edge.yaml", CONFIG.format(url=url, root=root))
        return {each.what: each for each in await check(path, Clock())}

    return run


async def test_every_node_is_read_with_its_type(look: Look) -> None:
    found = await look()
    assert found["Press: item_state"].found.startswith("LocalizedText")
    assert found["Press: job_orders"].found == "takes job orders"
    assert all(each.ok for name, each in found.items() if name.startswith("Press"))


async def test_a_node_that_is_not_there_is_named_with_its_neighbours(look: Look) -> None:
    found = await look(root="/Objects/machinery:Machines/Prss")
    assert not found["Press: item_state"].ok
    assert "Press" in found["Press: item_state"].remedy
    assert found["Press: operation_mode"].ok, "an optional signal may be missing"
    assert not found["Press: job_orders"].ok


async def test_a_machine_that_does_not_answer_is_one_finding(look: Look) -> None:
    found = await look(url="opc.tcp://127.0.0.1:1")
    broken = [each for name, each in found.items() if name.startswith("Press") and not each.ok]
    assert len(broken) == 1
    assert "127.0.0.1:1" in broken[0].found
