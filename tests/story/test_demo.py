"""`thirdshift demo`, as a script would call it."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

JOBSHOP = Path(__file__).parents[3] / "shared/data/jobshop-2012/reports.csv"
DEMO = (sys.executable, "-m", "gateway.cli", "demo")


def play(*arguments: str) -> tuple[int, dict[str, object], str]:
    done = subprocess.run([*DEMO, *arguments], capture_output=True, text=True, timeout=200, check=False)
    return done.returncode, json.loads(done.stdout) if done.stdout else {}, done.stderr


def processes_naming(folder: Path) -> list[str]:
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        try:
            told = (each / "cmdline").read_bytes() + (each / "environ").read_bytes()
        except OSError:
            continue
        if str(folder).encode() in told:
            found.append((each / "cmdline").read_bytes().decode(errors="replace").replace("\0", " "))
    return found


def replayed() -> tuple[str, ...]:
    if not JOBSHOP.exists():
        pytest.skip(f"real log missing: {JOBSHOP}")
    return ("--replay", str(JOBSHOP))


@pytest.mark.parametrize("log", ["generated", "real log"])
def test_the_whole_story_happens_and_leaves_nothing_behind(log: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    given = replayed() if log == "real log" else ()
    code, told, said = play("--once", "--json", "--speed", "360", "--data", str(tmp_path), *given)
    assert code == 0, said[-3000:]
    meters = {role: booking["meter"]["share"] for role, booking in told["bookings"].items()}  # type: ignore[attr-defined]
    assert meters == {"runs": 1.0, "stops": 0.4, "never_starts": 0.0}
    hours = told["hours"]
    assert isinstance(hours, dict)
    assert hours["booked"] == 3.0
    assert 0.5 < hours["run"] < 2.0
    assert hours["offered_next_7_days"] > 0
    assert processes_naming(tmp_path) == []


def test_a_kept_demo_goes_on_where_it_stopped(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    arguments = ("--once", "--json", "--speed", "720", "--data", str(tmp_path))
    code, first, said = play(*arguments)
    assert code == 0, said[-3000:]
    code, second, said = play(*arguments)
    assert code == 0, said[-3000:]
    assert second["bookings"]["runs"]["start"] > first["bookings"]["runs"]["end"]  # type: ignore[index]
    assert second["bookings"]["runs"]["id"] != first["bookings"]["runs"]["id"]  # type: ignore[index]


def test_ctrl_c_in_the_middle_leaves_no_process(tmp_path: Path) -> None:
    tmp_path.chmod(0o711)
    argv = [*DEMO, "--once", "--data", str(tmp_path)]
    with subprocess.Popen(argv, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True) as running:
        assert running.stderr is not None
        deadline = time.monotonic() + 120
        while "machines seen" not in running.stderr.readline():
            assert time.monotonic() < deadline, "the plant never came up"
        running.send_signal(signal.SIGINT)
        running.communicate(timeout=60)
    assert running.returncode == 1
    assert processes_naming(tmp_path) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--speed", "7200"), "at most 3600"),
        (("--speed", "0"), "at most 3600"),
        (("--replay", "no-such-log.csv"), "no-such-log.csv"),
        (("--replay", os.devnull), "the first line must name"),
    ],
    ids=["too fast", "standing still", "no log", "an empty log"],
)
def test_a_wish_that_cannot_be_met_is_one_clear_line(arguments: tuple[str, ...], said: str) -> None:
    code, _, error = play("--once", *arguments)
    assert code == 2
    assert said in error
    assert "Traceback" not in error
