"""The foreign plant as a pytest plugin: a node-opcua server with the published nodesets, steered by tests."""

import asyncio
import json
import os
import signal
import subprocess
import tempfile
import urllib.request
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from npm import installed

FOLDER = Path(__file__).parent / "opcua"
PLANT = "urn:foreign-plant:line"
BLOCKS = "machinery:MachineryBuildingBlocks"
OVEN = "nsu=urn:foreign-plant:oven-maker;s=Oven"
SAW = f"/Objects/machinery:Machines/nsu={PLANT};Saw"
WOOD = "nsu=http://opcfoundation.org/UA/Woodworking/"


def machine_root(name: str) -> str:
    """The browse path of a machine of the foreign plant (there are `Press` and `Mill`)."""
    return f"/Objects/machinery:Machines/nsu={PLANT};{name}"


@dataclass
class ForeignPlant:
    """One running server. `url` is for OPC UA clients; `tell` steers it; `restart` brings it back on the same port."""

    options: dict[str, Any]
    url: str = ""
    control: str = ""
    namespaces: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> "ForeignPlant":
        environment = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "TMPDIR", "LANG"}}
        complaints = tempfile.TemporaryFile()  # noqa: SIM115 - closed below; the child keeps its own handle
        self.process = subprocess.Popen(
            ["node", "server.js", json.dumps(self.options)],
            cwd=FOLDER,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self._end(signal.SIGKILL)
            complaints.seek(0)
            pytest.fail(f"the foreign server did not start with {self.options}: {complaints.read()[-2000:].decode()}")
        complaints.close()
        ready = json.loads(line)
        self.url, self.control, self.namespaces = ready["url"], ready["control"], ready["namespaces"]
        self.options["port"] = ready["port"]
        return self

    def tell(self, do: str, **arguments: Any) -> Any:
        """Carry out one action of server.js and return its result."""
        body = json.dumps({"do": do, **arguments}).encode()
        with urllib.request.urlopen(self.control, data=body, timeout=10) as response:  # noqa: S310 - loopback
            return json.load(response)["result"]

    async def ask(self, do: str, **arguments: Any) -> Any:
        """`tell` without stopping the event loop."""
        return await asyncio.to_thread(self.tell, do, **arguments)

    def kill(self) -> None:
        """The server dies without a word (SIGKILL)."""
        self._end(signal.SIGKILL)

    def hang(self) -> None:
        self._signal(signal.SIGSTOP)

    def wake(self) -> None:
        self._signal(signal.SIGCONT)

    async def restart(self, **changes: Any) -> None:
        """Up again on the same port, perhaps with other options (`order="shifted"`)."""
        self.options |= changes
        await asyncio.to_thread(self.start)

    def stop(self) -> None:
        self._signal(signal.SIGCONT)
        self._end(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        if self.process is not None:
            with suppress(ProcessLookupError):
                self.process.send_signal(number)

    def _end(self, number: signal.Signals) -> None:
        process, self.process = self.process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.send_signal(number)
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(5)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


@pytest.fixture(scope="session")
def foreign_software(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The foreign server's packages, installed from their lock where that is still to be done."""
    return installed(FOLDER, "node-opcua", "foreign OPC UA server")


MakePlant = Callable[..., Awaitable[ForeignPlant]]


@pytest.fixture
def foreign_plant(foreign_software: Path) -> Iterator[MakePlant]:
    """Starts foreign servers: `plant = await foreign_plant(tickHz=10, security=["Basic256Sha256"])`, see server.js."""
    started: list[ForeignPlant] = []

    async def make(**options: Any) -> ForeignPlant:
        plant = ForeignPlant(options)
        started.append(plant)
        return await asyncio.to_thread(plant.start)

    yield make
    for plant in started:
        plant.stop()


@pytest.fixture(scope="session")
def _standing_plant(foreign_software: Path) -> Iterator[ForeignPlant]:
    plant = ForeignPlant(
        {
            "tickHz": 10,
            "cycleMs": 20,
            "security": ["None", "Basic256Sha256"],
            "user": "agent",
            "password": "secret",
        }
    )
    yield plant
    plant.stop()


@pytest.fixture(scope="session")
def _strange_plant(foreign_software: Path) -> Iterator[ForeignPlant]:
    plant = ForeignPlant({"order": "strange", "machines": [], "tickHz": 10})
    yield plant
    plant.stop()


@pytest.fixture
def strange_plant(_strange_plant: ForeignPlant) -> ForeignPlant:
    """A saw and an oven that no profile of ours names, for all tests that leave them as they found them."""
    if _strange_plant.process is None:
        _strange_plant.start()
    return _strange_plant


@pytest.fixture
def standing_plant(_standing_plant: ForeignPlant) -> ForeignPlant:
    """One foreign server for all tests that leave it as they found it; revived if a test left it dead."""
    _standing_plant.wake()
    if _standing_plant.process is None:
        _standing_plant.start()
    return _standing_plant
