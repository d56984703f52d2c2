"""`thirdshift edge explain`: gathers what a config, its agent's files and the clock say of one hour."""

from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from edge import control, scenefile, wiring
from edge.condition import Present
from edge.config import Config, read
from edge.diary import Diary
from edge.errors import FileInvalid
from edge.explain import Explanation, Scene, explain
from edge.forecast import company
from edge.foresee import FOLDER as HABITS
from edge.foresee import expected, kept
from edge.outlook import Outlook
from edge.planfile import moment
from edge.planfolder import folder
from edge.tracker import Track
from edge.trouble import Trouble
from edge.watch import Case, Foretell, Watch
from gateway.capacity import CapacitySpan
from gateway.clock import Clock
from gateway.span import utc


def ask(path: Path, machine: str, at: str | None, clock: Clock) -> Explanation:
    """The explanation of one instant (now, if none is named). Raises FileInvalid."""
    config = read(path)
    if machine not in config.machines:
        msg = f"{path}: no machine {machine!r}; there are {', '.join(config.machines)}"
        raise FileInvalid(msg)
    now = clock.now()
    return explain(scene(config, machine, clock, now), _instant(config, at, now))


def scene(config: Config, machine: str, clock: Clock, now: datetime) -> Scene:
    """All that the ledger of a machine follows from: its agent's last word, and the plan and calendar as they are."""
    papers = folder(config, clock, Trouble(), None)
    case = wiring.case(config, machine, clock)
    found = scenefile.read(config.data, machine)
    last = found[0] if found else scenefile.Kept(Watch(Track(machine), silent_since=now), Present())
    if last.listed:
        papers.listed[machine] = last.listed
    sheets = papers.papers(machine)
    if sheets.calendar is not None:
        case = replace(case, calendar=sheets.calendar)
    if case.foretell is not Foretell.OFF:
        sheets = replace(sheets, outlook=_outlook(config, machine, last.diary, case, now))
    present = Present(
        paused=machine in control.paused(config.data),
        serving_since=last.present.serving_since,
        promised=last.present.promised,
        sold=last.present.sold,
    )
    return Scene(case, last.watch, sheets, present, config.disclosure.of(machine), now)


def _outlook(config: Config, machine: str, diary: Diary, case: Case, now: datetime) -> Outlook:
    """The forecast as the agent makes it at each full quarter hour."""
    zone, folder = ZoneInfo(config.zone), config.data / HABITS
    habits = {name: kept(folder, name, zone) for name in config.machines}
    quarter = now.replace(minute=now.minute // 15 * 15, second=0, microsecond=0)
    return expected(habits[machine], diary, case, quarter, company(habits).get(machine))


def document(found: Explanation) -> dict[str, Any]:
    """The explanation as JSON."""
    return {
        "machine": found.machine,
        "at": found.at.isoformat(),
        "now": found.now.isoformat(),
        "for_sale": found.free > 0,
        "free": found.free,
        "pieces": [_piece(piece) for piece in found.found],
        "told": [_piece(piece) for piece in found.told],
        "steps": [{"layer": step.layer, "takes": step.takes, "text": step.text} for step in found.steps],
    }


def _piece(piece: CapacitySpan) -> dict[str, Any]:
    return {
        "start": piece.span.start.isoformat(),
        "end": piece.span.end.isoformat(),
        "type": piece.type,
        "quantity": piece.quantity,
        "reason": piece.reason,
        "confidence": int(piece.confidence),
        "detail": piece.detail,
    }


def _instant(config: Config, text: str | None, now: datetime) -> datetime:
    if text is None:
        return now
    try:
        return utc(moment(text, ZoneInfo(config.zone)))
    except ValueError as error:
        msg = f"--at {text}: {error}; write an ISO 8601 time, for example 2026-03-02T06:00 (on the plant's clock)"
        raise FileInvalid(msg) from error
