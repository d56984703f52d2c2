"""The plant's own orders, and how much of them it knows beforehand."""

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from edge.errors import FileInvalid
from edge.plan import PlannedOrder, known, next_news
from edge.planfile import read_plan
from gateway.span import Span

BERLIN = ZoneInfo("Europe/Berlin")
Moment = Callable[..., datetime]
Write = Callable[[str, str], Path]
HEAD, ROW = "machine,start,end,order\n", "M1,2026-03-02T10:00,2026-03-02T11:00,"


@pytest.mark.parametrize(
    ("now", "is_known"),
    [("05:59", False), ("06:00", True), ("10:59", True), ("11:00", False)],
    ids=["a moment too early", "from its lead on", "while it lasts", "not when it is over"],
)
def test_an_order_is_known_from_its_lead_to_its_end(monday: Moment, now: str, is_known: bool) -> None:
    order = PlannedOrder("M1", Span(monday("10:00"), monday("11:00")), "A")
    assert known([order], monday(now), timedelta(hours=4)) == ([order] if is_known else [])


def test_an_order_that_serves_a_booking_is_not_the_plants_own(monday: Moment) -> None:
    order = PlannedOrder("M1", Span(monday("10:00"), monday("11:00")), "bkg_01H")
    assert known([order], monday("09:00"), timedelta(days=1)) == []


def test_the_next_news_is_when_the_next_order_becomes_known(monday: Moment) -> None:
    orders = [PlannedOrder("M1", Span(monday(f"{hour}:00"), monday(f"{hour}:30")), "A") for hour in (10, 12)]
    assert next_news(orders, monday("08:30"), timedelta(hours=2)) == monday("10:00")
    assert next_news(orders, monday("11:30"), timedelta(hours=2)) is None


def test_naive_times_are_on_the_plants_wall_clock(write: Write, monday: Moment) -> None:
    path = write("plan.csv", "machine,start,end,order\nM1,2026-03-02T10:00,2026-03-02T10:00:00Z,A\n")
    assert read_plan(path, BERLIN) == [PlannedOrder("M1", Span(monday("10:00"), monday("11:00")), "A")]


def test_a_logs_breakdowns_were_not_planned(write: Write) -> None:
    rows = "\n".join(
        f"M1,x,{kind},2026-03-02T1{number}:00,2026-03-02T1{number}:30,{kind},p,1,1"
        for number, kind in enumerate(("setup", "production", "breakdown"))
    )
    path = write("log.csv", f"machine,process,report,start,end,order,part,order_qty,completed_qty\n{rows}\n")
    assert [order.order for order in read_plan(path, BERLIN)] == ["setup", "production"]


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("machine,start,end\n", r"plan.csv:1: no column order"),
        (
            "machine,start,end,order\nM1,2026-03-02T10:00,2026-03-02T09:00,A\n",
            r"plan.csv:2: start/end: a span must end",
        ),
        ("machine,start,end,order\nM1,soon,2026-03-02T09:00,A\n", r"plan.csv:2: start/end: .*soon.*ISO 8601"),
        ("machine,start,end,order\nM1,2026-03-02T10:00,2026-03-02T11:00,\n", r"plan.csv:2: order: is empty"),
        (f'{HEAD}{ROW}"A\n{ROW}B\n{ROW}C\n', r"plan.csv:4: .*a quote that is not closed"),
        (f'{HEAD}{ROW}"A\n{ROW}B"\n{ROW}C\n', r"plan.csv:3: order: goes over several lines; close the quote"),
        (f'{HEAD}{ROW}"A\n{ROW}B"C\n', r"plan.csv:3: .*a quote that is not closed"),
        (f"{HEAD}{ROW}{'A' * 140_000}\n", r"plan.csv:2: field larger than"),
        (f'"{HEAD}{ROW}A\n', r"plan.csv:2: .*a quote that is not closed"),
        (f"{HEAD}M1,0001-01-01T00:00+10:00,2026-03-02T11:00,A\n", r"plan.csv:2: start/end: .*out of range"),
    ],
    ids=[
        "no column",
        "backwards",
        "no time",
        "no order",
        "a quote that is never closed",
        "two quotes that swallow a row",
        "a quote closed in a word",
        "a value without end",
        "a quote in the first line",
        "before the calendar",
    ],
)
def test_a_plan_that_cannot_be_read_says_where(write: Write, text: str, complaint: str) -> None:
    with pytest.raises(FileInvalid, match=complaint):
        read_plan(write("plan.csv", text), BERLIN)


def test_a_plan_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(FileInvalid, match="cannot be read"):
        read_plan(tmp_path / "none.csv", BERLIN)
