"""`thirdshift edge` as a person uses it, and a real agent process that works without a broker."""

import base64
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge import control
from edge.__main__ import main as agent
from edge.cli import app
from edge.errors import FileInvalid
from edge.profile import names

Write = Callable[[str, str], Path]
CONFIG = """\
agent: plant-a
link: {id: k1, secret: "file:link.key"}
broker: {port: 1}
machines:
  M1: {profile: replay, source: {type: replay, file: log.csv}}
"""
LOG = "machine,report,start,end\nM1,production,2026-03-02T08:00Z,2026-03-02T09:00Z\n"


@pytest.fixture
def config(write: Write) -> Path:
    write("link.key", base64.b64encode(bytes(32)).decode())
    write("log.csv", LOG)
    return write("edge.yaml", CONFIG)


def call(*words: str, code: int = 0) -> str:
    found = CliRunner().invoke(app, words)
    assert found.exit_code == code, found.output
    return found.stdout


def test_pause_and_resume_work_without_an_agent(config: Path) -> None:
    told = json.loads(call("pause", "M1", "--config", str(config), "--json"))
    assert told == {"machine": "M1", "paused": True}
    assert control.paused(config.parent / "data") == {"M1"}
    assert "resumed" in call("resume", "M1", "--config", str(config))
    assert control.paused(config.parent / "data") == set()


def test_a_machine_that_is_not_there_cannot_be_paused(config: Path) -> None:
    found = CliRunner().invoke(app, ["pause", "M2", "--config", str(config)])
    assert isinstance(found.exception, FileInvalid)
    assert "no machine 'M2'; there are M1" in str(found.exception)


def test_a_status_before_the_first_run_says_what_to_do(config: Path) -> None:
    found = CliRunner().invoke(app, ["status", str(config)])
    assert "has never run; start it with `thirdshift edge run" in str(found.exception)


@pytest.mark.parametrize("words", [("pause", "M1", "--config"), ("status",)], ids=lambda words: words[0])
def test_a_data_folder_that_cannot_be_used_is_named_with_its_remedy(config: Path, words: tuple[str, ...]) -> None:
    (config.parent / "data").write_text("a file where a folder should be")
    found = CliRunner().invoke(app, [*words, str(config)])
    assert isinstance(found.exception, FileInvalid)
    assert re.search(r"data.*; (make the folder|run as the agent's user)", str(found.exception))
    with pytest.raises(FileInvalid, match=r"data.*; make the folder"):
        agent([str(config)])


