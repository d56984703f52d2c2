"""A simulated machine is read like any other, keeps business time, and shares nothing with its neighbours."""

import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest

from edge.simulate.machinery_nodes import PLANT
from edge.simulate.server import MachineServer
from edge.sources.opcua_address import parse
from edge.sources.opcua_check import check
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_nodes import resolve
from edge.sources.opcua_session import NAMESPACES_NODE, OpcUaSession
from gateway.clock import Clock
from gateway.machine import ItemState, OperationMode

BLOCKS = "machinery:MachineryBuildingBlocks"
SIGNALS = {
    "state": f"{BLOCKS}/machinery:MachineryItemState/CurrentState",
    "number": f"{BLOCKS}/machinery:MachineryItemState/CurrentState/Number",
    "mode": f"{BLOCKS}/machinery:MachineryOperationMode/CurrentState",
    "parts": f"nsu={PLANT};PartsGood",
    "serial": "di:Identification/di:SerialNumber",
}
LONG_AGO = datetime(2012, 2, 27, 6, tzinfo=UTC)


@pytest.fixture
async def two() -> AsyncIterator[list[MachineServer]]:
    clock = Clock(speed=60, anchor=time.time(), origin=LONG_AGO)
    servers = [MachineServer(name, clock) for name in ("Mill 1", "Mill 2")]
    for server in servers:
        await server.start()
    yield servers
    for server in servers:
        await server.stop()


async def values(server: MachineServer) -> dict[str, object]:
    verdicts = await check(OpcUaEndpoint(url=server.url, security="none"), SIGNALS, root=server.root)
    assert all(verdict.ok for verdict in verdicts), verdicts
    return {verdict.signal: verdict.value for verdict in verdicts}


async def test_each_machine_shows_its_own_state_mode_and_counter(two: list[MachineServer]) -> None:
    one, other = two
    await one.set_state(ItemState.EXECUTING, OperationMode.PROCESSING)
    await one.set_counter(7)
    assert await values(one) == {
        "state": "Executing",
        "number": 3,
        "mode": "Processing",
        "parts": 7,
        "serial": "Mill 1",
    }
    assert (await values(other))["state"] == "NotAvailable"
    assert (await values(other))["parts"] == 0


async def test_stamps_are_business_time(two: list[MachineServer]) -> None:
    await two[0].set_state(ItemState.NOT_EXECUTING)
    session = await OpcUaSession.open(OpcUaEndpoint(url=two[0].url, security="none"))
    address = parse(SIGNALS["state"], parse(two[0].root))
    node = (await resolve(session, [address]))[address]
    (value,) = await session.services.read_attributes([node], 13)
    await session.close()
    assert LONG_AGO <= value.SourceTimestamp.replace(tzinfo=UTC) < LONG_AGO + timedelta(hours=1)


async def test_a_server_s_standard_nodes_are_its_own(two: list[MachineServer]) -> None:
    """They are lent from one pristine set: what one server writes, the next must not see."""
    third = MachineServer("Mill 3", Clock())
    await third.start()
    before = third._server.iserver.aspace[NAMESPACES_NODE]
    assert all(server._server.iserver.aspace[NAMESPACES_NODE] is not before for server in two)
    await third._server.register_namespace("urn:only-here")
    session = await OpcUaSession.open(OpcUaEndpoint(url=two[0].url, security="none"))
    assert "urn:only-here" not in session.namespaces
    await session.close()
    await third.stop()
