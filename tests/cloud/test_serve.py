"""`thirdshift cloud serve`: everything on one machine, kept running, and gone without a trace when it stops."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest

from cloud.client import Client
from cloud.embedded.postgres import EmbeddedPostgres
from cloud.registry.model import SiteRequest
from gateway.ports import free_port

COMMAND = [sys.executable, "-c", "from gateway.cli import main; main()", "cloud"]


@dataclass
class Served:
    """A running `cloud serve` and where it lives."""

    process: subprocess.Popen[str]
    folder: Path
    told: dict[str, Any]

    @property
    def children(self) -> set[int]:
        return descendants(self.process.pid)


def descendants(root: int) -> set[int]:
    """Every living process below that one, by the kernel's books."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if fields[0] != "Z":
            parents[int(stat.parent.name)] = int(fields[1])
    found: set[int] = set()
    while more := {pid for pid, parent in parents.items() if parent in found | {root}} - found:
        found |= more
    return found


def alive(pids: set[int]) -> set[int]:
    return {pid for pid in pids if (stat := _stat(pid)) and stat != "Z"}


def _stat(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return None


def until(ask: Any, within: float = 30.0) -> None:
    deadline = time.monotonic() + within
    while not ask():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    folder = Path(tempfile.mkdtemp(prefix="thirdshift-test-"))
    folder.chmod(0o711)
    ports = ["--api-port", str(free_port()), "--mqtt-port", str(free_port())]
    command = [*COMMAND, "serve", "--data", str(folder), "--no-dashboard", "--json", *ports]
    with (
        (folder / "err").open("w") as err,
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=err, text=True) as process,
    ):
        try:
            assert process.stdout
            line = process.stdout.readline()
            assert line, (folder / "err").read_text()
            yield Served(process, folder, json.loads(line))
        finally:
            process.kill()
            process.wait()
            EmbeddedPostgres(folder).remove()
            subprocess.run(["rm", "-rf", str(folder)], check=True)


def run(served: Served, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [*COMMAND, *arguments, "--data", str(served.folder)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def healthy(served: Served) -> bool:
    try:
        return httpx2.get(f"{served.told['api']}/v1/health").status_code == 200
    except httpx2.TransportError:
        return False


async def test_an_enterprise_gets_its_key_once_and_can_use_it(served: Served) -> None:
    made = await asyncio.to_thread(run, served, "enterprise", "create", "Maker", "--json")
    told = json.loads(made.stdout)
    assert (made.returncode, set(told)) == (0, {"id", "name", "key"})
    async with Client(served.told["api"], told["key"]) as client:
        assert (await client.enterprise()).id == told["id"]
        await client.add_site(SiteRequest(name="works", zone="Europe/Vienna"))
    again = await asyncio.to_thread(run, served, "enterprise", "create", "Maker")
    assert (again.returncode, again.stdout) == (2, "")
    assert "choose another name" in again.stderr
    assert "Traceback" not in again.stderr


def test_parked_messages_are_listed_and_none_is_success(served: Served) -> None:
    done = run(served, "parked", "--json")
    assert (done.returncode, json.loads(done.stdout)) == (0, [])


def test_the_auditor_bears_out_what_there_is(served: Served) -> None:
    done = run(served, "verify", "--json")
    told = json.loads(done.stdout)
    assert (done.returncode, told["ok"], told["faults"]) == (0, True, [])
    assert "all of it is borne out" in run(served, "verify").stdout


def test_migrating_again_changes_nothing(served: Served) -> None:
    assert run(served, "migrate").returncode == 0


def test_a_second_one_on_the_same_ports_says_which_are_taken(served: Served) -> None:
    port = served.told["api"].rpartition(":")[2]
    command = [*COMMAND, "serve", "--data", str(served.folder), "--no-dashboard", "--api-port", port]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert f"api 127.0.0.1:{port}" in done.stderr
    assert "--api-port" in done.stderr


def test_whatever_is_killed_comes_back_and_its_death_is_said(served: Served) -> None:
    before = served.children
    server = EmbeddedPostgres(served.folder)
    postmaster = int((server.home / "data" / "postmaster.pid").read_text().split()[0])
    for pid in {*before, postmaster}:
        os.kill(pid, signal.SIGKILL)
    until(lambda: len(served.children - before) >= 3 and healthy(served))
    said = (served.folder / "err").read_text()
    for name in ("broker", "ingest", "api", "PostgreSQL"):
        assert said.count(f"{name} ended") == 1, said


def test_it_stops_cleanly_and_leaves_no_process(served: Served) -> None:
    children = served.children
    server = EmbeddedPostgres(served.folder)
    assert len(children) >= 3
    assert server.running()
    served.process.send_signal(signal.SIGINT)
    assert served.process.wait(30) == 0
    assert alive(children) == set()
    assert server.running() is None
    assert "Traceback" not in (served.folder / "err").read_text()


def test_settings_that_cannot_be_used_are_named() -> None:
    environment = {**os.environ, "THIRDSHIFT_API_PORT": "http"}
    done = subprocess.run([*COMMAND, "api"], capture_output=True, text=True, check=False, env=environment)
    assert done.returncode == 2
    assert "THIRDSHIFT_API_PORT" in done.stderr


def test_without_a_database_the_api_says_what_to_do(tmp_path: Path) -> None:
    done = subprocess.run([*COMMAND, "api", "--data", str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "thirdshift cloud serve" in done.stderr
