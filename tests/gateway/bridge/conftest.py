"""A plant with its own broker, a registry behind another one (TLS and password), and a door's config between them."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from absent import absent_peer
from two_ends import Agent, Registry, tasks

from gateway.bridge.run import run
from gateway.clock import Clock
from gateway.courier import Courier
from gateway.messages import Stream
from gateway.mqtt import MqttClient, MqttSettings
from gateway.tls import Tls

AUTHORITY = """
set -e
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout ca.key -out ca.pem -subj "/CN=Test authority"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout other.key -out other.pem -subj "/CN=Another authority"
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=localhost"
printf "subjectAltName=DNS:localhost,IP:127.0.0.1" > names
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile names
mosquitto_passwd -c -b outside.pass hall outside-word
mosquitto_passwd -b outside.pass registry registry-word
mosquitto_passwd -c -b inside.pass door inside-word
mosquitto_passwd -b inside.pass edge-1 edge-word
chmod a+r *
"""

AS_US = ("user root",) if os.geteuid() == 0 else ()
"""Mosquitto would give up root before it reads its files, which only we may read."""


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a certificate authority of our own, the outer broker's certificate, and both password files."""
    for tool in ("openssl", "mosquitto_passwd"):
        if not shutil.which(tool):
            absent_peer(f"{tool} (apt-get install openssl mosquitto)")
    folder = tmp_path_factory.mktemp("authority")
    subprocess.run(("sh", "-c", AUTHORITY), cwd=folder, check=True, capture_output=True)
    return folder


@dataclass
class Plant:
    """Both brokers, and the door's config as a person writes it."""

    inside: Any
    outside: Any
    folder: Path
    config: Path

    def write(self, *changes: tuple[str, str]) -> Path:
        """The config with these texts replaced."""
        text = (
            "gateway: hall\n"
            f"inside: {{host: 127.0.0.1, port: {self.inside.port}, user: door, password: file:inside.word}}\n"
            f"outside: {{host: localhost, port: {self.outside.port}, user: hall, password: file:outside.word,"
            f" tls: {{ca: {self.folder}/ca.pem}}}}\n"
            "data: data\ncache: 1 MB\n"
            "agents:\n  edge-1: {link: {id: k1, secret: file:edge-1.key}}\n"
            "disclosure:\n  machines:\n    Quiet: {states: false}\n"
        )
        for old, new in changes:
            assert old in text
            text = text.replace(old, new)
        self.config.write_text(text)
        return self.config

    def client(self, name: str, *, inside: bool) -> MqttClient:
        """A client as the agent's, or as the registry's."""
        if inside:
            return MqttClient(
                MqttSettings("127.0.0.1", self.inside.port, name, "edge-1", "edge-word", longest_wait=0.2)
            )
        tls = Tls(self.folder / "ca.pem")
        settings = MqttSettings(
            "localhost", self.outside.port, name, "registry", "registry-word", tls, longest_wait=0.2
        )
        return MqttClient(settings)


@pytest.fixture
def plant(mosquitto: Any, authority: Path, tmp_path: Path) -> Iterator[Plant]:
    inner, config = tmp_path / "inner", tmp_path / "gateway.yaml"
    inner.mkdir()
    inside, outside = type(mosquitto)(inner), mosquitto
    inside.configure(f"password_file {authority}/inside.pass", "allow_anonymous false", *AS_US)
    outside.kill()
    outside.configure(
        f"password_file {authority}/outside.pass", "allow_anonymous false", f"cafile {authority}/ca.pem",
        f"certfile {authority}/server.pem", f"keyfile {authority}/server.key", *AS_US,
    )  # fmt: skip
    for broker in (inside, outside):
        broker.start()
    for name, word in (("inside.word", "inside-word"), ("outside.word", "outside-word"),
                       ("edge-1.key", "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlcy4uLi4u")):  # fmt: skip
        (tmp_path / name).write_text(word)
    made = Plant(inside, outside, authority, config)
    made.write()
    yield made
    inside.kill()


@dataclass
class Live:
    """A door that runs, an agent inside, a registry outside."""

    plant: Plant
    agent: Agent
    registry: Registry
    courier: Courier
    edge: MqttClient
    cloud: MqttClient

    @property
    def status(self) -> dict[str, Any]:
        """What the door shows of itself."""
        path = self.plant.config.parent / "data" / "status.json"
        return orjson.loads(path.read_bytes()) if path.exists() else {}

    def say(self, stream: Stream, *payloads: bytes) -> None:
        for payload in payloads:
            self.agent.journal.append(stream, payload)
        self.courier.wake()


@pytest.fixture
async def live(plant: Plant) -> AsyncIterator[Live]:
    agent, registry = Agent(), Registry()
    async with plant.client("edge-1", inside=True) as edge, plant.client("registry", inside=False) as cloud:
        courier = agent.courier(edge)
        async with tasks(registry.run(cloud), courier.run(), run(plant.config, Clock())):
            found = Live(plant, agent, registry, courier, edge, cloud)
            async with asyncio.timeout(30):
                await asyncio.gather(edge.wait_connected(), cloud.wait_connected())
                while not found.status.get("outside", {}).get("connected"):  # noqa: ASYNC110 - it is a file
                    await asyncio.sleep(0.02)
            yield found


@pytest.fixture
def until() -> Callable[..., Any]:
    async def wait(condition: Callable[[], bool], seconds: float = 40.0) -> None:
        async with asyncio.timeout(seconds):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.02)

    return wait
