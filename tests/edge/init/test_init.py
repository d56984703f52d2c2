"""`thirdshift edge init`: asked or not, what it writes is a config that is read, and nothing is overwritten."""

import json
import os
import pty
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from foreign_opcua import ForeignPlant
from typer.testing import CliRunner

from edge.cli import app
from edge.config import read
from edge.sources.opcua_pki import TRUSTED, kept
from gateway.errors import ThirdshiftError


def call(*arguments: str, code: int = 0) -> dict[str, Any]:
    result = CliRunner().invoke(app, ["init", *arguments, "--json"])
    if isinstance(result.exception, ThirdshiftError):
        raise result.exception
    assert result.exit_code == code, result.output
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "plant" / "edge.yaml"


def test_nothing_given_makes_a_config_that_is_read(path: Path) -> None:
    told = call(str(path), "--offline")
    config = read(path)
    assert list(config.machines) == [told["machine"]] == ["Machine-1"]
    assert told["next"][-2:] == [f"thirdshift edge check {path}", f"thirdshift edge run {path}"]
    assert "link.key" in told["next"][0]


def test_what_is_given_stands_in_it(path: Path) -> None:
    call(str(path), "--offline", "--agent", "agt_1", "--key", "k7", "--secret", "env:KEY", "--broker", "b.example:8883",
         "--zone", "Europe/Berlin", "--machine", "Press", "--profile", "opcua-packml", "--url", "opc.tcp://press:4840",
         "--set", "root=/Objects/nsu=urn:x;Press", "--set", "user=me", "--set", "password=env:PRESS")  # fmt: skip
    config = read(path)
    source: Any = config.machines["Press"].source
    assert (config.agent, config.link.id, config.broker.host, config.broker.port) == ("agt_1", "k7", "b.example", 8883)
    assert (source.url, source.root, source.user) == ("opc.tcp://press:4840", "/Objects/nsu=urn:x;Press", "me")
    assert source.identity == path.parent / "pki"


def test_another_kind_of_source_says_which_of_its_keys_is_missing(path: Path) -> None:
    call(str(path), "--source", "mqtt", "--set", "host=10.0.0.5", "--profile", "mqtt-power-meter")
    assert read(path).machines["Machine-1"].source.type == "mqtt"
    with pytest.raises(ThirdshiftError, match=r"host.*--set host=VALUE"):
        call(str(path), "--force", "--source", "mqtt", "--set", "hst=10.0.0.5", "--set", "host=")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--source", "mqt"], "no kind 'mqt'; there are"),
        (["--broker", "b:x"], "is not HOST:PORT"),
        (["--set", "root"], "is not KEY=VALUE"),
        (["--zone", "Mars"], r"edge.yaml:\d+: zone: .*IANA"),
        (["--secret", "hunter2"], r"link.secret: a secret does not stand"),
        (["--set", "urll=x"], "urll"),
    ],
)
def test_what_cannot_be_meant_is_one_line_and_writes_nothing(path: Path, arguments: list[str], says: str) -> None:
    with pytest.raises(ThirdshiftError, match=says):
        call(str(path), "--offline", *arguments)
    assert not path.exists()
    assert not path.parent.exists() or list(path.parent.iterdir()) == []


def test_a_config_is_never_overwritten_unless_told_so(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("mine")
    with pytest.raises(ThirdshiftError, match="add --force"):
        call(str(path), "--offline")
    assert path.read_text() == "mine"
    call(str(path), "--offline", "--force")
    assert read(path)


def test_a_machine_that_a_profile_fits_is_recognised(standing_plant: ForeignPlant, path: Path) -> None:
    arguments = [str(path), "--url", standing_plant.url, "--machine", "Mill"]
    told = call(*arguments)
    assert any("thirdshift edge certs trust" in step for step in told["next"]), "nobody trusts this server yet"
    fingerprint = next(step for step in told["next"] if "certs trust" in step).split("certs trust ")[1].split()[0]
    trusted = CliRunner().invoke(app, ["certs", "trust", fingerprint, "--pki", str(path.parent / "pki")])
    assert trusted.exit_code == 0, trusted.output
    told = call(*arguments, "--force")
    assert told["profile"] == "opcua-machinetool"
    assert "Mill" in read(path).machines["Mill"].source.model_dump()["root"]


class Terminal:
    """A command at a terminal, and somebody who types."""

    def __init__(self, *arguments: str) -> None:
        self.master, slave = pty.openpty()
        command = [sys.executable, "-c", "from gateway.cli import main; main()", "edge", *arguments]
        self.process = subprocess.Popen(
            command, stdin=slave, stdout=slave, stderr=slave, env={**os.environ, "TERM": "dumb"}
        )
        os.close(slave)
        self.text = ""

    def answer(self, question: str, words: str) -> None:
        deadline = time.monotonic() + 60
        while question not in self.text:
            assert time.monotonic() < deadline, f"no {question!r} in {self.text}"
            self.text += os.read(self.master, 4096).decode()
        self.text = self.text.partition(question)[2]
        os.write(self.master, f"{words}\n".encode())

    def end(self) -> int:
        try:
            while piece := os.read(self.master, 4096):
                self.text += piece.decode()
        except OSError:  # a terminal's way of saying that the other end has closed
            pass
        os.close(self.master)
        return self.process.wait(30)


def test_somebody_at_a_terminal_is_asked_and_may_trust_the_machine_on_the_way(
    standing_plant: ForeignPlant, path: Path
) -> None:
    screen = Terminal("init", str(path))
    screen.answer("agent's id", "agt_hall")
    screen.answer("key", "")
    screen.answer("broker", "")
    screen.answer("time zone", "Europe/Berlin")
    screen.answer("first machine is read", "")
    screen.answer("machine's url", standing_plant.url)
    screen.answer("can be trusted?", "y")
    screen.answer("Which machine", "Press")
    screen.answer("profile", "")
    assert screen.end() == 0, screen.text
    config = read(path)
    assert (config.agent, config.zone, config.machines["Press"].profile) == (
        "agt_hall",
        "Europe/Berlin",
        "opcua-machinery",
    )
    assert len(list(kept(path.parent / "pki", TRUSTED))) == 1
    assert "edge check" in screen.text
