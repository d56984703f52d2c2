"""Brings up every process of the demo in order, and knows when each has become useful."""

import asyncio
import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway.demo import files
from gateway.demo.api import Api
from gateway.demo.log import PlantLog
from gateway.demo.scene import Memory, Scene, open_ports
from gateway.demo.story import StoryFailed
from gateway.supervisor import Process, Supervisor, http_ok

AGENTS = 2
AGENT = "agent"
"""How the processes of agents are called."""


@dataclass(slots=True)
class Stage:
    """The running demo. `started` maps each process to the real seconds until it was useful."""

    scene: Scene
    log: PlantLog
    memory: Memory
    tell: Callable[[str], None]
    started: dict[str, float] = field(default_factory=dict)
    halls: list[files.Hall] = field(default_factory=list)

    async def raise_curtain(self, supervisor: Supervisor) -> None:
        """Start cloud, plant and agents; returns when every machine's capacity is for sale."""
        self.halls = files.halls(self.log, AGENTS, open_ports(len(self.log.machines)))
        await asyncio.gather(self.raise_cloud(supervisor), *(self._machines(supervisor, hall) for hall in self.halls))
        await self.enlist()
        async with Api(self.scene.api_url, self.memory.keys["plant"]) as plant:
            for hall in self.halls:
                await self.send_agent(supervisor, plant, hall)
            await self.offer(plant, await self.seen(plant))
        self.scene.remember(self.memory)

    async def fall_curtain(self, supervisor: Supervisor) -> None:
        """End the agents while there is somebody to say farewell to, then everything else at once."""
        names = list(supervisor.pids())
        await supervisor.stop_these([name for name in names if name.startswith(AGENT)])
        await supervisor.stop_these([name for name in names if not name.startswith(AGENT)])

    async def raise_cloud(self, supervisor: Supervisor, *, dashboard: bool = True) -> None:
        """Database, broker, ingest, API and dashboard, by `thirdshift cloud serve`."""
        ready = http_ok("127.0.0.1", self.scene.ports.api, "/v1/health")
        without = () if dashboard else ("--no-dashboard",)
        cloud = self._process("cloud", "cloud", "serve", *without, ready=ready)
        await self._start(supervisor, cloud, "the cloud serves: PostgreSQL, broker, ingest, API, dashboard")

    async def enlist(self) -> None:
        """The two enterprises with a key each, as an operator would create them."""
        names = {"plant": "Demo Plant", "partner": "Demo Partner"}
        missing = {role: name for role, name in names.items() if role not in self.memory.keys}
        found = await asyncio.gather(*(self._enterprise(name) for name in missing.values()))
        self.memory.keys |= dict(zip(missing, found, strict=True))
        self.scene.remember(self.memory)

    async def _enterprise(self, name: str) -> str:
        argv = (*_THIRDSHIFT, "cloud", "enterprise", "create", name, "--json")
        running = await asyncio.create_subprocess_exec(
            *argv,
            env=self.scene.full_environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await running.communicate()
        if running.returncode:
            msg = f"`thirdshift cloud enterprise create` failed: {err.decode(errors='replace').strip()[-600:]}"
            raise StoryFailed(msg)
        return str(json.loads(out)["key"])

    async def _machines(self, supervisor: Supervisor, hall: files.Hall) -> None:
        folder = self.scene.folder / hall.name
        files.write_machines(folder, self.log, hall)
        ready = files.ready_file(folder)
        ready.unlink(missing_ok=True)
        argv = (sys.executable, "-m", "edge.simulate", str(folder / "plant.json"))
        process = Process(f"machines {hall.name}", argv, self.scene.environment, ready=lambda: _exists(ready))
        await self._start(supervisor, process, f"{len(hall.machines)} OPC UA machines of {hall.name} are up")

    async def send_agent(self, supervisor: Supervisor, plant: Api, hall: files.Hall) -> None:
        """Enrol the hall's agent and start it."""
        if hall.name not in self.memory.agents:
            self.memory.agents[hall.name] = await files.enrol(plant, hall)
            self.scene.remember(self.memory)
        path = files.write_agent(self.scene, self.log, hall, self.memory.agents[hall.name])
        process = self._process(f"{AGENT} {hall.name}", "edge", "run", str(path))
        await self._start(supervisor, process, f"the agent of {hall.name} is on its way")

    async def seen(self, plant: Api) -> dict[str, dict[str, Any]]:
        """Wait until every machine has a state and a statement in the registry."""
        began, deadline = time.monotonic(), time.monotonic() + 60
        while True:
            seen = {machine["name"]: machine for machine in (await plant.get("machines", limit="200"))["items"]}
            if self._all_seen(seen) and await self._all_offered(plant, seen):
                self.started["machines seen, capacity published"] = round(time.monotonic() - began, 3)
                self.tell(f"{len(seen)} machines seen, their states and spare hours published")
                return seen
            if time.monotonic() > deadline:
                missing = [m.name for m in self.log.machines if not (seen.get(m.name) or {}).get("state")]
                msg = f"no state or capacity after 60 s from: {', '.join(missing) or 'some machines'}"
                raise StoryFailed(msg)
            await asyncio.sleep(0.2)

    def _all_seen(self, seen: dict[str, dict[str, Any]]) -> bool:
        return all(machine.name in seen and seen[machine.name]["state"] for machine in self.log.machines)

    async def _all_offered(self, plant: Api, seen: dict[str, dict[str, Any]]) -> bool:
        """Whether each statement in force is of this run: a kept registry still has those of the last one."""
        found = await asyncio.gather(*(plant.get(f"machines/{machine['id']}/capacity") for machine in seen.values()))
        issued = [capacity["issued_at"] for capacity in found]
        return all(at and datetime.fromisoformat(at) >= self.scene.clock.origin for at in issued)

    async def offer(self, plant: Api, machines: dict[str, dict[str, Any]]) -> None:
        """One service a machine, open to all."""
        for machine in self.log.machines:
            if machine.name not in self.memory.services:
                body = files.service(machine, machines[machine.name]["id"])
                self.memory.services[machine.name] = (await plant.post("services", body))["id"]

    async def _start(self, supervisor: Supervisor, process: Process, told: str) -> None:
        """Measured only where somebody can say when it has become useful."""
        began = time.monotonic()
        await supervisor.start(process)
        if process.ready is None:
            self.tell(told)
            return
        self.started[process.name] = round(time.monotonic() - began, 3)
        self.tell(f"{told} ({self.started[process.name]:.1f} s)")

    def _process(self, name: str, *arguments: str, ready: Any = None) -> Process:
        return Process(name, (*_THIRDSHIFT, *arguments), self.scene.environment, ready=ready, grace=15)


_THIRDSHIFT = (sys.executable, "-m", "gateway.cli")


async def _exists(path: Path) -> bool:
    return await asyncio.to_thread(path.exists)
