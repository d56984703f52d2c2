"""What the service manager is told: ready once, then alive as long as the machines are looked at."""

import asyncio
import socket
from contextlib import suppress
from pathlib import Path

import pytest

from edge.local import notify
from edge.local.facts import STUCK

from .conftest import Running


@pytest.fixture
def manager(tmp_path: Path) -> socket.socket:
    found = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    found.bind(str(tmp_path / "notify"))
    found.settimeout(5)
    return found


async def test_a_ready_agent_gives_signs_of_life_until_it_is_stuck(
    running: Running, manager: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notify, "LEAST", 0.05)
    environment = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "100000"}
    attending = asyncio.create_task(notify.attend(running.station, environment))
    assert (await asyncio.to_thread(manager.recv, 100)).startswith(b"READY=1\nSTATUS=2 machines")
    assert await asyncio.to_thread(manager.recv, 100) == b"WATCHDOG=1"
    await running.station.works.stop("agent")
    running.station.agent.looked -= STUCK
    manager.settimeout(0.5)
    await asyncio.sleep(0.3)
    manager.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            manager.recv(100)
    await asyncio.sleep(0.5)
    with pytest.raises(BlockingIOError):
        manager.recv(100)
    attending.cancel()
    manager.close()


def test_without_a_service_manager_nothing_is_said() -> None:
    notify.notify("READY=1", {})
    notify.notify("READY=1", {"NOTIFY_SOCKET": "/nonexistent/socket"})
