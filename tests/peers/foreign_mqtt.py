"""Peers on an MQTT broker that are not ours: Mosquitto, a Sparkplug edge node and a power meter from npm."""

import asyncio
import json
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from absent import absent_peer
from npm import installed

from gateway.ports import free_port

FOLDER = Path(__file__).parent / "sparkplug"
MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")
PATIENCE = 30.0


class PlantBroker:
    """A Mosquitto of our own on a free loopback port; `stop` is kill -9, after which `start` brings it back there."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self._config = folder / f"plant-{self.port}.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.configure("allow_anonymous true")

    def configure(self, *lines: str) -> None:
        """What it is to obey from its next start on."""
        self._config.write_text("\n".join([f"listener {self.port} 127.0.0.1", "max_queued_messages 0", *lines, ""]))

    def start(self) -> None:
        assert MOSQUITTO
        command = [MOSQUITTO, "-c", str(self._config)]
        self._process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.02)
        pytest.fail("mosquitto did not start")

    def stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None


@contextmanager
def plant_broker_in(folder: Path) -> Iterator[PlantBroker]:
    """A running broker, or no test."""
    if MOSQUITTO is None:
        absent_peer("mosquitto (apt-get install mosquitto)")
    broker = PlantBroker(folder)
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


class NodePeer:
    """One of the scripts in tests/peers/sparkplug, steered by JSON lines; `said` is what it told by itself."""

    def __init__(self, script: str, options: dict[str, Any]) -> None:
        self.said: list[dict[str, Any]] = []
        self._process = subprocess.Popen(
            ["node", script, json.dumps(options)],
            cwd=FOLDER,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        self._answer("ready")

    async def do(self, what: str = "", **more: Any) -> None:
        """Have it do something, and wait until it says that it did."""
        await asyncio.to_thread(self.do_now, what, **more)

    def do_now(self, what: str = "", **more: Any) -> None:
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"do": what, **more} if what else more) + "\n")
        self._process.stdin.flush()
        self._answer("done")

    def kill(self) -> None:
        """As a machine does that loses its power: without a word."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def _answer(self, key: str) -> None:
        assert self._process.stdout
        while line := self._process.stdout.readline():
            told = json.loads(line)
            if key in told:
                return
            self.said.append(told)
        pytest.fail(f"the node script ended before it said {key!r}; it said {self.said}")


@pytest.fixture(scope="session")
def npm_peers() -> Path:
    """The packages of the node scripts, installed from their lock where that is still to be done."""
    return installed(FOLDER, "sparkplug-client", "Sparkplug edge node", "--ignore-scripts")


@pytest.fixture
def plant_broker(tmp_path: Path) -> Iterator[PlantBroker]:
    with plant_broker_in(tmp_path) as broker:
        yield broker


@pytest.fixture
def node_peer(npm_peers: Path) -> Iterator[Any]:
    """Starts node scripts: `node_peer("node.js", port=…, metrics=[…])`."""
    started: list[NodePeer] = []

    def make(script: str, **options: Any) -> NodePeer:
        peer = NodePeer(script, options)
        started.append(peer)
        return peer

    yield make
    for peer in started:
        peer.kill()
