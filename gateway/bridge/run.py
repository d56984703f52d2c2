"""Puts the door together from its config, and keeps it open until it is told to stop."""

import asyncio
import signal
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import structlog

from gateway import shown
from gateway.bridge import status
from gateway.bridge.brokers import Brokers
from gateway.bridge.config import Config, lanes, read, settings
from gateway.bridge.door import Door
from gateway.bridge.judge import by_policy
from gateway.bridge.notebook import Notebook
from gateway.bridge.store import FileCache
from gateway.clock import Clock
from gateway.errors import FileInvalid
from gateway.mqtt import MqttClient

log = structlog.get_logger(__name__)

SHOWN_EVERY = 0.5
"""Real seconds."""

LONGEST_WAIT = 5.0
"""Real seconds between attempts to reach a broker: a line that is back should not stay unused."""


async def run(path: Path, clock: Clock) -> None:
    """Run until SIGINT or SIGTERM. Raises FileInvalid, CacheTaken, SameBroker."""
    config, vault = read(path)
    keys = lanes(config, vault)
    inside, outside = (
        MqttClient(replace(settings(config, side, vault), longest_wait=LONGEST_WAIT)) for side in ("inside", "outside")
    )
    _make(config.data)
    cache = FileCache(config.data / "cache.sqlite", config.cache)
    cache.retain(keys)
    try:
        async with inside, outside:
            brokers = Brokers(inside, outside)
            door = Door(keys, by_policy(config.disclosure), cache, Notebook(clock.now), brokers)
            log.info(
                "gateway runs",
                inside=config.inside.place,
                outside=config.outside.place,
                agents=list(config.agents),
                waiting_bytes=cache.size(),
            )
            await until_told(asyncio.ensure_future(_all(config, door, clock)))
    finally:
        cache.close()


async def _all(config: Config, door: Door, clock: Clock) -> None:
    async def show() -> None:
        while True:
            found = status.document(config, door)
            with suppress(OSError):
                shown.show(config.data, {"at": clock.now(), **found})
            await asyncio.sleep(SHOWN_EVERY)

    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(door.run())
        tasks.create_task(door.brokers.part())
        tasks.create_task(show())


async def until_told(work: "asyncio.Future[None]") -> None:
    """Until the work fails, or a signal asks to stop."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, work.cancel)
    with suppress(asyncio.CancelledError):
        await work
    log.info("gateway stopped")


def _make(data: Path) -> None:
    try:
        data.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"data: {data}: {error.strerror}; make the folder, or name one that this user may write to"
        raise FileInvalid(msg) from error
