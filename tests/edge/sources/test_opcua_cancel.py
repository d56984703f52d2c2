"""A source ends when it is cancelled, whenever that comes."""

import asyncio
from typing import Any

import pytest

from edge.sources.opcua import MachineNodes, OpcUaSource
from edge.sources.opcua_endpoint import OpcUaEndpoint
from gateway.clock import Clock


async def nowhere(_events: Any) -> None:
    """Takes everything and keeps nothing."""


@pytest.mark.parametrize("milliseconds", [0, 1, 2, 3, 4, 6, 10])
async def test_a_source_whose_server_refuses_is_cancelled_at_any_moment(milliseconds: int) -> None:
    endpoint = OpcUaEndpoint(url="opc.tcp://127.0.0.1:9", security="none", retry_cap_s=0.1)
    for _ in range(25):
        task = asyncio.create_task(OpcUaSource(endpoint, {"M": MachineNodes({"a": "i=2259"})}, Clock()).run(nowhere))
        await asyncio.sleep(milliseconds / 1000)
        task.cancel()
        await asyncio.wait({task}, timeout=10)
        assert task.cancelled()
