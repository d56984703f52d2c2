"""What every measurement stands on: a folder, a broker, processes that end with us, and the kernel's books of them."""

import asyncio
import json
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.bench import cpu_s, resident_mb
from gateway.ports import free_port
from gateway.supervisor import Process, Supervisor

LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Rig:
    """Processes started with `supervisor` write their logs into `folder`."""

    folder: Path
    supervisor: Supervisor
    broker: int

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def afresh(self, name: str) -> str:
        """The path of a file in which nothing of an earlier process is left."""
        (self.folder / name).unlink(missing_ok=True)
        return self.path(name)

    def cpu(self, name: str) -> float:
        """Seconds of CPU, user and system, that a process and all its threads have had."""
        return cpu_s(self.supervisor.pid(name))

    def resident(self, name: str) -> float:
        """MB (2^20 bytes) of its memory that is in RAM, shared libraries included."""
        return resident_mb(self.supervisor.pid(name))

    async def told(self, name: str, within: float = 60.0) -> Any:
        """The JSON that a process renews in this file; waited for."""
        until = asyncio.get_running_loop().time() + within
        while True:
            try:
                return json.loads(await asyncio.to_thread(Path(self.path(name)).read_text))
            except (OSError, ValueError):
                if asyncio.get_running_loop().time() > until:
                    raise
                await asyncio.sleep(0.05)


@asynccontextmanager
async def rig() -> AsyncIterator[Rig]:
    """A new one, with a broker that listens."""
    folder = Path(tempfile.mkdtemp(prefix="thirdshift-bench-"))
    port = free_port()
    try:
        async with Supervisor(folder) as supervisor:
            await supervisor.start(_broker(folder, port))
            yield Rig(folder, supervisor, port)
    finally:
        await asyncio.to_thread(shutil.rmtree, folder, ignore_errors=True)


def _broker(folder: Path, port: int) -> Process:
    """Mosquitto, or where there is none the broker of a single machine."""

    async def listens() -> bool:
        try:
            _, writer = await asyncio.open_connection(LOOPBACK, port)
        except OSError:
            return False
        writer.close()
        return True

    program = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
    if program is None:
        return Process.module("broker", "cloud.embedded.broker", "--port", str(port), ready=listens)
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} {LOOPBACK}\nallow_anonymous true\nmax_queued_messages 0\n")
    return Process("broker", (program, "-c", str(config)), ready=listens)
