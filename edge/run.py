"""Puts one agent together from its config, and keeps all its works running until it is told to stop."""

import asyncio
import signal
from collections.abc import Awaitable, Callable
from contextlib import suppress
from pathlib import Path

import structlog

from edge import wiring
from edge.build import build
from edge.config import Config, read
from edge.errors import FileInvalid
from edge.local.notify import attend, notify
from edge.local.serve import serve
from edge.planfolder import folder
from edge.reload import reload
from edge.secret import Vault
from edge.specs import specs
from edge.station import Station
from edge.trouble import Trouble
from edge.uplink import caps, lane, mqtt_settings, sender
from edge.works import Works
from gateway.clock import Clock
from gateway.courier import Courier, Intake
from gateway.mqtt import MqttClient
from gateway.outbox import Outbox, OutboxUnavailable

log = structlog.get_logger(__name__)


async def run(path: Path, clock: Clock) -> None:
    """Run the agent of this config until SIGINT or SIGTERM; SIGHUP reads the config anew.

    Raises FileInvalid, OutboxUnavailable, OutboxDamaged.
    """
    config, vault = prepare(path)
    with Outbox(config.data / "outbox.sqlite", now=clock.now, caps=caps(config.post)) as outbox:
        feeds = wiring.feeds(wiring.Bench(config, clock, vault, lambda name: outbox.cursor(f"source/{name}")))
        papers = folder(config, clock, Trouble(), vault)
        agent = build(config, clock, outbox, papers)
        up, down = lane(config, vault, "up"), lane(config, vault, "down")
        async with MqttClient(mqtt_settings(config, vault)) as client:

            async def work(told: asyncio.Event) -> None:
                async with asyncio.TaskGroup() as group:
                    station = Station(path, config, vault, clock, agent, papers, specs(config, vault), Works(group))
                    courier = Courier(sender(outbox, up, config.post), client, up, agent.on_effect)
                    agent.post.on_sent = courier.wake
                    station.works.start("courier", courier.run())
                    station.works.start("intake", Intake(client, outbox, down, station.book.store, clock.now).run())
                    station.start(feeds)
                    station.works.start("doors", serve(station, lambda: client.connected))
                    _on_hangup(station)
                    log.info("agent runs", agent=config.agent, machines=list(agent.desks))
                    station.works.start("notify", attend(station))
                    await told.wait()
                    notify("STOPPING=1")
                    await station.works.end()

            await _until_told(work)
            with suppress(OutboxUnavailable):
                agent.post.flush()
    log.info("agent stopped")


def prepare(path: Path) -> tuple[Config, Vault]:
    """The config, where its secrets are, and its data folder made. Raises FileInvalid."""
    config = read(path)
    try:
        config.data.mkdir(mode=0o750, parents=True, exist_ok=True)
    except OSError as error:
        msg = f"data: {config.data}: {error.strerror}; make the folder, or name one that this user may write to"
        raise FileInvalid(msg) from error
    return config, Vault.beside(path.resolve())


def _on_hangup(station: Station) -> None:
    """SIGHUP reads the config anew; what becomes of it is in the log."""
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, lambda: station.works.start("reload", _reloaded(station)))


async def _reloaded(station: Station) -> None:
    await reload(station)


async def _until_told(work: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    """Run the work until it fails, or until it has ended after a signal asked for that."""
    loop, told = asyncio.get_running_loop(), asyncio.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, told.set)
    await work(told)
