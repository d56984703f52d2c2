"""Reads a log of what machines did, as the spans in which each was reported busy."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.errors import FileInvalid
from edge.planfile import moment, rows_of, span_of
from gateway.span import Span, union, utc

BUSY_STATES = frozenset(
    ("executing", "outofservice", "setup", "production", "breakdown", "maintenance", "busy", "running", "active")
)
IDLE_STATES = frozenset(
    ("notexecuting", "notavailable", "idle", "off", "ready", "stopped", "standby", "interrupted", "unavailable")
)
BUSY_MODES = frozenset(("setup", "maintenance"))
"""Modes (of OPC 40001-1) in which a machine that does not execute cannot be had either."""


@dataclass(frozen=True, slots=True)
class Log:
    """By machine the union of its busy spans; the first and the last instant of which the log tells anything."""

    busy: Mapping[str, Sequence[Span]]
    start: datetime
    end: datetime


def read_log(path: Path, zone: ZoneInfo, busy_states: Collection[str] = ()) -> Log:
    """Reports (columns machine,start,end) or states (ts,machine,state and maybe mode); other columns are ignored.

    Naive times are on the wall clock of `zone`. A report of whatever kind is busy; overlaps count once.
    `busy_states`: the states that count as busy, all others being idle; without them the names of OPC 40001-1 and of
    MTConnect and everyday words are understood. Raises FileInvalid with file, line and remedy.
    """
    head = _head(path)
    if {"ts", "state"} <= head:
        return _states(path, zone, {state.lower() for state in busy_states})
    if not {"machine", "start", "end"} <= head:
        msg = (
            f"{path}:1: neither the columns machine,start,end nor ts,machine,state; found "
            f"{', '.join(sorted(head)) or 'nothing'}; name the columns in the first line"
        )
        raise FileInvalid(msg)
    spans: dict[str, list[Span]] = {}
    for line, row in rows_of(path, {"machine", "start", "end"}):
        spans.setdefault(row["machine"], []).append(span_of(path, line, row, zone))
    return _log(path, spans, [edge for found in spans.values() for span in found for edge in (span.start, span.end)])


def _states(path: Path, zone: ZoneInfo, busy_states: Collection[str]) -> Log:
    told: dict[str, list[tuple[datetime, bool]]] = {}
    for line, row in rows_of(path, {"ts", "machine", "state"}):
        busy = _is_busy(path, line, row, busy_states)
        try:
            told.setdefault(row["machine"], []).append((utc(moment(row["ts"], zone)), busy))
        except ValueError as error:
            msg = f"{path}:{line}: ts: {error}; write an ISO 8601 time, for example 2026-03-02T06:00:00Z"
            raise FileInvalid(msg) from error
    moments = [at for changes in told.values() for at, _ in changes]
    end = max(moments, default=None)
    spans: dict[str, list[Span]] = {}
    for machine, changes in told.items():
        changes.sort(key=lambda change: change[0])
        until = [*(at for at, _ in changes[1:]), end]
        found = [Span.between(at, to) for (at, busy), to in zip(changes, until, strict=True) if busy and to]
        spans[machine] = [span for span in found if span]
    return _log(path, spans, moments)


def _is_busy(path: Path, line: int, row: Mapping[str, str], busy_states: Collection[str]) -> bool:
    state = row["state"].lower().replace("_", "").replace("-", "")
    if busy_states:
        return row["state"].lower() in busy_states
    if state not in BUSY_STATES | IDLE_STATES:
        msg = (
            f"{path}:{line}: state: {row['state']!r} is not a known state; say which states count as busy "
            f"with --busy STATE (once for each)"
        )
        raise FileInvalid(msg)
    return state in BUSY_STATES or (row.get("mode") or "").lower() in BUSY_MODES


def _head(path: Path) -> set[str]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return {name.strip() for name in file.readline().strip().split(",") if name.strip()}
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}; check the path and that it is UTF-8 text"
        raise FileInvalid(msg) from error


def _log(path: Path, spans: Mapping[str, Sequence[Span]], moments: Sequence[datetime]) -> Log:
    if not moments:
        msg = f"{path}:2: no rows; a log of at least two days is needed"
        raise FileInvalid(msg)
    return Log({name: tuple(union(spans[name])) for name in sorted(spans)}, min(moments), max(moments))
