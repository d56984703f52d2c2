"""Values a second and core: the agent with everything it does, and a bare client of the same server, by turns."""

import asyncio
import time
from dataclasses import dataclass

from edge.bench.bare import Bare
from edge.bench.load import Load
from edge.bench.plant import Plant
from edge.bench.receiver import Receiver
from edge.bench.rig import Rig
from gateway.ports import free_port

PUBLISHING_MS = 100
SETTLED = 8.0
"""Seconds after the first value before anything is measured: sessions, buffers and caches are then what they stay."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Over the seconds measured: values that came through, CPU seconds for them, and MB at the start and the end.

    `written`: values a second that the server itself wrote meanwhile; on a busy machine it does not keep its own pace.
    """

    seconds: float
    values: int
    cpu: float
    first_mb: float
    last_mb: float
    written: float
    lost: int = 0
    size: int = 0

    @property
    def per_core(self) -> float:
        return self.values / self.cpu

    @property
    def rate(self) -> float:
        return self.values / self.seconds


async def loaded(rig: Rig, machines: int, signals: int, rate: float = 10.0) -> Load:
    """A fresh load: what an earlier client left behind in a server would be paid by the next."""
    await rig.supervisor.stop_one("load")
    load = Load(free_port(), rig.path("load.ready"), machines, signals, rate, rig.path("server"))
    (rig.folder / "server").mkdir(exist_ok=True)
    await rig.supervisor.start(load.process(rig.folder))
    return load


async def bare(rig: Rig, seconds: float) -> Figures:
    """The ceiling: secured as ours, not durable, not acknowledged by anything but the broker."""
    load = await loaded(rig, 1, 1000)
    client = Bare(load.url, rig.broker, rig.afresh("bare.told"), PUBLISHING_MS, identity=load.identity)
    await rig.supervisor.start(client.process(rig.folder))
    try:
        return await _measured(rig, "bare", seconds)
    finally:
        await rig.supervisor.stop_one("bare")


async def ours(rig: Rig, seconds: float, machines: int = 1, signals: int = 1000, rate: float = 10.0) -> Figures:
    """The agent; a value counts when the far end has stored it, which is what it acknowledges."""
    load = await loaded(rig, machines, signals, rate)
    folder = rig.folder / f"agent-{time.monotonic_ns()}"
    far_end = Receiver(rig.broker, str(folder / "received.sqlite"), rig.afresh("receiver.told"))
    pin = f"{load.identity}/server.der"
    plant = Plant(load.url, rig.broker, machines, signals, PUBLISHING_MS, pin=pin)
    agent = plant.process(folder)
    await rig.supervisor.start(far_end.process(rig.folder))
    await rig.supervisor.start(agent)
    try:
        return await _measured(rig, "agent", seconds)
    finally:
        await rig.supervisor.stop_these(["agent", "receiver"])


async def _measured(rig: Rig, name: str, seconds: float) -> Figures:
    file = "receiver.told" if name == "agent" else "bare.told"
    while not (await rig.told(file))["values"]:  # noqa: ASYNC110 - what is waited for is another process
        await asyncio.sleep(0.2)
    await asyncio.sleep(SETTLED)
    first, cpu, memory, began = await rig.told(file), rig.cpu(name), rig.resident(name), time.monotonic()
    before = await rig.told("load.ready")
    await asyncio.sleep(seconds)
    after = await rig.told("load.ready")
    last, spent, passed = await rig.told(file), rig.cpu(name) - cpu, time.monotonic() - began
    share = passed / (last["at"] - first["at"])
    values = round((last["values"] - first["values"]) * share)
    size = round((last.get("size", 0) - first.get("size", 0)) * share)
    written = (after["written"] - before["written"]) / (after["at"] - before["at"])
    return Figures(passed, values, spent, memory, rig.resident(name), written, last.get("lost", 0), size)
