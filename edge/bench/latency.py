"""From a change at the machine to its row committed in the cloud: real server, agent, broker, ingest and PostgreSQL."""

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from edge.bench.load import Load
from edge.bench.plant import LinkTo, Plant
from edge.bench.rig import LOOPBACK, Rig
from gateway.clock import Clock
from gateway.demo.api import Api
from gateway.demo.files import Hall, enrol
from gateway.demo.log import PlantLog
from gateway.demo.scene import Memory, Ports, Scene, open_ports
from gateway.demo.stage import Stage
from gateway.mqtt import Message, MqttClient, MqttSettings
from gateway.ports import free_port
from gateway.supervisor import Supervisor
from gateway.topics import Channel, Topic

NEVER = datetime(1970, 1, 1)  # noqa: DTZ001 - plant time has no zone
EVERY = 0.25
"""Seconds between two changes of the machine."""

PUBLISHING_MS = 100
"""As an agent does it when its config says nothing else."""


@dataclass
class Watched:
    """The state stream as it passes the broker: when each change happened, and when its acknowledgement came by.

    The registry acknowledges after its commit, so this is later than the row and never earlier.
    """

    happened: dict[tuple[int, int], float] = field(default_factory=dict)
    open: dict[tuple[int, int], float] = field(default_factory=dict)
    delays: list[float] = field(default_factory=list)

    def see(self, message: Message, now: float) -> None:
        _, _, body = message.payload.partition(b"\n")
        head, *payloads = body.split(b"\n")
        fields = json.loads(head)
        if fields.get("s") != "state":
            return
        if fields["t"] == "data":
            for seq, payload in enumerate(payloads, start=fields["f"]):
                told = json.loads(payload)
                if told["kind"] == "state":
                    self.open[fields["e"], seq] = datetime.fromisoformat(told["at"]).timestamp()
        if fields["t"] == "ack" and fields["p"]:
            epoch, last = fields["p"]
            for place in [place for place in self.open if place[0] == epoch and place[1] <= last]:
                self.delays.append(now - self.open.pop(place))


async def delays(rig: Rig, seconds: float) -> list[float]:
    """Seconds from change to commit, of every change of the machine in these seconds."""
    async with Supervisor(rig.folder) as supervisor, _cloud(rig, supervisor) as (broker, link):
        load = Load(free_port(), rig.path("load.ready"), 1, 5, 1.0, toggles=EVERY)
        await supervisor.start(load.process(rig.folder))
        plant = Plant(load.url, broker, 1, 5, PUBLISHING_MS, PUBLISHING_MS, link=link)
        agent = plant.process(rig.folder / "agent")
        watched = Watched()
        async with MqttClient(MqttSettings(LOOPBACK, broker, "bench-watch")) as client:
            packets = client.subscribe(*(str(Topic(link.agent, way)) for way in (Channel.UP, Channel.UP_ACK)))
            await client.wait_connected()
            await supervisor.start(agent)
            watching = asyncio.create_task(_watch(packets, watched))
            await _first(watched)
            watched.delays.clear()
            await asyncio.sleep(seconds)
            watching.cancel()
        return sorted(watched.delays)


async def _watch(packets: AsyncIterator[Message], watched: Watched) -> None:
    async for message in packets:
        watched.see(message, time.time())


async def _first(watched: Watched) -> None:
    async with asyncio.timeout(90):
        while len(watched.delays) < 20:  # noqa: ASYNC110 - what is waited for are packets, not a task of ours
            await asyncio.sleep(0.2)


@asynccontextmanager
async def _cloud(rig: Rig, supervisor: Supervisor) -> AsyncIterator[tuple[int, LinkTo]]:
    """A registry of its own with one plant in it: its broker's port, and the plant's way to it."""
    folder = rig.folder / "cloud"
    folder.mkdir()
    api, dashboard, mqtt = open_ports(3)
    scene = Scene(folder, Ports(api, dashboard, mqtt), Clock())
    stage = Stage(scene, PlantLog(Path(), (), NEVER, NEVER, ()), Memory(), lambda _: None)
    await stage.raise_cloud(supervisor, dashboard=False)
    await stage.enlist()
    async with Api(scene.api_url, stage.memory.keys["plant"]) as plant:
        agent = await enrol(plant, Hall("bench", (), ()))
    yield mqtt, LinkTo(agent["id"], agent["key_id"], agent["key"])
