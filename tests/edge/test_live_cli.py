"""The commands that talk to a running agent, as a person and as a script uses them: output, JSON and exit codes."""

import base64
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

THIRDSHIFT = (sys.executable, "-c", "from gateway.cli import main; main()", "edge")
CONFIG = """\
agent: plant-a
link: {id: k1, secret: "file:link.key"}
broker: {port: 1}
machines:
  M1: {profile: replay, source: {type: replay, file: log.csv}}
"""
M2 = "  M2: {profile: replay, source: {type: replay, file: log.csv, machine: M1}}\n"
LOG = "machine,report,start,end\nM1,production,2026-03-02T08:00Z,2026-03-02T09:00Z\n"


class Agent:
    """An agent in a process of its own, an hour of whose time passes in a minute."""

    def __init__(self, folder: Path) -> None:
        self.config = folder / "edge.yaml"
        (folder / "link.key").write_text(base64.b64encode(bytes(32)).decode())
        (folder / "log.csv").write_text(LOG)
        self.config.write_text(CONFIG)
        self.log = (folder / "agent.log").open("w+")

    def start(self) -> None:
        clock = f"2026-03-02T08:30:00+00:00@{time.time():.1f}x60"
        environment = {**os.environ, "THIRDSHIFT_CLOCK": clock}
        words = (*THIRDSHIFT, "run", str(self.config), "--json")
        self.process = subprocess.Popen(words, env=environment, stderr=self.log, text=True)
        self.until(lambda: self.call("status", str(self.config), "--json")[0] == 0)

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(timeout=30) == 0

    def until(self, true: object) -> None:
        deadline = time.monotonic() + 60
        while not true():  # type: ignore[operator]
            assert time.monotonic() < deadline
            assert self.process.poll() is None
            time.sleep(0.2)

    def call(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run((*THIRDSHIFT, *words), capture_output=True, text=True, check=False, timeout=60)
        return done.returncode, done.stdout, done.stderr

    def told(self) -> list[dict[str, object]]:
        self.log.seek(0)
        return [json.loads(line) for line in self.log.read().splitlines()]


@pytest.fixture(scope="module")
def agent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Agent]:
    made = Agent(tmp_path_factory.mktemp("agent"))
    made.start()
    yield made
    if made.process.poll() is None:
        made.stop()
    made.log.close()


def test_the_status_is_live(agent: Agent) -> None:
    code, out, _ = agent.call("status", str(agent.config), "--json")
    found = json.loads(out)
    assert (code, found["live"], found["running"], found["pid"]) == (0, True, True, agent.process.pid)
    code, out, _ = agent.call("status", str(agent.config))
    assert (code, "running" in out, "broker: not connected" in out) == (0, True, True)


def test_a_tail_is_a_line_for_each_thing_that_happens(agent: Agent) -> None:
    code, out, _ = agent.call("tail", "M1", "--config", str(agent.config), "--json", "-n", "1")
    assert (code, json.loads(out)["what"], json.loads(out)["machine"]) == (0, "status", "M1")
    code, out, _ = agent.call("tail", "M1", "--config", str(agent.config), "-n", "1")
    assert (code, out.split()[1]) == (0, "status")
    assert agent.call("tail", "M7", "--config", str(agent.config))[0] == 2


def test_a_reload_says_what_it_did_or_why_not(agent: Agent) -> None:
    agent.config.write_text(CONFIG + M2)
    code, out, _ = agent.call("reload", str(agent.config))
    assert (code, out) == (0, "added M2\n")
    agent.config.write_text(CONFIG.replace("plant-a", "plant-b"))
    code, _, err = agent.call("reload", str(agent.config))
    assert (code, "agent: cannot be changed while the agent runs" in err) == (1, True)
    assert json.loads(agent.call("reload", str(agent.config), "--json")[1])["ok"] is False
    agent.config.write_text(CONFIG.replace("machines:", "machinse:"))
    code, _, err = agent.call("reload", str(agent.config))
    assert (code, "edge.yaml:4: machinse: is not a key here" in err) == (2, True)
    agent.config.write_text(CONFIG)


def test_a_hang_up_is_a_reload_that_answers_in_the_log(agent: Agent) -> None:
    agent.config.write_text(CONFIG.replace("plant-a", "plant-c"))
    before = len(agent.told())
    agent.process.send_signal(signal.SIGHUP)
    agent.until(lambda: any("config not taken" in str(line["event"]) for line in agent.told()[before:]))
    agent.config.write_text(CONFIG)
    agent.process.send_signal(signal.SIGHUP)
    agent.until(lambda: agent.told()[-1]["event"] == "config read again")


def test_orders_are_listed_and_an_unknown_one_is_a_no(agent: Agent) -> None:
    code, out, _ = agent.call("orders", "list", "--config", str(agent.config), "--json")
    assert (code, json.loads(out)["asked"], json.loads(out)["running"]) == (0, [], True)
    code, _, err = agent.call("orders", "accept", "bkg_1", "--config", str(agent.config))
    assert (code, err) == (1, "no order bkg_1 waits for an answer; waiting: none\n")
    words = ("orders", "refuse", "bkg_1", "--reason", "no", "--config", str(agent.config), "--json")
    assert (agent.call(*words)[0], json.loads(agent.call(*words)[1])["ok"]) == (1, False)


def test_a_loss_is_one_line_in_the_log(agent: Agent) -> None:
    events = [line["event"] for line in agent.told()]
    assert events.count("broker lost, trying on") == 1


def test_without_an_agent_a_script_learns_to_try_again_later(agent: Agent) -> None:
    agent.stop()
    assert not (agent.config.parent / "data" / "agent.sock").exists()
    code, out, _ = agent.call("status", str(agent.config), "--json")
    assert (code, json.loads(out)["running"], json.loads(out)["live"]) == (1, False, False)
    for words in (("reload", str(agent.config)), ("orders", "accept", "bkg_1", "--config", str(agent.config))):
        code, _, err = agent.call(*words)
        assert (code, "no agent runs with the data folder" in err) == (75, True)
    assert agent.call("orders", "list", "--config", str(agent.config))[0] == 0
    assert agent.call("pause", "M1", "--config", str(agent.config))[0] == 0, "a pause needs no agent"
    assert agent.call("pause", "M9", "--config", str(agent.config))[0] == 2
