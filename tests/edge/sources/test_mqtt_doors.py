"""A broker with TLS and passwords: let in with the right ones, and told in one line what is wrong with others."""

import asyncio
import os
import shutil
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from absent import absent_peer

from edge.profile import find
from edge.reading import Event, LinkNotice
from edge.secret import Vault
from edge.sources import mqtt_build
from edge.sources.building import Site, Wanted
from edge.sources.mqtt_device import Mqtt
from gateway.clock import Clock
from gateway.mqtt import MqttClient, MqttSettings
from gateway.tls import Tls

PAPERS = """
set -e
for name in ca other; do
  openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout $name.key -out $name.pem -subj "/CN=$name"
done
openssl req -newkey rsa:2048 -nodes -keyout server.key -out server.csr -subj "/CN=broker"
printf "subjectAltName=IP:127.0.0.1" > names
openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out server.pem -extfile names
mosquitto_passwd -c -b passwords agent right-word
printf "right-word\\n" > word
chmod a+r *
"""


@pytest.fixture(scope="module")
def papers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    for tool in ("openssl", "mosquitto_passwd"):
        if not shutil.which(tool):
            absent_peer(f"{tool} (apt-get install openssl mosquitto)")
    folder = tmp_path_factory.mktemp("papers")
    subprocess.run(("sh", "-c", PAPERS), cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture
def guarded(plant_broker: Any, papers: Path) -> Any:
    plant_broker.stop()
    files = {"cafile": "ca.pem", "certfile": "server.pem", "keyfile": "server.key", "password_file": "passwords"}
    as_us = ["user root"] if os.geteuid() == 0 else []
    lines = [f"{key} {papers / name}" for key, name in files.items()]
    plant_broker.configure("allow_anonymous false", *lines, *as_us)
    plant_broker.start()
    return plant_broker


async def first_word(port: int, papers: Path, **keys: Any) -> LinkNotice:
    """What the source tells of its link first."""
    device = Mqtt.model_validate(
        {"type": "mqtt", "host": "127.0.0.1", "port": port, "topic": "plant/{machine}", **keys}
    )
    profile = find("mqtt-power-meter")
    site = Site(Clock(), Vault(papers, {"WRONG": "wrong-word"}), ZoneInfo("UTC"))
    source = mqtt_build.build(site, {"press-1": Wanted(device, profile, profile.signals, "machines.press-1.source")})
    events: list[Event] = []

    async def emit(batch: Sequence[Event]) -> None:
        events.extend(batch)

    task = asyncio.create_task(source.run(emit))
    start = time.monotonic()
    while not events:
        assert time.monotonic() - start < 40
        await asyncio.sleep(0.02)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert isinstance(events[0], LinkNotice)
    return events[0]


async def test_the_right_papers_and_password_let_in(guarded: Any, papers: Path) -> None:
    meter = MqttSettings("127.0.0.1", guarded.port, "meter", "agent", "right-word", Tls(papers / "ca.pem"))
    async with MqttClient(meter) as client:
        await client.wait_connected()
        client.publish("plant/press-1/online", b"online", retain=True)
    word = await first_word(
        guarded.port, papers, user="agent", password="file:word", tls={"ca": str(papers / "ca.pem")}
    )
    assert word.up
    assert word.reason == "plant/press-1/online says 'online'"


# paho leaves the socket of a failed handshake to the garbage collector.
@pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize(
    ("keys", "words"),
    [
        ({"user": "agent", "password": "env:WRONG", "tls": "ca.pem"}, "refused: Not authorized; check user, password"),
        ({"user": "agent", "password": "file:word", "tls": "other.pem"}, "not trusted"),
        ({"user": "agent", "password": "file:word"}, "it hung up; check the port, and whether it wants `tls`"),
    ],
    ids=["wrong password", "another authority", "no TLS"],
)
async def test_wrong_papers_are_told_in_one_line(guarded: Any, papers: Path, keys: dict[str, Any], words: str) -> None:
    if "tls" in keys:
        keys = {**keys, "tls": {"ca": str(papers / keys["tls"])}}
    word = await first_word(guarded.port, papers, **keys)
    assert not word.up
    assert words in word.reason
    assert "word" not in word.reason.replace("password", "")
