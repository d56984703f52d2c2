"""What a machine did becomes a diary, a day of it a habit, the habit an outlook: bounded, and of the plant only."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import pytest

from edge.diary import QUARTER, Diary, Use, use_of, written
from edge.forecast import dump, fresh
from edge.foresee import Foresight, kept, studied
from edge.trouble import Trouble
from edge.watch import Foretell
from gateway.machine import ItemState, OperationMode, Quality
from gateway.messages import GapNotice, StateChange
from gateway.span import Span

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 3, 2, 8, 5, tzinfo=UTC)
HOUR = timedelta(hours=1)


def change(hours: float, state: ItemState, **rest: Any) -> StateChange:
    return StateChange(machine="M1", at=NOW + hours * HOUR, state=state, **rest)


@pytest.mark.parametrize(
    ("state", "more", "use"),
    [
        (ItemState.EXECUTING, {}, Use.BUSY),
        (ItemState.NOT_EXECUTING, {}, Use.IDLE),
        (ItemState.NOT_AVAILABLE, {}, Use.IDLE),
        (ItemState.OUT_OF_SERVICE, {}, Use.BUSY),
        (ItemState.NOT_EXECUTING, {"mode": OperationMode.SETUP}, Use.BUSY),
        (ItemState.EXECUTING, {"origin": "bkg_1"}, Use.UNKNOWN),
        (ItemState.EXECUTING, {"quality": Quality.UNCERTAIN}, Use.UNKNOWN),
    ],
    ids=["works", "waits", "off", "broken", "set up", "sold", "unseen"],
)
def test_only_what_the_plant_itself_does_is_evidence(state: ItemState, more: dict[str, Any], use: Use) -> None:
    assert use_of(change(0, state, **more)) is use


def test_a_quarter_hour_is_busy_if_any_part_of_it_was() -> None:
    diary = written(Diary(), [change(0, ItemState.NOT_EXECUTING), change(0.2, ItemState.EXECUTING)])
    diary = written(diary, [change(0.21, ItemState.NOT_EXECUTING)])
    busy, unknown = diary.spans(NOW - HOUR, NOW + 3 * HOUR)
    assert busy == [Span(NOW.replace(minute=15), NOW.replace(minute=30))]
    assert unknown == [Span(NOW - HOUR, NOW)], "nothing is known from before its first word"


def test_what_nobody_saw_is_unknown_and_wins_over_nothing_else() -> None:
    gap = GapNotice(machine="M1", start=NOW + HOUR, end=NOW + 2 * HOUR, reason="away")
    diary = written(Diary(), [change(0, ItemState.NOT_EXECUTING), gap])
    _, unknown = diary.spans(NOW, NOW + 3 * HOUR)
    assert unknown == [Span(NOW.replace(hour=9, minute=0), NOW.replace(hour=10, minute=15))]


def test_a_diary_stays_small_however_a_machine_flaps() -> None:
    diary = Diary()
    for step in range(20_000):
        state = ItemState.EXECUTING if step % 2 else ItemState.NOT_EXECUTING
        diary = written(diary, [change(step / 100, state)])
    assert len(diary.busy) <= timedelta(days=3) / QUARTER + 1
    assert len(orjson.dumps(diary.dump())) < 1000


def test_a_stamp_of_the_past_moves_nothing() -> None:
    diary = written(Diary(), [change(0, ItemState.EXECUTING), change(1, ItemState.NOT_EXECUTING)])
    later = written(diary, [change(0.5, ItemState.EXECUTING)])
    assert (later.since, later.busy) == (diary.since, diary.busy)


def test_a_diary_comes_back_as_it_was() -> None:
    diary = written(Diary(), [change(0, ItemState.EXECUTING), change(5, ItemState.EXECUTING, origin="bkg_1")])
    diary = diary.settled(NOW + 7 * HOUR)
    assert Diary.load(orjson.loads(orjson.dumps(diary.dump()))) == diary
    assert Diary.load(None) == Diary()


def test_a_habit_that_cannot_be_read_is_begun_afresh(tmp_path: Path) -> None:
    (tmp_path / "M1.npz").write_bytes(b"not a habit")
    (tmp_path / "M2.npz").write_bytes(dump(fresh(ZoneInfo("UTC"))))
    assert kept(tmp_path, "M1", BERLIN).last is None
    assert kept(tmp_path, "M2", BERLIN).zone == BERLIN
    assert kept(tmp_path, "M3", BERLIN).last is None


def test_a_log_from_before_the_first_start_is_learnt_day_by_day() -> None:
    busy = [Span(NOW - timedelta(days=day), NOW - timedelta(days=day) + 6 * HOUR) for day in range(1, 21)]
    since = NOW - timedelta(days=20)
    habits = studied(["M1", "M2"], lambda name, _: (busy, since) if name == "M1" else None, BERLIN, NOW)
    assert list(habits) == ["M1"]
    assert habits["M1"].last == date(2026, 3, 1)


async def test_the_agent_learns_a_day_when_it_is_over_and_keeps_it(plant: Any, tmp_path: Path) -> None:
    agent = plant.agent
    foresight = Foresight(tmp_path / "habits", BERLIN, Trouble())
    foresight.open(agent.desks)
    desk = agent.desks["M1"]
    desk.case = replace(desk.case, foretell=Foretell.BEYOND_PLAN)
    await plant.see("M1", "Executing")
    foresight.step(desk, plant.at(seconds=5))
    assert desk.papers.outlook
    assert foresight.habits["M1"].last is None
    foresight._looked.clear()
    foresight.step(desk, plant.at(days=1))
    assert foresight.habits["M1"].last == date(2026, 3, 2)
    assert kept(tmp_path / "habits", "M1", BERLIN).last == date(2026, 3, 2)
    again = foresight.habits["M1"]
    foresight._looked.clear()
    foresight.step(desk, plant.at(days=1, minutes=20))
    assert foresight.habits["M1"] is again, "each day once"


async def test_the_history_is_studied_beside_the_running_agent(tmp_path: Path) -> None:
    busy = [Span(NOW - timedelta(days=day), NOW - timedelta(days=day) + 6 * HOUR) for day in range(1, 11)]
    foresight = Foresight(tmp_path, BERLIN, Trouble(), lambda _, __: (busy, NOW - timedelta(days=10)))
    foresight.open(["M1"])
    await foresight.study(NOW)
    assert foresight.habits["M1"].last == date(2026, 3, 1)
    assert (tmp_path / "M1.npz").is_file()


def test_what_a_machine_still_does_when_a_booking_ends_is_the_bookings() -> None:
    sold = change(0, ItemState.EXECUTING, origin="bkg_1")
    over, stops = change(2, ItemState.EXECUTING), change(2.01, ItemState.NOT_EXECUTING)
    diary = written(Diary(), [change(-1, ItemState.NOT_EXECUTING), sold, over, stops])
    assert diary.spans(NOW - HOUR, NOW + 4 * HOUR)[0] == []
    diary = Diary.load(orjson.loads(orjson.dumps(written(Diary(), [sold, over]).dump())))
    busy, _ = written(diary, [stops, change(3, ItemState.EXECUTING)]).spans(NOW, NOW + 4 * HOUR)
    assert busy == [Span(NOW + 3 * HOUR - timedelta(minutes=5), NOW + 4 * HOUR)], "its own work is its own again"