def test_the_agents_own_process_has_no_command_line_and_no_colours_in_it(config: Path) -> None:
    """What `edge run` becomes: the command's process itself, so that signals and exit codes are its own."""
    (config.parent / "data").write_text("a file where a folder should be")
    command = [sys.executable, "-X", "importtime", "-P", "-m", "edge", str(config)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if line.startswith("import time")}
    assert "edge.run" in imported
    assert not {"typer", "rich.console", "pygments"} & imported
    command = [sys.executable, "-c", "from gateway.cli import main; main()", "edge", "run", str(config)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (run.returncode, run.stderr) == (2, done.stderr.splitlines()[-1] + "\n")


@pytest.mark.parametrize(
    ("tls", "what"),
    [
        ("{ca: none.pem}", r"broker.tls.ca: .*none.pem: .*No such file.*; check the path, and that it is a PEM"),
        ("{ca: edge.yaml}", r"broker.tls.ca: .*edge.yaml: "),
    ],
    ids=["not there", "no certificate"],
)
def test_a_certificate_that_cannot_be_used_is_named_by_run_and_check(
    config: Path, monkeypatch: pytest.MonkeyPatch, tls: str, what: str
) -> None:
    monkeypatch.setattr("edge.check.BROKER_PATIENCE", 0.05)
    config.write_text(config.read_text().replace("{port: 1}", f"{{port: 1, tls: {tls}}}"))
    with pytest.raises(FileInvalid, match=what):
        agent([str(config)])
    findings = json.loads(call("check", str(config), "--json", code=1))["findings"]
    assert any(not each["ok"] and re.search(what, each["remedy"]) for each in findings)


def test_the_profiles_are_listed() -> None:
    told = json.loads(call("profiles", "--json"))["profiles"]
    assert [each["profile"] for each in told] == names()
    assert {each["source"] for each in told} == {"opcua", "mqtt", "sparkplug", "mtconnect", "modbus", "replay"}
    assert "OPC 40001-1" in call("profiles")


def test_check_says_what_to_mend_and_fails(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.check.BROKER_PATIENCE", 0.1)
    told = json.loads(call("check", str(config), "--json", code=1))
    assert [each["what"] for each in told["findings"] if not each["ok"]] == ["broker 127.0.0.1:1"]
    assert "check host and port" in told["findings"][-1]["remedy"]


@pytest.mark.parametrize(
    ("old", "new", "what", "remedy"),
    [
        ("profile: replay", "profile: reply", "M1: profile", "no profile 'reply'"),
        ("log.csv", "lug.csv", "M1: files", "lug.csv: cannot be read"),
        ("file:link.key", "env:NO_SUCH_KEY", "link", "set the environment variable NO_SUCH_KEY"),
        ("log.csv}}", "log.csv}, orders: store}", "M1: orders", "set `orders: off`, or name the receiver"),
        ("agent: plant-a", "agnt: plant-a", "config", "edge.yaml:1: agnt: is not a key here"),
    ],
)
def test_check_finds_what_is_wrong(
    config: Path, monkeypatch: pytest.MonkeyPatch, old: str, new: str, what: str, remedy: str
) -> None:
    monkeypatch.setattr("edge.check.BROKER_PATIENCE", 0.05)
    config.write_text(config.read_text().replace(old, new))
    findings = json.loads(call("check", str(config), "--json", code=1))["findings"]
    assert any(each["what"] == what and remedy in each["remedy"] for each in findings)


def test_another_process_with_the_number_of_a_dead_agent_is_no_agent(config: Path) -> None:
    status = config.parent / "data" / "status.json"
    status.parent.mkdir()
    status.write_text(
        json.dumps({"pid": os.getpid(), "at": "2026-03-02T08:30:00+00:00", "machines": {}, "trouble": {}})
    )
    assert json.loads(call("status", str(config), "--json"))["running"], "one that has no socket shows itself so"
    os.utime(status, (time.time() - 3600,) * 2)
    assert not json.loads(call("status", str(config), "--json", code=1))["running"]


def test_an_agent_without_a_broker_gathers_what_happens_and_stops_when_told(config: Path) -> None:
    clock = f"2026-03-02T08:30:00+00:00@{time.time():.1f}x60"
    command = [sys.executable, "-c", "from gateway.cli import main; main()", "edge", "run", str(config), "--json"]
    agent = subprocess.Popen(command, env={**os.environ, "THIRDSHIFT_CLOCK": clock}, stderr=subprocess.PIPE, text=True)
    try:
        status = _wait_for(config.parent / "data" / "status.json", agent)
        assert status["machines"].keys() == {"M1"}
        found = json.loads(call("status", str(config), "--json"))
        assert (found["running"], found["pid"]) == (True, agent.pid)
    finally:
        agent.send_signal(signal.SIGTERM)
        _, log = agent.communicate(timeout=20)
    assert agent.returncode == 0, log
    told = [json.loads(line)["event"] for line in log.splitlines()]
    assert (told[0], told[-1]) == ("agent runs", "agent stopped")
    assert told.count("broker lost, trying on") == 1
    assert not json.loads(call("status", str(config), "--json", code=1))["running"]
    assert "Executing" in call("status", str(config), code=1)


def _wait_for(path: Path, agent: "subprocess.Popen[str]") -> dict[str, dict[str, object]]:
    until = time.monotonic() + 30
    while time.monotonic() < until and agent.poll() is None:
        if path.exists() and "Executing" in path.read_text():
            found: dict[str, dict[str, object]] = json.loads(path.read_text())
            return found
        time.sleep(0.1)
    pytest.fail("the agent showed no status")


def test_explain_says_layer_by_layer_why_an_hour_is_or_is_not_for_sale(config: Path) -> None:
    words = ("explain", "M1", "--config", str(config), "--at", "2012-01-01T00:00Z")
    told = json.loads(call(*words, "--json"))
    assert (told["for_sale"], told["steps"][0]["layer"]) == (False, "horizon")
    assert "is not for sale (nothing is told of it)" in call(*words)
    now = json.loads(call("explain", "M1", "--config", str(config), "--json"))
    assert [step["layer"] for step in now["steps"]][:3] == ["pause", "machine", "calendar"]
    assert now["pieces"][0]["reason"] == "stale-data", "no agent has ever seen the machine"


@pytest.mark.parametrize(
    ("words", "complaint"),
    [(("M2",), "no machine 'M2'; there are M1"), (("M1", "--at", "soon"), "--at soon: .*write an ISO 8601 time")],
)
def test_explain_says_what_it_cannot_answer(config: Path, words: tuple[str, ...], complaint: str) -> None:
    found = CliRunner().invoke(app, ["explain", *words, "--config", str(config)])
    assert isinstance(found.exception, FileInvalid)
    assert re.search(complaint, str(found.exception))
