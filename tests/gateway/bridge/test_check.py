"""What a plant engineer is told when something of the door is wrong: one clear line that says what to do."""

import asyncio
import os
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from edge import uplink
from edge.config import read as read_edge
from edge.secret import Vault
from gateway.bridge.brokers import SameBroker
from gateway.bridge.check import check
from gateway.bridge.cli import app
from gateway.bridge.run import run
from gateway.clock import Clock
from gateway.ending import leaves
from gateway.finding import Finding
from gateway.mqtt import MqttClient
from gateway.topics import Channel, Topic

HANDSHAKES = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""paho leaves the socket of a failed TLS handshake to the garbage collector."""

EXAMPLE = Path(__file__).parents[3] / "docs" / "examples" / "gateway.yaml"


async def test_a_sound_plant_is_found_sound(plant: Any, brief: None) -> None:
    findings = await check(plant.config)
    assert [each.what.split(" ")[0] for each in findings] == ["config", "inside", "outside", "two", "agent"]
    assert all(each.ok for each in findings)
    assert "by TLS" in findings[2].found


@pytest.fixture
def brief(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bridge.check.LISTEN", 0.1)
    monkeypatch.setattr("gateway.bridge.brokers.ECHO", 0.3)


@HANDSHAKES
@pytest.mark.parametrize(
    ("change", "what", "remedy"),
    [
        (("user: door", "user: dor"), "inside broker", "refused: Not authorized; check user, password and client id"),
        (("user: hall", "user: hal"), "outside broker", "refused: Not authorized; check user, password and client id"),
        (("host: localhost", "host: no.such.host.example"), "outside broker", "the host is unknown"),
        (("ca.pem", "other.pem"), "outside broker", "its certificate is not trusted: self-signed certificate"),
        (("tls: ", "# "), "config", "is not YAML"),
        (("host: 127.0.0.1, port: ", "host: 127.0.0.1, port: 1, user: x} # "), "inside broker", "no answer"),
        (("ca.pem", "nowhere.pem"), "config", "check the path, and that it is a PEM file"),
        (("file:inside.word", "file:nowhere"), "config", "inside.password: file:nowhere is empty or not there; write"),
        (("file:edge-1.key", "env:NO_SUCH_KEY"), "config", "set the environment variable NO_SUCH_KEY"),
        (("file:edge-1.key", "file:inside.word"), "config", "is not a key; store the base64 text"),
        (("cache: 1 MB", "cash: 1 MB"), "config", "gateway.yaml:5: cash: is not a key here (did you mean `cache`?)"),
        (("cache: 1 MB", "cache: 64"), "config", "gateway.yaml:5: cache: expected a size with its unit"),
        (("states: false", "states: maybe"), "config", "gateway.yaml:10: disclosure.machines.Quiet.states"),
    ],
)
async def test_what_is_wrong_is_named_with_its_remedy(
    plant: Any, brief: None, change: tuple[str, str], what: str, remedy: str
) -> None:
    findings = [each for each in await check(plant.write(change)) if not each.ok]
    assert [each.what.startswith(what) for each in findings] == [True]
    assert remedy in findings[0].remedy


@HANDSHAKES
async def test_a_broker_that_wants_tls_and_one_that_does_not(plant: Any, brief: None) -> None:
    swapped = plant.write((f"port: {plant.outside.port}", f"port: {plant.inside.port}"))
    (found,) = [each for each in await check(swapped) if not each.ok]
    assert found.what == f"outside broker localhost:{plant.inside.port}"
    assert "whether it wants `tls`" in found.remedy


async def test_one_broker_on_both_sides_is_refused_by_its_address(plant: Any) -> None:
    outside = f"localhost, port: {plant.outside.port}"
    findings = await check(plant.write((outside, f"127.0.0.1, port: {plant.inside.port}")))
    assert findings == [Finding(ok=False, what="config", remedy=findings[0].remedy)]
    assert "inside and outside are the same broker" in findings[0].remedy


async def test_one_broker_under_two_names_is_found_out(plant: Any) -> None:
    tls = f", user: hall, password: file:outside.word, tls: {{ca: {plant.folder}/ca.pem}}"
    outside = f"localhost, port: {plant.outside.port}{tls}"
    inside = f"localhost, port: {plant.inside.port}, user: door, password: file:inside.word"
    config = plant.write((outside, inside))
    assert [each.what for each in await check(config) if not each.ok] == ["two brokers"]
    with pytest.raises(BaseExceptionGroup) as caught:
        await asyncio.wait_for(run(config, Clock()), 30)
    assert [type(error) for error in leaves(caught.value)] == [SameBroker]


async def test_strangers_and_wrong_keys_are_heard(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.bridge.check.LISTEN", 1.0)
    async with plant.client("edge-1", inside=True) as edge:
        await edge.wait_connected()
        working = asyncio.ensure_future(check(plant.config))
        while not working.done():
            edge.publish(str(Topic("edge-1", Channel.UP)), b"noise")
            edge.publish("ts/1/256/edge-3/up", b"under a partition that there is not")
            edge.publish(str(Topic("stranger", Channel.UP)), b"noise")
            await asyncio.sleep(0.05)
        told = {each.what: each.remedy for each in working.result() if not each.ok}
    assert "not let out: add it under `agents`, or stop it" in told["agent stranger"]
    assert "its key is another" in told["agent edge-1"]
    assert "agent edge-3" not in told


async def test_the_agent_itself_speaks_tls_with_a_password_too(plant: Any, tmp_path: Path) -> None:
    config = tmp_path / "edge.yaml"
    config.write_text(
        "agent: edge-1\nlink: {id: k1, secret: file:edge-1.key}\n"
        f"broker: {{host: localhost, port: {plant.outside.port}, user: hall, password: file:outside.word,"
        f" tls: {{ca: {plant.folder}/ca.pem}}}}\n"
        "machines:\n  M: {profile: replay, source: {type: replay, file: log.csv}}\n"
    )
    settings = uplink.mqtt_settings(read_edge(config), Vault(tmp_path, os.environ))
    async with MqttClient(settings) as client, asyncio.timeout(20):
        await client.wait_connected()


def test_the_commands_say_it_in_a_table_and_in_json_and_by_their_exit_code(tmp_path: Path) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text("gateway: hall\n")
    told = CliRunner().invoke(app, ["check", str(config)])
    assert told.exit_code == 1
    assert "inside: is missing; add it" in told.output
    told = CliRunner().invoke(app, ["check", str(config), "--json"])
    assert told.exit_code == 1
    assert '"ok":false' in told.output


def test_the_example_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from gateway.bridge.config import read  # noqa: PLC0415

    config, _ = read(EXAMPLE)
    assert config.cache == 256_000_000
    assert len(config.agents) == 2
