"""When the owner of the embedded PostgreSQL is killed, the server does not stay for ever."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from cloud.embedded.guard import GRACE_S
from cloud.embedded.postgres import EmbeddedPostgres

OWNER = """
import sys, time
from pathlib import Path
from cloud.embedded.guard import guarded
from cloud.embedded.postgres import EmbeddedPostgres
with {guarding}:
    EmbeddedPostgres(Path(sys.argv[1])).start()
    print("up", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    tmp_path.chmod(0o711)
    yield tmp_path
    EmbeddedPostgres(tmp_path).remove()


def killed_owner(folder: Path, guarding: str) -> None:
    code = OWNER.format(guarding=guarding)
    with subprocess.Popen([sys.executable, "-c", code, str(folder)], stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == "up\n"
        os.kill(owner.pid, signal.SIGKILL)


def ends_within(server: EmbeddedPostgres, seconds: float) -> bool:
    deadline = time.monotonic() + seconds
    while server.running() and time.monotonic() < deadline:
        time.sleep(0.1)
    return server.running() is None


def test_a_killed_owners_server_is_stopped_after_a_grace(folder: Path) -> None:
    killed_owner(folder, "guarded(Path(sys.argv[1]))")
    assert EmbeddedPostgres(folder).running()
    assert ends_within(EmbeddedPostgres(folder), GRACE_S + 15)


def test_control_without_a_guard_it_stays(folder: Path) -> None:
    killed_owner(folder, "open(__import__('os').devnull)")
    assert not ends_within(EmbeddedPostgres(folder), GRACE_S + 1)


def test_a_server_that_was_taken_over_in_time_is_left_alone(folder: Path) -> None:
    killed_owner(folder, "guarded(Path(sys.argv[1]))")
    heir = EmbeddedPostgres(folder)
    with heir:
        assert not ends_within(heir, GRACE_S + 2)
