"""The servers that people look through: the API and the dashboard, each a process of its own."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from cloud.bench.ground import Ground
from gateway.bench import cpu_s, resident_mb
from gateway.ports import free_port
from gateway.supervisor import Process, Supervisor, http_ok


@dataclass(frozen=True, slots=True)
class Served:
    """The dashboard's address, and its process."""

    url: str
    pid: int

    @property
    def memory_mb(self) -> float:
        return resident_mb(self.pid)

    @property
    def cpu_s(self) -> float:
        return cpu_s(self.pid)


@asynccontextmanager
async def served(place: Ground) -> AsyncIterator[Served]:
    """API and dashboard until the end of the block."""
    api, dashboard = free_port(), free_port()
    environment = place.environment(api_port=api, dashboard_port=dashboard)
    bare = {**environment, "THIRDSHIFT_API_DSN": "", "THIRDSHIFT_INGEST_DSN": ""}
    async with Supervisor(place.settings.data_dir / "log", print) as supervisor:
        serves = http_ok("127.0.0.1", api, "/v1/health")
        await supervisor.start(Process.module("api", "cloud.server", env=environment, ready=serves))
        shows = http_ok("127.0.0.1", dashboard, "/health")
        await supervisor.start(Process.module("dashboard", "cloud.dashboard", env=bare, ready=shows))
        yield Served(f"http://127.0.0.1:{dashboard}", supervisor.pid("dashboard"))
