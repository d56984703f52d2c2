"""All commands of `thirdshift edge`: each speaks JSON, each says what it is for, and a fault has its exit code."""

import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import typer

from edge.cli import app

COMMAND = (sys.executable, "-c", "from gateway.cli import main; main()", "edge")


def commands(found: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Every command that does something, by its words."""
    if hasattr(found, "commands"):
        for word, each in found.commands.items():
            yield from commands(each, f"{name} {word}".strip())
    else:
        yield name, found


ALL = dict(commands(typer.main.get_command(app)))


@pytest.mark.parametrize("name", ALL)
def test_every_command_speaks_json_and_says_what_it_is_for(name: str) -> None:
    options = [option for each in ALL[name].params for option in each.opts]
    assert "--json" in options
    assert len(ALL[name].help or "") > 20


def test_the_commands_of_the_daily_life_are_there() -> None:
    daily = {"run", "status", "reload", "tail", "pause", "resume", "orders list", "orders accept", "orders refuse"}
    assert daily <= set(ALL)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("status", "none.yaml"), 2, "none.yaml"),
        (("status",), 2, "Missing argument"),
        (("statsu", "edge.yaml"), 2, "No such command"),
        (("tail", "M1", "--config", "edge.yaml"), 75, "no agent runs with the data folder"),
        (("reload", "edge.yaml"), 75, "no agent runs with the data folder"),
        (("pause", "M9", "--config", "edge.yaml"), 2, "no machine 'M9'; there are M1"),
        (("pause", "M1", "--config", "edge.yaml"), 0, ""),
    ],
)
def test_a_script_can_tell_what_went_wrong(tmp_path: Any, words: tuple[str, ...], code: int, said: str) -> None:
    (tmp_path / "edge.yaml").write_text(
        "agent: a\nlink: {id: k1, secret: env:KEY}\n"
        "machines: {M1: {profile: opcua-machinery, source: {type: opcua, url: 'opc.tcp://127.0.0.1:1'}}}\n"
    )
    environment = {**os.environ, "COLUMNS": "200", "TERM": "dumb", "NO_COLOR": "1"}
    done = subprocess.run(
        (*COMMAND, *words), cwd=tmp_path, capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == code, done.stderr
    assert said in done.stderr
