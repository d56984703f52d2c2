"""`make bench-story`: how long each step of the story takes, and what each process weighs and needs to start.

Ours and the ceiling run in the same run: a step that crosses the network is held against the bare round trip of the
same registry (`GET /v1/health`), a start against that of a bare interpreter that imports nothing of ours.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

from rich.console import Console

from gateway.bench import Row, show
from gateway.demo.run import Wish, run

REACH = {"found": 0.2, "held": 0.2, "booked": 0.2, "stored": 1.0, "whole": 90.0}
"""What we want to stay below, in seconds; steps that mostly wait for the machine have no such limit."""

CALLS = {"found": 1, "held": 3, "booked": 3}
"""How many calls of the API a step consists of; the others wait for the plant."""

PER_PROCESS_MB = 200.0


def rows(told: dict[str, Any], bare_start: float) -> Iterator[Row]:
    """The figures of one story. `bare_start`: seconds that an interpreter without anything of ours needs."""
    for name, seconds in told["steps_s"].items():
        bare = told["round_trip_s"] * CALLS[name] if name in CALLS else None
        yield _row(f"step: {name}", seconds, "s", bare, REACH.get(name))
    for name, seconds in told["started_s"].items():
        yield _row(f"start: {name}", seconds, "s", bare_start, None)
    for name, megabytes in told["memory_mb"].items():
        yield _row(f"memory: {name}", megabytes, "MB", None, PER_PROCESS_MB)
    yield _row("memory: all", round(sum(told["memory_mb"].values()), 1), "MB", None, None)
    yield _row("story, whole", told["seconds"], "s", None, REACH["whole"])


def _row(name: str, value: float, unit: str, reference: float | None, reach: float | None) -> Row:
    ratio = round(value / reference, 2) if reference else None
    return Row(name, value, unit, reference, ratio, reach, None if reach is None else value <= reach)


def bare_start() -> float:
    """Seconds that a bare interpreter needs to start and end, the best of three."""
    found = []
    for _ in range(3):
        began = time.monotonic()
        subprocess.run([sys.executable, "-I", "-c", "pass"], check=True)
        found.append(time.monotonic() - began)
    return round(min(found), 3)


def main() -> None:
    began = time.monotonic()
    told = asyncio.run(run(Wish(once=True, replay=None, speed=60.0, data=None, tell=Console(stderr=True).print)))
    if not told["ok"]:
        sys.exit("the story did not come to its end; nothing was measured")
    told["seconds"] = round(time.monotonic() - began, 1)
    show(list(rows(told, bare_start())), "story", "the story, step by step")


if __name__ == "__main__":
    main()
