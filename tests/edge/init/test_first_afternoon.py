"""The first afternoon as docs/first-machine.md tells it: init, browse, check, run, on a saw that no profile names."""

import base64
import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from foreign_opcua import ForeignPlant
from typer.testing import CliRunner

from edge.cli import app
from edge.sources.opcua_address import parse

STORY = Path(__file__).parents[3] / "docs" / "first-machine.md"


def call(*arguments: str, code: int = 0) -> dict[str, Any]:
    result = CliRunner().invoke(app, [*arguments, "--json"])
    assert result.exit_code == code, result.output or result.exception
    document: dict[str, Any] = json.loads(result.stdout)
    return document


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Any]:
    """Starts the agent of a config, and stops it in the end."""
    started: list[subprocess.Popen[bytes]] = []

    def run(config: Path) -> None:
        command = [sys.executable, "-c", "from gateway.cli import main; main()", "edge", "run", str(config), "--json"]
        started.append(subprocess.Popen(command, stderr=subprocess.DEVNULL))

    yield run
    for process in started:
        process.terminate()
        process.wait(20)


def state(config: Path) -> str | None:
    """The saw's state, as `edge status` tells it; None while the agent is not up."""
    result = CliRunner().invoke(app, ["status", str(config), "--json"])
    if result.exit_code:
        return None
    found = json.loads(result.stdout)
    machine = found["machines"]["Saw"]
    return machine["state"] if found.get("running") else None


def until(wanted: str, config: Path) -> None:
    deadline = time.monotonic() + 60
    while state(config) != wanted:
        assert time.monotonic() < deadline, f"never {wanted}, but {state(config)}"
        time.sleep(0.3)


def test_a_machine_that_nobody_has_seen_is_connected_and_its_states_are_right(
    strange_plant: ForeignPlant, tmp_path: Path, running: Any
) -> None:
    config = tmp_path / "edge.yaml"
    (tmp_path / "link.key").write_bytes(base64.b64encode(bytes(32)))
    told = call("init", str(config), "--url", strange_plant.url, "--machine", "Saw", "--broker", "127.0.0.1:9")
    assert told["profile"] == "saw"
    drawing = next(step for step in told["next"] if "edge browse" in step)
    assert "--machine Saw --draft saw --write profiles" in drawing
    assert "thirdshift edge browse" in call("check", str(config), code=1)["findings"][1]["remedy"]

    call("browse", "Saw", "--config", str(config), "--machine", "Saw", "--draft", "saw", "--write",
         str(tmp_path / "profiles"))  # fmt: skip
    checked = call("check", str(config), code=1)
    assert [each["what"] for each in checked["findings"] if not each["ok"]] == ["broker 127.0.0.1:9"]
    assert all(each["ok"] for each in checked["signals"])
    assert checked["signals"][-1]["value"] == "NotExecuting / Processing"

    running(config)
    until("NotExecuting", config)
    for said, means in (("WORKING", "Executing"), ("ERROR", "OutOfService"), ("READY", "NotExecuting")):
        strange_plant.tell("saw", state=said)
        until(means, config)


def test_the_story_names_only_commands_and_options_that_there_are() -> None:
    commands = re.findall(r"^\$ (?:\w+=\S+ )?thirdshift edge (.+)$", STORY.read_text(encoding="utf-8"), re.MULTILINE)
    assert {command.split()[0] for command in commands} >= {"init", "browse", "check", "run", "status"}
    for command in commands:
        words = command.split()
        name = words[:2] if words[0] == "certs" else words[:1]
        helped = CliRunner().invoke(app, [*name, "--help"], env={"COLUMNS": "200", "TERM": "dumb"}).stdout
        for option in re.findall(r"--[a-z]+", command):
            assert option in helped, command


def test_the_story_s_addresses_are_addresses() -> None:
    roots = re.findall(r'root: "([^"]+)"', STORY.read_text(encoding="utf-8"))
    assert roots
    assert all(parse(root).path for root in roots)
