"""From a config to sources: whose machines share one, and what does not fit together."""

import importlib
import inspect
from collections.abc import Callable
from pathlib import Path

import pytest

from edge import wiring
from edge.config import read
from edge.errors import FileInvalid
from edge.profilemodel import Profile
from edge.secret import Vault
from edge.sources.device import Device
from edge.sources.kinds import KINDS
from edge.sources.watchdog import Watchdog
from gateway.clock import Clock

Write = Callable[[str, str], Path]
HEAD = """\
agent: plant-a
link: {id: k1, secret: "file:link.key"}
profiles: [own]
machines:
"""
PRESS = "  Press: {profile: opcua-machinery, source: {type: opcua, url: 'opc.tcp://a:1', root: /Objects/Press}}\n"
MILL = "  Mill: {profile: opcua-machinetool, source: {type: opcua, url: 'opc.tcp://a:1', root: /Objects/Mill}}\n"
FAR = "  Far: {profile: opcua-machinery, source: {type: opcua, url: 'opc.tcp://b:1'}}\n"
SAW = "  Saw: {profile: mqtt-power-meter, source: {type: mqtt, host: broker, topic: 'plant/{machine}'}}\n"
OVEN = "  Oven: {profile: mqtt-power-meter, source: {type: mqtt, host: broker, topic: 'hall/{machine}'}}\n"


def feeds(write: Write, machines: str) -> list[wiring.Feed]:
    path = write("edge.yaml", HEAD + machines)
    return wiring.feeds(wiring.Bench(read(path), Clock(), Vault.beside(path)))


def test_machines_behind_one_endpoint_share_one_source(write: Write) -> None:
    found = feeds(write, PRESS + MILL + FAR + SAW + OVEN)
    assert sorted(feed.machines for feed in found) == [("Far",), ("Press", "Mill"), ("Saw", "Oven")]


@pytest.mark.parametrize(
    ("machines", "complaint"),
    [
        (
            "  Press: {profile: mqtt-power-meter, source: {type: opcua, url: 'opc.tcp://a:1'}}\n",
            r"machines.Press.source.type: is 'opcua', but the profile 'mqtt-power-meter' reads 'mqtt'; correct one",
        ),
        (
            PRESS.replace("}}", "}, mode_from: {profile: opcua-machinery, source: {type: replay, file: x.csv}}}"),
            r"machines.Press.mode_from.source.type: is 'replay', but the profile 'opcua-machinery' reads 'opcua'",
        ),
        (PRESS.replace("opcua-machinery", "lathe"), r"no profile 'lathe' in .*; there are "),
    ],
)
def test_a_profile_that_does_not_fit_its_device_is_refused(write: Write, machines: str, complaint: str) -> None:
    with pytest.raises(FileInvalid, match=complaint):
        feeds(write, machines)


def test_a_signal_that_must_speak_is_watched(write: Write) -> None:
    write(
        "own/beat.yaml",
        "profile: beat\nextends: opcua-machinery\nmode: []\n"
        "signals: {item_state: {staleness: 30 s}, operation_mode: null}\n",
    )
    (feed,) = feeds(write, PRESS.replace("opcua-machinery", "beat"))
    assert isinstance(feed.source, Watchdog)
    assert feed.source.limits == {("Press", "item_state"): 30.0}


@pytest.mark.parametrize("name", KINDS)
def test_a_kind_is_whole(name: str) -> None:
    kind = KINDS[name]
    assert issubclass(kind.profile, Profile)
    assert issubclass(kind.device, Device)
    assert kind.device.model_fields["type"].annotation.__args__ == (name,)  # type: ignore[union-attr]
    build = importlib.import_module(kind.builder).build
    assert list(inspect.signature(build).parameters) == ["site", "machines"]
