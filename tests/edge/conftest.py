"""A machine to reason about: its case, its readings, and the moments of one working day."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.condition import Habits
from edge.profile import Profile, find
from edge.reading import Reading
from edge.shifts import Calendar, WeekCalendar
from edge.spare import Rules
from edge.watch import Case

BERLIN = ZoneInfo("Europe/Berlin")
TWO_SHIFTS = {"week": {"mon-fri": ["06:00-14:00", "14:00-22:00"]}}


@pytest.fixture
def monday() -> Callable[..., datetime]:
    """A wall clock's time on Monday 2026-03-02 (or `day` days later) in Berlin, an hour ahead of UTC."""

    def moment(text: str, day: int = 0) -> datetime:
        local = datetime.fromisoformat(f"2026-03-02T{text}").replace(tzinfo=BERLIN)
        return (local + timedelta(days=day)).astimezone(UTC)

    return moment


@pytest.fixture
def machinery() -> Profile:
    return find("opcua-machinery")


@pytest.fixture
def make_case(machinery: Profile) -> Callable[..., Case]:
    """A case of a machine M1 on two shifts; `calendar`, `rules` and `habits` change parts of it."""

    def make(
        calendar: dict[str, Any] = TWO_SHIFTS,
        rules: Rules | None = None,
        habits: Habits | None = None,
        profile: Profile = machinery,
        **rest: Any,
    ) -> Case:
        week = Calendar(WeekCalendar.model_validate(calendar), BERLIN)
        return Case("M1", profile, week, rules or Rules(zone=BERLIN), habits or Habits(), **rest)

    return make


@pytest.fixture
def read(monday: Callable[..., datetime]) -> Callable[..., Reading]:
    """A reading of M1 at a time of Monday."""

    def make(at: str, value: object, signal: str = "item_state", **rest: Any) -> Reading:
        moment = monday(at)
        return Reading("M1", signal, value, moment, rest.pop("received", moment), **rest)

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """A text file in a folder of its own."""

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return make
