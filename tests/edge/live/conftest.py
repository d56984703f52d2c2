"""An agent whose sources run, without a broker; its config and its log can be changed under it."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edge import wiring
from edge.build import build
from edge.config import read
from edge.local.serve import serve
from edge.planfolder import folder
from edge.reload import Outcome, reload
from edge.secret import Vault
from edge.specs import specs
from edge.station import Station
from edge.trouble import Trouble
from edge.works import Works
from gateway.clock import Clock
from gateway.link import Point
from gateway.messages import Statement, Stream, decode_up
from gateway.outbox import Outbox

CONFIG = """\
agent: plant-a
link: {id: k1, secret: "env:KEY"}
selling: {repair_time: 4 h, forecast: off}
machines:
  M1: {profile: replay, source: {type: replay, file: log.csv}}
  M2: {profile: replay, source: {type: replay, file: log.csv}}
"""
LOG = """\
machine,report,start,end
M1,production,2026-03-02T07:00Z,2026-03-02T09:00Z
M2,production,2026-03-02T07:00Z,2026-03-02T08:30Z
M3,production,2026-03-02T07:00Z,2026-03-02T08:30Z
"""


class Running:
    """An agent whose sources run, without a broker."""

    def __init__(self, path: Path, clock: Clock) -> None:
        self.path, self.clock = path, clock

    async def start(self, group: asyncio.TaskGroup) -> None:
        config, vault = read(self.path), Vault.beside(self.path)
        config.data.mkdir(exist_ok=True)
        self.outbox = Outbox(config.data / "outbox.sqlite", now=self.clock.now)
        feeds = wiring.feeds(wiring.Bench(config, self.clock, vault, lambda name: self.outbox.cursor(f"source/{name}")))
        papers = folder(config, self.clock, Trouble(), vault)
        agent = build(config, self.clock, self.outbox, papers)
        self.station = Station(self.path, config, vault, self.clock, agent, papers, specs(config, vault), Works(group))
        self.station.start(feeds)
        self.station.works.start("doors", serve(self.station, lambda: False))

    async def reload(self, old: str = "", new: str = "") -> Outcome:
        self.path.write_text(self.path.read_text().replace(old, new))
        return await reload(self.station)

    def sent(self, stream: Stream = Stream.STATE) -> list[Any]:
        found = []
        for epoch in self.outbox.held(stream):
            found += self.outbox.read(stream, Point(epoch.epoch, epoch.oldest), 10_000, 1 << 30)
        return [decode_up(entry.payload) for entry in found if entry.payload]

    def statements(self, machine: str) -> list[Statement]:
        control = self.sent(Stream.CONTROL)
        return [told for told in control if isinstance(told, Statement) and told.machine == machine]

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(20):
            while not true():  # noqa: ASYNC110 - anything may be waited for here
                await asyncio.sleep(0.02)


@pytest.fixture
async def running(tmp_path: Path, monday: Callable[..., Any]) -> AsyncIterator[Running]:
    """An agent that has said of both machines what there is to sell."""
    (tmp_path / "log.csv").write_text(LOG)
    (tmp_path / "edge.yaml").write_text(CONFIG)
    async with lively(tmp_path / "edge.yaml", Clock(1.0, time.time(), monday("09:15"))) as made:
        await made.until(lambda: made.statements("M1") and made.statements("M2"))
        yield made


@asynccontextmanager
async def lively(path: Path, clock: Clock) -> AsyncIterator[Running]:
    """An agent that runs within the block."""
    made = Running(path, clock)
    ended = asyncio.Event()

    async def live() -> None:
        async with asyncio.TaskGroup() as group:
            await made.start(group)
            ended.set()

    task = asyncio.create_task(live())
    waiting = asyncio.create_task(ended.wait())
    await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if task.done():
        await task
    yield made
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    made.outbox.close()
