"""Reads a log of what machines did, as the moments at which one of them changed."""

import functools
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from edge.errors import FileInvalid
from edge.planfile import moment, rows_of, span_of
from gateway.span import Span, difference, union, utc

IDLE = "idle"
PRIORITY = ("breakdown", "production", "setup")
"""Where reports of one machine overlap, the first of these that is there counts."""


@dataclass(frozen=True, slots=True)
class Moment:
    """From `at` on these signals have these values."""

    at: datetime
    values: Mapping[str, str]


@functools.lru_cache(maxsize=8)
def read_log(path: Path, zone: ZoneInfo) -> Mapping[str, tuple[Moment, ...]]:
    """Each machine's moments by time, at most one for an instant; naive times are in `zone`. Raises FileInvalid.

    Two kinds of CSV: a job shop's reports (columns machine,report,start,end: signal `report`, `idle` between reports
    and before the first), or states (columns ts,machine,state and maybe mode: signals `state` and `mode`).
    """
    try:
        with path.open(encoding="utf-8-sig") as file:
            first = file.readline()
    except (OSError, UnicodeDecodeError) as error:
        msg = f"{path}: cannot be read: {error}; check the path and that it is UTF-8 text"
        raise FileInvalid(msg) from error
    return _reports(path, zone) if "report" in first.strip().split(",") else _states(path, zone)


def of_machine(path: Path, zone: ZoneInfo, machine: str) -> tuple[Moment, ...]:
    """One machine's moments. Raises FileInvalid for a machine that the log does not have."""
    log = read_log(path, zone)
    if machine not in log:
        msg = f"{path}: no rows of machine {machine!r}; there are {', '.join(sorted(log))}"
        raise FileInvalid(msg)
    return log[machine]


def timeline(spans: Mapping[str, Iterable[Span]], start: datetime) -> tuple[Moment, ...]:
    """The moments of one machine's reports, by kind; overlaps go to the kind that counts more."""
    taken: list[Span] = []
    parts: list[tuple[Span, str]] = []
    for kind in PRIORITY:
        mine = union(spans.get(kind, ()))
        parts += [(span, kind) for span in difference(mine, taken)]
        taken = union([*taken, *mine])
    parts.sort()
    moments = [(utc(start), IDLE)]
    following = [*(span.start for span, _ in parts[1:]), None]
    for (span, kind), start_of_next in zip(parts, following, strict=False):
        moments.append((span.start, kind))
        if start_of_next is None or start_of_next > span.end:
            moments.append((span.end, IDLE))
    return _only_changes([Moment(at, {"report": kind}) for at, kind in moments])


def _reports(path: Path, zone: ZoneInfo) -> Mapping[str, tuple[Moment, ...]]:
    spans: dict[str, dict[str, list[Span]]] = {}
    for line, row in rows_of(path, {"machine", "report", "start", "end"}):
        if row["report"] not in PRIORITY:
            msg = f"{path}:{line}: report: expected one of {', '.join(PRIORITY)}, found {row['report']!r}"
            raise FileInvalid(msg)
        spans.setdefault(row["machine"], {}).setdefault(row["report"], []).append(span_of(path, line, row, zone))
    every = [span for kinds in spans.values() for found in kinds.values() for span in found]
    start = min((span.start for span in every), default=None)
    return {name: timeline(kinds, start) for name, kinds in spans.items()} if start else {}


def _states(path: Path, zone: ZoneInfo) -> Mapping[str, tuple[Moment, ...]]:
    found: dict[str, list[Moment]] = {}
    for line, row in rows_of(path, {"ts", "machine", "state"}):
        try:
            at = utc(moment(row["ts"], zone))
        except ValueError as error:
            msg = f"{path}:{line}: ts: {error}; write an ISO 8601 time, for example 2026-03-02T06:00:00Z"
            raise FileInvalid(msg) from error
        values = {name: row[name] for name in ("state", "mode") if row.get(name)}
        found.setdefault(row["machine"], []).append(Moment(at, values))
    return {name: _only_changes(sorted(moments, key=lambda each: each.at)) for name, moments in found.items()}


def _only_changes(moments: list[Moment]) -> tuple[Moment, ...]:
    """One moment for an instant (the last one), and none that changes nothing."""
    kept: list[Moment] = []
    for each in moments:
        if kept and kept[-1].at == each.at:
            kept.pop()
        if not kept or kept[-1].values != each.values:
            kept.append(each)
    return tuple(kept)
