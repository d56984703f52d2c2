"""The supervisor: order, readiness, restarts, and that nobody outlives it."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from gateway.supervisor import Process, StartFailed, Supervisor


def script(name: str, body: str, **given: object) -> Process:
    return Process(name, (sys.executable, "-c", body), **given)  # type: ignore[arg-type]


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


async def until(condition: object, within: float = 10.0) -> None:
    deadline = time.monotonic() + within
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "it did not happen in time"
        await asyncio.sleep(0.02)


async def test_children_stop_in_the_reverse_of_their_starting_order(tmp_path: Path) -> None:
    body = (
        "import signal,sys,time,pathlib\n"
        "def end(*_):\n"
        "    pathlib.Path(sys.argv[2]).open('a').write(sys.argv[1]); sys.exit(0)\n"
        "signal.signal(signal.SIGTERM, end); print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    log = tmp_path / "order"
    async with Supervisor(tmp_path) as supervisor:
        for name in "abc":
            said = tmp_path / f"{name}.log"

            async def up(said: Path = said) -> bool:
                return said.exists() and said.read_text() == "up\n"

            await supervisor.start(Process(name, (sys.executable, "-c", body, name, str(log)), ready=up))
    assert log.read_text() == "cba"


async def test_start_returns_only_when_the_child_serves(tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    async def ready() -> bool:
        return mark.exists()

    body = f"import time,pathlib; time.sleep(0.3); pathlib.Path({str(mark)!r}).touch(); time.sleep(60)"
    async with Supervisor() as supervisor:
        await supervisor.start(script("slow", body, ready=ready))
        assert mark.exists()


async def test_a_child_that_ends_while_starting_is_told_with_its_last_words(tmp_path: Path) -> None:
    async def never() -> bool:
        return False

    async with Supervisor(tmp_path) as supervisor:
        with pytest.raises(StartFailed, match=r"(?s)bad ended with 3 .*the port is taken"):
            await supervisor.start(script("bad", "import sys; print('the port is taken'); sys.exit(3)", ready=never))
        assert supervisor.pids() == {}


async def test_a_child_that_never_serves_is_stopped_and_told() -> None:
    async def never() -> bool:
        return False

    async with Supervisor() as supervisor:
        with pytest.raises(StartFailed, match="mute does not serve after"):
            await supervisor.start(script("mute", "import time; time.sleep(60)", ready=never, ready_within=0.2))
        assert supervisor.pids() == {}


async def test_a_child_that_dies_is_started_again_and_said_once() -> None:
    said: list[str] = []
    async with Supervisor(say=said.append) as supervisor:
        await supervisor.start(script("frail", "import time; time.sleep(60)"))
        for restarts in (1, 2):
            os.kill(supervisor.pid("frail"), signal.SIGKILL)
            await until(lambda wanted=restarts: supervisor.restarts("frail") == wanted)
        assert alive(supervisor.pid("frail"))
    assert said == ["frail ended with -9 and is started again"]


async def test_a_child_that_ignores_sigterm_is_killed_after_its_grace() -> None:
    said: list[str] = []
    supervisor = Supervisor(say=said.append)
    body = "import signal,time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(60)"
    await supervisor.start(script("deaf", body, grace=0.3))
    await asyncio.sleep(0.3)
    pid = supervisor.pid("deaf")
    await supervisor.stop()
    assert not alive(pid)
    assert said == ["deaf did not stop within 0.3 s and was killed"]


async def test_what_a_child_left_behind_ends_with_it(tmp_path: Path) -> None:
    note = tmp_path / "pid"
    body = (
        "import subprocess,sys,pathlib,time\n"
        "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
        f"pathlib.Path({str(note)!r}).write_text(str(child.pid)); time.sleep(60)"
    )
    async with Supervisor() as supervisor:
        await supervisor.start(script("parent", body))
        await until(lambda: note.exists() and note.read_text())
    await until(lambda: not alive(int(note.read_text())))


def test_no_child_outlives_a_killed_supervisor() -> None:
    body = (
        "import asyncio,sys\n"
        "from gateway.supervisor import Process, Supervisor\n"
        "async def main():\n"
        "    supervisor = Supervisor()\n"
        "    await supervisor.start(Process('child', (sys.executable, '-c', 'import time; time.sleep(60)')))\n"
        "    print(supervisor.pid('child'), flush=True)\n"
        "    await asyncio.sleep(60)\n"
        "asyncio.run(main())\n"
    )
    with subprocess.Popen([sys.executable, "-c", body], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = int(parent.stdout.readline())
        assert alive(child)
        time.sleep(0.2)
        parent.kill()
        parent.wait()
    deadline = time.monotonic() + 5
    while alive(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not alive(child)
