"""What one machine did, day by day on the plant's wall clock, and what its own ways add to those of all machines."""

import io
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from edge.forecast import model
from edge.forecast.grid import BUSY, UNKNOWN, Cells, cells
from edge.forecast.model import Lesson
from edge.forecast.shop import Others, shop
from edge.forecast.signs import SLOTS, Past, signs, usual
from gateway.span import Span

KEPT = 84
"""Days that a habit keeps: twelve weeks."""

LEAST = 8
"""Rows of a past, at least; days before the first are unknown."""

_FORM = 1


@dataclass(frozen=True, slots=True)
class Habit:
    """A machine's own past. Never changed: `learn` gives a new one.

    `last`: the last local day that was learnt, None before the first. `days`: (n, 96) the quarter hours of the wall
    clock, oldest day first: idle, busy or unknown; at most `KEPT` days. `lessons`: one for each reach of the table.
    `starts`, `starts_due`: how often it began to work, and how often the forecasts would have it.
    """

    zone: ZoneInfo
    last: date | None = None
    days: Cells = field(default_factory=lambda: np.zeros((0, SLOTS), np.uint8))
    lessons: tuple[Lesson, ...] = field(default_factory=lambda: tuple(model.blank() for _ in model.REACHES))
    starts: float = 0.0
    starts_due: float = 0.0


def fresh(zone: ZoneInfo) -> Habit:
    """A machine of which nothing is known yet."""
    return Habit(zone)


def learn(  # noqa: PLR0913, PLR0917 - facts of one day, each of which may be absent
    habit: Habit,
    day: date,
    busy: Sequence[Span],
    unknown: Sequence[Span] = (),
    holidays: frozenset[date] = frozenset(),
    others: Others | None = None,
) -> Habit:
    """The habit after the local day `day`, from midnight to midnight in the habit's zone.

    `busy`: time the machine worked for its own plant (clipped to the day here). `unknown`: time that proves nothing
    either way: sold to a partner, or nobody saw the machine; it wins over `busy`. Days left out in between are unknown,
    and so is a holiday. `others`: from `company`, of the days before. Raises ValueError for a day learnt already.
    """
    if habit.last is not None and day <= habit.last:
        msg = f"{day} is not after {habit.last}, the last day that was learnt; give each day once, in order"
        raise ValueError(msg)
    row = cells(busy, unknown, day, 1, habit.zone)
    if day in holidays:
        row[:] = UNKNOWN
    gap = min(KEPT, (day - habit.last).days - 1) if habit.last else 0
    days = np.concatenate([habit.days, np.full((gap, SLOTS), UNKNOWN, np.uint8)])
    return _taught(Habit(habit.zone, day, days, habit.lessons, habit.starts, habit.starts_due), row, others)


def company(habits: Mapping[str, Habit]) -> Mapping[str, Others]:
    """For each machine of a plant the others, as `learn` and `forecast` want them; empty for a single machine."""
    return shop({name: (habit.last, habit.days) for name, habit in habits.items() if habit.last})


def past_of(days: Cells, last: date, others: Others | None, rows: int = KEPT) -> Past:
    """The rows up to the local day `last`, with unknown ones before them to make at least `LEAST`."""
    days = days[-rows:]
    lacking = max(0, LEAST - len(days))
    days = np.concatenate([np.full((lacking, SLOTS), UNKNOWN, np.uint8), days])
    found = others.until(last, len(days)) if others else (None, None)
    return Past((days == BUSY).astype(np.float64), (days != UNKNOWN).astype(np.float64), *found)


def _taught(habit: Habit, row: Cells, others: Others | None) -> Habit:
    """The habit with one more row: each reach hears how the forecasts issued for that day have done."""
    known = row[0] != UNKNOWN
    truth = (row[0] == BUSY).astype(np.float64)
    lessons = list(habit.lessons)
    starts, due = habit.starts, habit.starts_due
    for reach, ahead in enumerate(model.TAUGHT_AT):
        rows = len(habit.days) - ahead
        if rows < 1 or not known.any() or habit.last is None:
            continue
        past = past_of(habit.days[:rows], habit.last - timedelta(days=ahead + 1), others)
        target = np.full((1, SLOTS), (len(past.busy) + ahead) % 7)
        found = usual(past)
        terms = model.terms(signs(past, found, target, ahead)[0])
        said = model.opinions(lessons[reach], reach, terms, model.plain_rates(past, found, target))
        if reach == 0:
            idle = known[:-1] & known[1:] & (truth[:-1] == 0)
            told = model.settled(lessons[0], said)
            starts = starts * _FADE + float(truth[1:][idle].sum())
            due = due * _FADE + float(told[1:][idle].sum())
        lessons[reach] = model.taught(lessons[reach], reach, terms[known], said[:, known], truth[known])
    days = np.concatenate([habit.days, row])[-KEPT:]
    return Habit(habit.zone, habit.last, days, tuple(lessons), starts, due)


_FADE = 0.5 ** (1 / 60)


def dump(habit: Habit) -> bytes:
    """The habit as bytes, below 200 kB: a zip of plain arrays."""
    about = [str(_FORM), habit.zone.key, habit.last.isoformat() if habit.last else ""]
    arrays: dict[str, Any] = {
        "about": np.array(about),
        "days": habit.days,
        "starts": np.array([habit.starts, habit.starts_due]),
    }
    for name in ("own", "known", "pull", "losses"):
        arrays[name] = np.stack([getattr(lesson, name) for lesson in habit.lessons]).astype(np.float32)
    arrays["surprise"] = np.array([[lesson.missed, lesson.due] for lesson in habit.lessons])
    body = io.BytesIO()
    np.savez(body, **arrays)
    return body.getvalue()


def load(body: bytes) -> Habit:
    """The habit that `dump` wrote. Raises ValueError for anything else; the caller then begins afresh.

    Lessons for another table than today's are left out: the days are kept, and teach it anew.
    """
    try:
        with np.load(io.BytesIO(body), allow_pickle=False) as found:
            form, key, last = (str(part) for part in found["about"])
            days, starts = found["days"], found["starts"]
            lessons = _lessons(found)
        zone = ZoneInfo(key)
    except (OSError, KeyError, ValueError, EOFError, zipfile.BadZipFile, ZoneInfoNotFoundError) as error:
        msg = f"not a machine's habit: {error}; begin afresh, it learns again from the machine's history"
        raise ValueError(msg) from error
    if form != str(_FORM) or days.dtype != np.uint8 or days.ndim != 2 or days.shape[1] != SLOTS:
        msg = f"a machine's habit of form {form}, expected {_FORM}; begin afresh"
        raise ValueError(msg)
    return Habit(zone, date.fromisoformat(last) if last else None, days, lessons, float(starts[0]), float(starts[1]))


def _lessons(found: Mapping[str, np.ndarray]) -> tuple[Lesson, ...]:
    own = found["own"].astype(np.float64)
    if own.shape != (len(model.REACHES), 2, model.TERMS) or found["losses"].shape[1:] != (model.OPINIONS,):
        return tuple(model.blank() for _ in model.REACHES)
    known, pull, losses = (found[name].astype(np.float64) for name in ("known", "pull", "losses"))
    return tuple(
        Lesson(own[reach], known[reach], pull[reach], losses[reach], *(float(part) for part in surprise))
        for reach, surprise in enumerate(found["surprise"])
    )
