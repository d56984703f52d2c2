"""Days on which bookings run, with the forecast on: what is said is what would be said had they not run."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge.desk import Desk, Job
from edge.forecast import dump, fresh, learn
from edge.foresee import Foresight
from edge.publish import Terms
from edge.reading import Reading
from edge.shifts import at as instant
from edge.tracker import Track
from edge.trouble import Trouble
from edge.watch import Case, Foretell, Watch
from gateway.capacity import CapacityType, Confidence, Reason
from gateway.messages import Statement
from gateway.span import Span

HOUR = timedelta(hours=1)
DAYS = 6
SOLD = ((1, 11), (2, 11), (4, 15))
"""The day, and the hour at which six sold hours begin."""

Ledger = tuple[object, ...]


class Machine:
    """A machine that works for its plant from seven to ten o'clock, and its agent's view of it, hour by hour."""

    def __init__(self, case: Case, folder: Path, monday: Callable[..., datetime]) -> None:
        self.monday = monday
        habit = fresh(case.rules.zone)
        first = monday("00:00").date() - timedelta(days=27)
        for step in range(27):
            day = first + timedelta(days=step)
            start = instant(day, 7 * 60, case.rules.zone)
            habit = learn(habit, day, [Span(start, start + 3 * HOUR)] if day.weekday() < 5 else [])
        folder.mkdir()
        (folder / "M1.npz").write_bytes(dump(habit))
        self.foresight = Foresight(folder, case.rules.zone, Trouble())
        self.foresight.open(["M1"])
        self.desk = Desk(case, Watch(Track("M1")), Terms(lease=6 * HOUR))
        self.said: list[Statement] = []
        self.ledgers: list[Ledger] = []

    def see(self, now: datetime, state: str) -> None:
        self.desk.keep(*self.desk.take([Reading("M1", "item_state", state, now, now)], now))
        self.desk.keep(*self.desk.look(now + timedelta(seconds=30)))

    def serve(self, origin: str, now: datetime) -> None:
        watch, letter = self.desk.serve(origin, now)
        self.desk.keep(watch, letter)

    def hour(self, now: datetime) -> None:
        """The agent looks ahead, and says what has to be said."""
        watch, letter = self.desk.look(now)
        self.desk.keep(watch, letter)
        self.foresight._looked.clear()
        self.foresight.step(self.desk, now)
        said, statement = self.desk.next_statement(now)
        if statement:
            self.said.append(statement)
        self.desk.said = said
        self.ledgers.append(self.desk.shown(now)[1])

    def live(self, *, sold: bool, runs: bool) -> "Machine":
        starts = {self.monday(f"{hour:02}:00", day): f"bkg_{day}" for day, hour in SOLD} if sold else {}
        for step in range(DAYS * 24):
            now = self.monday("00:00") + step * HOUR
            local = now.astimezone(self.desk.case.rules.zone)
            if local.weekday() < 5 and local.hour in {7, 10}:
                self.see(now, "Executing" if local.hour == 7 else "NotExecuting")
            elif step == 0:
                self.see(now, "NotExecuting")
            if now in starts:
                self.desk.expect(starts[now], Job(Span(now, now + 6 * HOUR), now, now + 6 * HOUR))
                self.serve(starts[now], now)
                if runs:
                    self.see(now, "Executing")
            if now - 6 * HOUR in starts:
                if runs:
                    self.see(now - timedelta(minutes=2), "NotExecuting")
                self.serve("plant", now)
            self.hour(now)
        return self


@pytest.fixture
def lived(make_case: Callable[..., Case], monday: Callable[..., datetime], tmp_path: Path) -> Callable[..., Machine]:
    def live(name: str, *, sold: bool, runs: bool) -> Machine:
        case = make_case(foretell=Foretell.ALWAYS, least=Confidence.LOW)
        return Machine(case, tmp_path / name, monday).live(sold=sold, runs=runs)

    return live


def test_bookings_that_run_for_days_change_no_statement(lived: Any) -> None:
    ran, rested = lived("ran", sold=True, runs=True), lived("rested", sold=True, runs=False)
    assert ran.said
    assert ran.said == rested.said
    assert ran.ledgers == rested.ledgers


def test_nor_do_sold_hours_pass_for_work_in_what_is_foretold(lived: Any) -> None:
    """Against a machine that nobody booked: sold hours are no evidence, so it may be a little less sure, not busier."""
    sold, free = lived("sold", sold=True, runs=True), lived("free", sold=False, runs=False)
    counts = []
    for one, other in zip(sold.ledgers, free.ledgers, strict=True):
        hours = [
            sum(piece.span.hours for piece in each if piece.type is CapacityType.AVAILABLE) for each in (one, other)
        ]
        counts.append(hours)
        assert abs(hours[0] - hours[1]) <= 0.03 * hours[1], hours
    assert counts[-1][0] > 200


def test_a_control_work_of_the_plants_own_in_those_hours_is_noticed(lived: Any) -> None:
    usual, busy = lived("usual", sold=False, runs=False), lived("busy", sold=True, runs=True)
    busy.see(busy.monday("12:00", 5), "Executing")
    busy.hour(busy.monday("12:00", 5))
    assert busy.ledgers[-1] != usual.ledgers[5 * 24 + 12]
    assert any(piece.reason is Reason.RUNNING for piece in busy.ledgers[-1])
