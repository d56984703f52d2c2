"""A real Mosquitto for the tests of the post, on a free loopback port, that can be killed and started again."""

import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from absent import absent_peer

from gateway.ports import free_port

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin")


AMQTT = """
import asyncio, sys
from amqtt.broker import Broker
listener = {"type": "tcp", "bind": "127.0.0.1:" + sys.argv[1]}
plugins = {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}}
async def serve():
    await Broker({"listeners": {"default": listener}, "plugins": plugins}).start()
    await asyncio.Event().wait()
asyncio.run(serve())
"""


def launched(command: list[str], port: int) -> subprocess.Popen[bytes]:
    """A process of ours that listens on the port by now."""
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    for _ in range(1000):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        time.sleep(0.02)
    killed(process)
    return pytest.fail(f"{command[0]} did not start")


def killed(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGKILL)
    process.wait()


class Broker:
    """A Mosquitto process of our own; `kill` is kill -9, after which `start` brings it back on the same port."""

    def __init__(self, folder: Path) -> None:
        self._config = folder / "mosquitto.conf"
        self._process: subprocess.Popen[bytes] | None = None
        self.port = free_port()
        self.configure("allow_anonymous true")

    def configure(self, *lines: str) -> None:
        """What it is to obey from its next start on."""
        self._config.write_text("\n".join([f"listener {self.port} 127.0.0.1", "max_queued_messages 0", *lines, ""]))

    def start(self) -> None:
        assert MOSQUITTO
        self._process = launched([MOSQUITTO, "-c", str(self._config)], self.port)

    def kill(self) -> None:
        if self._process:
            killed(self._process)
            self._process = None


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Broker]:
    if not MOSQUITTO:
        absent_peer("mosquitto (apt-get install mosquitto)")
    broker = Broker(tmp_path)
    broker.start()
    yield broker
    broker.kill()


@pytest.fixture
def amqtt_port() -> Iterator[int]:
    """The broker of a single machine, in a process of its own."""
    port = free_port()
    process = launched([sys.executable, "-c", AMQTT, str(port)], port)
    yield port
    killed(process)
