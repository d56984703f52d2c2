"""A server that is not ours (node-opcua) which counts ten times a second, dies, comes back, and loses its network."""

import asyncio
import json
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic

from edge.bench.net import Net
from edge.bench.plant import Kind, agent_process
from edge.bench.receiver import Receiver
from edge.bench.rig import Rig
from gateway.ports import free_port

FOLDER = Path("tests/peers/opcua")
SERVER = "urn:foreign-plant:line"
SIGNAL = "counter"
DOWN = 4.0
"""Seconds for which server or network are away."""

PATIENCE = 60.0
RATE = 10


def installed() -> bool:
    """Whether the foreign server can be run from this folder."""
    return (FOLDER / "node_modules" / "node-opcua").is_dir()


@dataclass
class Foreign:
    """The server as a child of ours behind a network of its own; `net.port` is where the agent finds it."""

    net: Net
    process: asyncio.subprocess.Process | None = None
    _options: dict[str, object] = field(default_factory=dict)

    async def start(self) -> None:
        options = {"port": self.net.target, "order": "bare", "machines": [], "tickHz": RATE} | self._options
        self.process = await asyncio.create_subprocess_exec(
            "node", "server.js", json.dumps(options), cwd=FOLDER,
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        if self.process.stdout is None or not await self.process.stdout.readline():
            msg = "the foreign server did not start"
            raise RuntimeError(msg)

    async def kill(self) -> None:
        if self.process is not None:
            self.process.kill()
            await self.process.wait()
            self.process = None


@dataclass(frozen=True, slots=True)
class Found:
    """What the far end has of the counter: values in the order of their stamps, and the gaps it was told of."""

    seen: list[list[float]]
    gaps: int

    def numbers(self) -> list[int]:
        return [int(value) for _, value in self.seen]

    def missing(self) -> int:
        """Numbers that were counted between the first and the last and never arrived."""
        numbers = self.numbers()
        return numbers[-1] - numbers[0] + 1 - len(set(numbers))

    def doubled(self) -> int:
        return len(self.seen) - len(set(self.numbers()))


@asynccontextmanager
async def watched(rig: Rig) -> AsyncIterator[Foreign]:
    """The foreign server, an agent that reads its counter, and a far end that keeps every value of it."""
    foreign = Foreign(Net(free_port(), free_port()))
    folder = rig.folder / f"foreign-{free_port()}"
    far_end = Receiver(rig.broker, str(folder / "received.sqlite"), rig.afresh("receiver.told"), SIGNAL)
    await foreign.start()
    await foreign.net.up()
    try:
        agent = agent_process(folder, rig.broker, Kind(_profile(), [SIGNAL]), {"M000": _source(foreign.net.port)})
        await rig.supervisor.start(far_end.process(rig.folder))
        await rig.supervisor.start(agent)
        await until(rig, lambda found: len(found.seen) > 3 * RATE)
        yield foreign
    finally:
        await rig.supervisor.stop_these(["agent", "receiver"])
        await foreign.net.cut()
        await foreign.kill()


def _profile() -> dict[str, object]:
    node = f"/Objects/nsu={SERVER};Signals/nsu={SERVER};"
    return {
        "signals": {
            SIGNAL: {"node": f"{node}Counter", "type": "UInt32"},
            "state": {"node": f"{node}Text", "type": "String"},
        },
        "state": [{"when": {"state": "fine"}, "then": "Executing"}],
    }


def _source(port: int) -> dict[str, object]:
    return {"type": "opcua", "url": f"opc.tcp://127.0.0.1:{port}", "security": "none", "sampling_ms": 0}


async def found(rig: Rig) -> Found:
    told = await rig.told("receiver.told")
    return Found(told["seen"], told["kinds"].get("gap", 0))


async def until(rig: Rig, holds: Callable[[Found], bool]) -> Found:
    """What the far end has, once that is enough."""
    give_up = monotonic() + PATIENCE
    while True:
        have = await found(rig)
        if holds(have):
            return have
        if monotonic() > give_up:
            msg = f"the far end still has only {have.seen[-3:]}"
            raise TimeoutError(msg)
        await asyncio.sleep(0.05)


async def restarted(rig: Rig) -> float:
    """Seconds from the server's death until its values are at the far end again; it can be reached after DOWN."""
    async with watched(rig) as foreign:
        began = monotonic()
        await foreign.net.cut()
        await foreign.kill()
        await foreign.start()
        booted = monotonic() - began
        await asyncio.sleep(max(0.0, DOWN - booted))
        late = max(0.0, booted - DOWN)
        before = (await found(rig)).seen[-1][0]
        await foreign.net.up()
        await until(rig, lambda have: have.seen[-1][0] > before)
        return monotonic() - began - late


async def cut(rig: Rig) -> Found:
    """What the far end has after the network was away for DOWN while the server went on."""
    async with watched(rig) as foreign:
        await foreign.net.cut()
        await asyncio.sleep(DOWN)
        await foreign.net.up()
        last = (await found(rig)).numbers()[-1]
        return await until(rig, lambda have: have.numbers()[-1] > last + int(DOWN + 5) * RATE)
