"""One run of the demo from curtain to curtain, with a person watching or without."""

import asyncio
import json
import os
import shutil
import signal
import tempfile
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from gateway.clock import check_speed
from gateway.demo import files, log, story
from gateway.demo.api import Api
from gateway.demo.generate import Plan, Report, generate
from gateway.demo.processes import memory_of
from gateway.demo.scene import Ports, Scene, new_clock, open_ports, recall, write
from gateway.demo.stage import Stage
from gateway.supervisor import Supervisor

MACHINES = 6
HISTORY = timedelta(days=28)
FUTURE = timedelta(days=60)
KEPT = timedelta(seconds=2)
"""Real time between two runs in one folder, at least."""

QUIET, QUIET_MACHINES = timedelta(hours=3), 4


@dataclass(frozen=True, slots=True)
class Wish:
    """What the user asked for on the command line."""

    once: bool
    replay: Path | None
    speed: float
    data: Path | None
    tell: Callable[[str], None]


async def run(wish: Wish) -> dict[str, Any]:
    """Play the demo; returns what happened. Ends its processes and, unless `data` was given, its folder."""
    check_speed(wish.speed)
    if wish.data:
        wish.data.mkdir(parents=True, exist_ok=True)
        return await _play(wish, wish.data.resolve())
    folder = _passing_folder()
    try:
        return await _play(wish, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _passing_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="thirdshift-demo-"))
    # PostgreSQL refuses to run as root, and its own user must reach its files; what holds secrets is 0600.
    folder.chmod(0o711)
    return folder


