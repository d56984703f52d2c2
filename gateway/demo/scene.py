"""Where a demo's processes live: its folder, ports, clock, environment, and what it remembers between runs."""

import json
import os
import secrets
import time
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path

from gateway.clock import VARIABLE, Clock
from gateway.ports import bindable, free_ports
from gateway.span import utc

MEMORY = "demo.json"


@dataclass(frozen=True, slots=True)
class Ports:
    """The loopback ports of one demo."""

    api: int
    dashboard: int
    mqtt: int


@dataclass(slots=True)
class Memory:
    """What a kept demo knows from its last run: when its business time stood still, and who is who."""

    stopped_at: str | None = None
    keys: dict[str, str] = field(default_factory=dict)
    agents: dict[str, dict[str, str]] = field(default_factory=dict)
    services: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scene:
    """One demo on this machine. Nothing outside `folder` is written."""

    folder: Path
    ports: Ports
    clock: Clock

    @property
    def environment(self) -> dict[str, str]:
        """What every process of the demo gets beside our own environment."""
        return {
            VARIABLE: str(self.clock),
            "THIRDSHIFT_DATA_DIR": str(self.folder / "cloud"),
            "THIRDSHIFT_API_PORT": str(self.ports.api),
            "THIRDSHIFT_DASHBOARD_PORT": str(self.ports.dashboard),
            "THIRDSHIFT_MQTT_PORT": str(self.ports.mqtt),
            "PYTHONUNBUFFERED": "1",
        }

    @property
    def full_environment(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    @property
    def api_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.api}"

    @property
    def dashboard_url(self) -> str:
        return f"http://127.0.0.1:{self.ports.dashboard}"

    def remember(self, memory: Memory) -> None:
        """Keep it for the next run; whole or not at all, and readable by us alone, for it holds keys."""
        path = self.folder / MEMORY
        draft = path.with_suffix(f".{secrets.token_hex(4)}")
        draft.touch(mode=0o600)
        draft.write_text(json.dumps(asdict(memory), indent=1))
        draft.replace(path)


def recall(folder: Path) -> Memory:
    """What the last run in this folder left, or nothing."""
    path = folder / MEMORY
    return Memory(**json.loads(path.read_text())) if path.exists() else Memory()


def new_clock(origin: datetime, speed: float, memory: Memory) -> Clock:
    """A clock that starts now at `origin`, or where the last run of this folder stopped if that is later."""
    if memory.stopped_at:
        origin = max(origin, datetime.fromisoformat(memory.stopped_at))
    return Clock(speed, round(time.time(), 3), utc(origin))


def open_ports(count: int, wanted: tuple[int, ...] = ()) -> list[int]:
    """Loopback ports that are free now: those wanted if they are, else any."""
    others = free_ports()
    good = [port for port in wanted[:count] if bindable(port)]
    return [port if port in good else next(others) for port in (*wanted[:count], *[0] * (count - len(wanted)))]


def write(path: Path, text: str, mode: int = 0o644) -> Path:
    """A file of the scene, made with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
    return path
