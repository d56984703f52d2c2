"""Tells the service manager how the agent is, where there is one that asks (sd_notify(3)): ready, alive, stopping."""

import asyncio
import os
import socket
import time
from collections.abc import Mapping
from contextlib import suppress

from edge.local.facts import STUCK
from edge.station import Station

LEAST = 0.5
"""Real seconds between two signs of life, at least."""


def notify(text: str, environment: Mapping[str, str] = os.environ) -> None:
    """Send a word such as `READY=1`; without a service manager nothing happens."""
    address = environment.get("NOTIFY_SOCKET", "")
    if not address:
        return
    with suppress(OSError), socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as found:
        found.connect(f"\0{address[1:]}" if address.startswith("@") else address)
        found.send(text.encode())


async def attend(station: Station, environment: Mapping[str, str] = os.environ) -> None:
    """Say that the agent is ready, then give signs of life for as long as it looks at its machines."""
    notify(f"READY=1\nSTATUS={len(station.agent.desks)} machines", environment)
    every = int(environment.get("WATCHDOG_USEC", "0")) / 2e6
    while every:
        await asyncio.sleep(max(every, LEAST))
        if time.monotonic() - station.agent.looked < STUCK:
            notify("WATCHDOG=1", environment)
    await asyncio.Event().wait()
