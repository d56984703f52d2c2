"""The backtest: what it reads, what it refuses, and that it counts what it says it counts."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import orjson
import pytest
from typer.testing import CliRunner

from edge.backtest import score
from edge.backtest.baselines import baselines
from edge.backtest.log import read_log
from edge.backtest.report import document, pages_of
from edge.backtest.walk import Page, last_whole_day, walk
from edge.cli import app
from edge.errors import FileInvalid

ZONE = ZoneInfo("UTC")
MONDAY = datetime(2026, 3, 2, tzinfo=UTC)
JOBSHOP = Path("../shared/data/jobshop-2012/reports.csv")


def write(path: Path, rows: Iterable[tuple[str, ...]], head: str = "machine,start,end") -> Path:
    with path.open("w", newline="") as file:
        file.write(head + "\n")
        csv.writer(file).writerows(rows)
    return path


def shifts(days: int, machine: str = "M1", first: int = 6, last: int = 14) -> list[tuple[str, ...]]:
    """Monday to Friday, and one report at the very end so that the last day is whole."""
    found = []
    for step in range(days):
        day = MONDAY + timedelta(days=step)
        if day.weekday() < 5 or step == days - 1:
            found.append((machine, f"{day:%Y-%m-%d}T{first:02}:00", f"{day:%Y-%m-%d}T{last:02}:00"))
    end = MONDAY + timedelta(days=days)
    return [*found, (machine, f"{end - timedelta(minutes=10):%Y-%m-%dT%H:%M}", f"{end:%Y-%m-%dT%H:%M}")]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    path = write(tmp_path_factory.mktemp("log") / "log.csv", [*shifts(42), *shifts(42, "M2", 14, 22)])
    log = read_log(path, ZONE)
    pages, days = pages_of(log, path, ZONE, None, None)
    return document(log, pages, days, ZONE)


def test_the_document_has_the_promised_keys_and_is_json(told: dict[str, object]) -> None:
    again = orjson.loads(orjson.dumps(told))
    assert {"brier", "baselines", "reliability", "offered_hours", "idle_share", "recall", "machines"} <= set(again)
    assert set(again["machines"]) == {"M1", "M2"}
    assert {"brier", "baselines", "reliability"} <= set(again["machines"]["M1"])
    assert set(again["baselines"]) == {
        "overall_rate",
        "hour_of_week",
        "last_14_days",
        "yesterday",
        "hour_of_week_and_last_14_days",
    }


def test_a_regular_plant_is_forecast_well_and_offered_truly(told: dict[str, object]) -> None:
    assert told["days"] == [29, 42]
    assert told["brier"] < 0.05  # type: ignore[operator]
    assert told["idle_share"] > 0.95  # type: ignore[operator]
    assert told["recall"] > 0.6  # type: ignore[operator]


def test_states_are_read_like_reports(tmp_path: Path) -> None:
    states = [
        ("2026-03-02T06:00", "M1", "Executing"),
        ("2026-03-02T09:30", "M1", "NotExecuting"),
        ("2026-03-02T12:00", "M1", "OutOfService"),
        ("2026-03-02T13:00", "M1", "NotAvailable"),
    ]
    one = read_log(write(tmp_path / "states.csv", states, "ts,machine,state"), ZONE)
    reports = [("M1", "2026-03-02T06:00", "2026-03-02T09:30"), ("M1", "2026-03-02T12:00", "2026-03-02T13:00")]
    assert one.busy == read_log(write(tmp_path / "reports.csv", reports), ZONE).busy


def test_a_state_may_be_declared_busy_and_all_others_are_idle_then(tmp_path: Path) -> None:
    states = [("2026-03-02T06:00", "M1", "frobbing"), ("2026-03-02T07:00", "M1", "resting")]
    path = write(tmp_path / "states.csv", states, "ts,machine,state")
    assert [span.hours for span in read_log(path, ZONE, ["Frobbing"]).busy["M1"]] == [1.0]
    with pytest.raises(FileInvalid, match=r"states.csv:2: state: 'frobbing' .* --busy"):
        read_log(path, ZONE)


def test_reports_that_overlap_count_once(tmp_path: Path) -> None:
    rows = [("M1", "2026-03-02T06:00", "2026-03-02T09:00"), ("M1", "2026-03-02T08:00", "2026-03-02T10:00")]
    assert [span.hours for span in read_log(write(tmp_path / "log.csv", rows), ZONE).busy["M1"]] == [4.0]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("machine,start,end\nM1,2026-03-02T09:00,2026-03-02T06:00\n", r"log.csv:2: start/end: .*end after it starts"),
        ("machine,start,end\nM1,2026-03-02T06:00,2026-03-02T06:00\n", r"log.csv:2: start/end: .*end after it starts"),
        ("machine,start,end\nM1,noon,2026-03-02T06:00\n", r"log.csv:2: start/end: .*ISO 8601"),
        ("machine,start,end\nM1,,2026-03-02T06:00\n", r"log.csv:2: start: is empty"),
        ("machine,begin,finish\nM1,1,2\n", r"log.csv:1: neither the columns machine,start,end nor ts,machine,state"),
        ("ts,machine,state\nlater,M1,idle\n", r"log.csv:2: ts: .*ISO 8601"),
        ("ts,state\n2026-03-02T06:00,idle\n", r"log.csv:1: no column machine"),
        ("machine,start,end\n", r"log.csv:2: no rows"),
        ("", r"log.csv:1: .*found nothing"),
    ],
    ids=["reversed", "empty span", "no time", "no value", "columns", "no ts", "no machine", "no rows", "no file"],
)
def test_a_log_that_cannot_be_read_says_where_and_why(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "log.csv"
    path.write_text(text)
    with pytest.raises(FileInvalid, match=message):
        read_log(path, ZONE)


def test_a_log_that_is_too_short_says_how_long_it_is(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", shifts(5))
    with pytest.raises(FileInvalid, match="covers 5 whole days"):
        pages_of(read_log(path, ZONE), path, ZONE, 40, None)


def test_a_day_that_the_log_breaks_off_in_is_not_judged(tmp_path: Path) -> None:
    rows = [*shifts(9)[:-1], ("M1", "2026-03-11T06:00", "2026-03-11T09:00")]
    assert last_whole_day(read_log(write(tmp_path / "log.csv", rows), ZONE), ZONE) == 9


def test_a_page_knows_nothing_of_its_own_day(tmp_path: Path) -> None:
    """The control: were the day to come looked at, another last day would change what was said before it."""
    one = read_log(write(tmp_path / "one.csv", shifts(20)), ZONE)
    other = read_log(write(tmp_path / "other.csv", [*shifts(20), ("M1", "2026-03-20T00:00", "2026-03-22T00:00")]), ZONE)
    pages = [list(walk(log, ZONE, 15, 20)) for log in (one, other)]
    until_friday = [page for page in pages[0] if page.day <= 19]
    for left, right in zip(until_friday, pages[1], strict=False):
        assert np.array_equal(left.idle[:96], right.idle[:96])
    assert not np.array_equal(pages[0][5].idle, pages[1][5].idle)


def _page(idle: list[float], seen: list[float]) -> Page:
    return Page("M1", 1, np.array(idle), np.array(seen), 96, {}, {}, np.ones(0), {})


def test_only_windows_of_two_hours_are_offered_and_may_reach_past_midnight() -> None:
    idle = [0.0] * 96 * 2
    idle[10:17] = [0.95] * 7
    idle[40:48] = [0.95] * 8
    idle[94:102] = [0.95] * 8
    seen = [0.0] * 96 * 2
    seen[40:46] = [1.0] * 6
    seen[60:64] = [1.0] * 4
    found = score.offer([_page(idle, seen)])
    assert found.offered_hours == 2.5
    assert found.idle_share == 0.6
    assert found.recall == 0.6


def test_ten_bins_hold_every_hour_once_and_the_gap_is_weighted_by_hours() -> None:
    said, seen = np.array([0.0, 0.05, 0.95, 1.0]), np.array([0.0, 0.1, 1.0, 1.0])
    bins = score.reliability(said, seen)
    assert [each.hours for each in bins] == [0.5, 0.5]
    assert score.gap(bins) == pytest.approx(0.025)


def test_a_forecast_that_boasts_has_a_gap() -> None:
    rng = np.random.default_rng(1)
    said = rng.uniform(0.2, 0.8, 20_000)
    seen = (rng.uniform(size=20_000) < said).astype(float)
    boasting = np.where(said > 0.5, 0.95, 0.05)
    assert score.gap(score.reliability(said, seen)) < 0.02
    assert score.gap(score.reliability(boasting, seen)) > 0.2


def test_the_baselines_are_the_plain_rates() -> None:
    days = np.zeros((15, 96))
    days[7, :48] = 1
    days[14, :] = 1
    found = {name: float(rate[0]) for name, rate in baselines(days, 1).items()}
    assert found["yesterday"] == 1
    assert found["hour_of_week"] == 0
    assert found["last_14_days"] == pytest.approx(2 / 14)
    assert found["hour_of_week_and_last_14_days"] == pytest.approx(1 / 14)
    assert found["overall_rate"] == pytest.approx(1.5 / 15)


def test_the_command_prints_json_a_table_and_writes_the_plot(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="the plot needs matplotlib")
    path = write(tmp_path / "log.csv", shifts(20))
    runner = CliRunner()
    found = orjson.loads(runner.invoke(app, ["backtest", str(path), "--json"]).stdout)
    assert found["machines"]["M1"]["brier"] < 0.2
    told = runner.invoke(app, ["backtest", str(path), "--plot", str(tmp_path / "plot.png")])
    assert told.exit_code == 0
    assert "idle means reported idle" in told.stdout
    assert (tmp_path / "plot.png").read_bytes().startswith(b"\x89PNG")


def test_an_unknown_zone_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "log.csv", shifts(10))
    found = CliRunner().invoke(app, ["backtest", str(path), "--zone", "Mars/Base"])
    assert isinstance(found.exception, FileInvalid)
    assert "not a time zone" in str(found.exception)


@pytest.mark.skipif(not JOBSHOP.exists(), reason="the job shop's log is not here (../shared/data/jobshop-2012)")
def test_on_the_job_shops_log_the_baselines_score_as_known_and_the_forecast_beats_them() -> None:
    """Days 43 to 56: inside the part of the log that was used for tuning."""
    log = read_log(JOBSHOP, ZONE)
    pages, days = pages_of(log, JOBSHOP, ZONE, 43, 56)
    found = document(log, pages, days, ZONE)
    assert len(found["counted"]) == 10
    assert found["brier"] < 0.85 * min(found["baselines"].values())
    assert found["reliability_gap"] < 0.04
