"""The files and registrations of a demo plant: its halls, each with machines, an agent, and their configuration."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.demo.api import Api
from gateway.demo.log import LoggedMachine, PlantLog
from gateway.demo.scene import Scene, write

PLAN_LEAD_H = 24
MACHINES = "/Objects/machinery:Machines/nsu=urn:thirdshift:plant;"
"""Where a simulated machine stands in its server's address space (OPC 40001-1)."""

PRICES = {"Turning & Milling": "95.00", "Turning": "80.00", "Milling": "85.00", "Laser Marking": "45.00"}
CODES = {
    "Turning & Milling": "3.2.1",
    "Turning": "3.2.1",
    "Milling": "3.2.3",
    "Grinding": "3.3.1",
    "Round Grinding": "3.3.1",
    "Lapping": "3.3.5",
    "Laser Marking": "3.4.1",
}
"""By DIN 8580."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How an agent reaches one machine: its profile, its OPC UA server, and its node in there."""

    profile: str
    url: str
    root: str

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@dataclass(frozen=True, slots=True)
class Hall:
    """One building: machines and how each is reached, served by one agent."""

    name: str
    machines: tuple[LoggedMachine, ...]
    reach: tuple[Reach, ...]


def halls(log: PlantLog, count: int, ports: list[int]) -> list[Hall]:
    """The log's machines, dealt out evenly, each a simulated one on a port of its own."""
    reach = [
        Reach("opcua-machinery", f"opc.tcp://127.0.0.1:{port}", MACHINES + machine.name)
        for machine, port in zip(log.machines, ports, strict=True)
    ]
    return [
        Hall(f"hall-{number + 1}", log.machines[number::count], tuple(reach[number::count]))
        for number in range(min(count, len(log.machines)))
    ]


def ready_file(folder: Path) -> Path:
    return folder / "machines-ready"


def behaviour_file(folder: Path) -> Path:
    return folder / "behaviour.json"


def record_file(folder: Path) -> Path:
    return folder / "machine-record.jsonl"


async def enrol(plant: Api, hall: Hall) -> dict[str, str]:
    """A site and an agent in the registry; the link's key is shown this once."""
    site = await plant.post("sites", {"name": hall.name, "zone": "UTC", "latitude": 48.8, "longitude": 9.2})
    agent = await plant.post("agents", {"name": hall.name, "site_id": site["id"]})
    return {key: agent[key] for key in ("id", "key_id", "key")}


def write_machines(folder: Path, log: PlantLog, hall: Hall) -> None:
    """What the hall's machines read at their start."""
    write(folder / "plant.json", json.dumps(_plant(folder, log, hall), indent=1))


def write_agent(scene: Scene, log: PlantLog, hall: Hall, agent: dict[str, str]) -> Path:
    """The configuration of the hall's agent. JSON is YAML too, and needs no writer of our own."""
    folder = scene.folder / hall.name
    write(folder / "link.key", agent["key"], 0o600)
    return write(folder / "agent.yaml", json.dumps(_agent(scene, log, hall, agent), indent=1))


def service(machine: LoggedMachine, machine_id: str) -> dict[str, object]:
    """What the plant sells of one machine, to anybody, at once."""
    return {
        "name": f"{machine.process} on {machine.name}",
        "kind": "processing",
        "process": CODES.get(machine.process, "3"),
        "materials": ["6061", "7075", "S235JR"],
        "machine_ids": [machine_id],
        "instant": True,
        "visibility": "open",
        "price": {"amount": PRICES.get(machine.process, "70.00"), "currency": "EUR"},
        "min_duration": "PT30M",
        "work_masters": ["demo-part"],
    }


def _plant(folder: Path, log: PlantLog, hall: Hall) -> dict[str, Any]:
    machines = [
        {"name": machine.name, "port": reach.port, "cycle_s": machine.cycle.total_seconds()}
        for machine, reach in zip(hall.machines, hall.reach, strict=True)
    ]
    return {
        "log": str(log.path.resolve()),
        "zone": "UTC",
        "machines": machines,
        "ready": str(ready_file(folder)),
        "behaviour": str(behaviour_file(folder)),
        "record": str(record_file(folder)),
    }


def _agent(scene: Scene, log: PlantLog, hall: Hall, agent: dict[str, str]) -> dict[str, Any]:
    orders = {"policy": "store_and_start", "work_masters": {"demo-part": {}}}
    machines = {
        machine.name: {
            "profile": reach.profile,
            "source": {"type": "opcua", "url": reach.url, "root": reach.root, "security": "none"},
            "history": {"type": "replay", "file": str(log.path.resolve()), "machine": machine.name},
            "orders": orders,
        }
        for machine, reach in zip(hall.machines, hall.reach, strict=True)
    }
    return {
        "agent": agent["id"],
        "link": {"id": agent["key_id"], "secret": "file:link.key"},
        "broker": {"host": "127.0.0.1", "port": scene.ports.mqtt},
        "data": "agent",
        "zone": "UTC",
        "plan": {"file": str(log.path.resolve()), "lead": f"{PLAN_LEAD_H} h"},
        "selling": {"when_off": "sellable"},
        "machines": machines,
    }