async def _play(wish: Wish, folder: Path) -> dict[str, Any]:
    stage = _stage(wish, folder)
    stopped = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    async with AsyncExitStack() as stack:
        supervisor = await stack.enter_async_context(Supervisor(folder / "logs", wish.tell))
        stack.push_async_callback(stage.fall_curtain, supervisor)
        stack.callback(_remember, stage)
        stack.callback(asyncio.create_task(_keep_time(stage)).cancel)
        playing = asyncio.create_task(_acts(wish, stage, supervisor))
        stopping = asyncio.create_task(stopped.wait())
        await asyncio.wait({playing, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if not playing.done():
            playing.cancel()
            await asyncio.gather(playing, return_exceptions=True)
            wish.tell("stopping …")
            return {"ok": False, "stopped": True}
        return playing.result()


async def _acts(wish: Wish, stage: Stage, supervisor: Supervisor) -> dict[str, Any]:
    await stage.raise_curtain(supervisor)
    if not wish.once:
        _show(wish, stage)
    result = await _story(wish, stage, supervisor)
    if not wish.once:
        wish.tell("the story is told; the plant goes on living until Ctrl-C")
        await asyncio.Event().wait()
    return result


async def _story(wish: Wish, stage: Stage, supervisor: Supervisor) -> dict[str, Any]:
    scene, memory = stage.scene, stage.memory
    tale = story.Tale(tell=wish.tell)
    folders = {machine.name: scene.folder / hall.name for hall in stage.halls for machine in hall.machines}
    async with Api(scene.api_url, memory.keys["plant"]) as plant, Api(scene.api_url, memory.keys["partner"]) as partner:
        cast = story.Cast(
            clock=scene.clock,
            provider=plant,
            partner=partner,
            machines={machine.name: machine for machine in stage.log.machines},
            services=memory.services,
            behave=lambda machine, booking, how: _behave(folders[machine], booking, how),
            record=lambda: [entry for folder in set(folders.values()) for entry in _record(folder)],
        )
        bookings = await story.tell(cast, tale)
        hours, round_trip = await story.hours(cast, bookings), await story.round_trip(cast)
    return {
        "ok": True,
        "log": wish.replay.name if wish.replay else "generated",
        "speed": scene.clock.speed,
        "bookings": bookings,
        "hours": hours,
        "steps_s": tale.steps,
        "round_trip_s": round_trip,
        "started_s": stage.started,
        "memory_mb": memory_of({**supervisor.pids(), "demo": os.getpid()}),
    }


def _stage(wish: Wish, folder: Path) -> Stage:
    memory = recall(folder)
    plant, origin = _replayed(wish.replay) if wish.replay else _generated(folder)
    clock = new_clock(_quiet_hour(plant, origin), wish.speed, memory)
    api, dashboard, mqtt = open_ports(3, () if wish.once else (8080, 8081))
    return Stage(Scene(folder, Ports(api, dashboard, mqtt), clock), plant, memory, wish.tell)


def _replayed(path: Path) -> tuple[log.PlantLog, datetime]:
    """The log, and its last third: what went before is history to the agents."""
    plant = log.read(path)
    return plant, plant.start + (plant.end - plant.start) * 2 / 3


def _generated(folder: Path) -> tuple[log.PlantLog, datetime]:
    """A log around this week, the same for all runs in this folder."""
    path = folder / "generated-log.csv"
    origin = datetime.now(UTC).replace(tzinfo=None)
    if not path.exists():
        reports = generate(Plan(MACHINES, _tuesday(origin) - HISTORY, _tuesday(origin) + FUTURE))
        write(path, "\n".join([Report.HEADER, *(report.row() for report in reports)]) + "\n")
    return log.read(path), origin


def _tuesday(moment: datetime) -> datetime:
    return (moment - timedelta(days=(moment.weekday() - 1) % 7)).replace(hour=9, minute=0, second=0, microsecond=0)


def _quiet_hour(plant: log.PlantLog, around: datetime) -> datetime:
    """The first hour of that week from which some machines are idle: there is no story to tell of a full plant."""
    hours = (_tuesday(around) + timedelta(hours=number) for number in range(7 * 24))
    quiet = (hour for hour in hours if plant.quiet(hour, hour + QUIET) >= QUIET_MACHINES)
    return next(quiet, _tuesday(around)).replace(tzinfo=UTC)


def _behave(folder: Path, booking: str, how: dict[str, object]) -> None:
    path = files.behaviour_file(folder)
    known = json.loads(path.read_text()) if path.exists() else {}
    draft = path.with_suffix(".draft")
    write(draft, json.dumps({**known, booking: how}))
    draft.replace(path)


def _record(folder: Path) -> list[dict[str, Any]]:
    path = files.record_file(folder)
    lines = path.read_text().splitlines() if path.exists() else []
    return [json.loads(line) for line in lines]


async def _keep_time(stage: Stage) -> None:
    """Remember the time again and again: after a kill, the next run must not go back behind what is in the database."""
    while True:
        _remember(stage)
        await asyncio.sleep(1)


def _remember(stage: Stage) -> None:
    if stage.scene.folder.exists():
        clock = stage.scene.clock
        stage.memory.stopped_at = (clock.now() + clock.business(KEPT)).isoformat()
        stage.scene.remember(stage.memory)


def _show(wish: Wish, stage: Stage) -> None:
    scene, keys = stage.scene, stage.memory.keys
    now = scene.clock.now()
    start, end = (f"{now + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}" for hours in (1, 49))
    body = json.dumps({"kind": "processing", "start": start, "end": end, "duration": "PT1H"})
    wish.tell(
        f"""
  dashboard   {scene.dashboard_url}
  API         {scene.api_url}/docs
  plant key   {keys["plant"]}
  partner key {keys["partner"]}

  # the plant's machines
  curl -s {scene.api_url}/v1/machines -H 'Authorization: Bearer {keys["plant"]}'

  # a partner looks for an hour
  curl -s {scene.api_url}/v1/search -H 'Authorization: Bearer {keys["partner"]}' \\
    -H 'Content-Type: application/json' -d '{body}'

  # what happens, live
  curl -sN {scene.api_url}/v1/events -H 'Authorization: Bearer {keys["partner"]}'

  Ctrl-C stops everything.
"""
    )
