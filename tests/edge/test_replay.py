"""The replay source: a log as the life of a machine, and a cursor that a kill cannot confuse."""

import asyncio
import itertools
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import FileInvalid
from edge.reading import Cursor, Event, LinkNotice, Reading
from edge.sources.replay import ReplaySource, after
from edge.sources.replaylog import PRIORITY, Moment, of_machine, read_log, timeline
from gateway.clock import Clock
from gateway.span import Span

UTC_ZONE = ZoneInfo("UTC")
START = datetime(2026, 3, 2, 8, tzinfo=UTC)
Write = Callable[[str, str], Path]


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def brief(moments: Sequence[Moment]) -> list[tuple[float, str]]:
    return [((each.at - START) / timedelta(minutes=1), each.values["report"]) for each in moments]


def test_between_reports_a_machine_is_idle() -> None:
    spans = {"production": [Span(at(10), at(20)), Span(at(30), at(40))]}
    assert brief(timeline(spans, START)) == [
        (0, "idle"),
        (10, "production"),
        (20, "idle"),
        (30, "production"),
        (40, "idle"),
    ]


def test_reports_that_touch_leave_no_idle_moment() -> None:
    spans = {"setup": [Span(at(0), at(10))], "production": [Span(at(10), at(20))]}
    assert brief(timeline(spans, START)) == [(0, "setup"), (10, "production"), (20, "idle")]


def test_where_reports_overlap_a_breakdown_counts_most_and_a_set_up_least() -> None:
    spans = {
        "setup": [Span(at(0), at(60))],
        "production": [Span(at(20), at(50))],
        "breakdown": [Span(at(30), at(40))],
    }
    assert brief(timeline(spans, START)) == [
        (0, "setup"),
        (20, "production"),
        (30, "breakdown"),
        (40, "production"),
        (50, "setup"),
        (60, "idle"),
    ]


reports = st.lists(st.tuples(st.sampled_from(PRIORITY), st.integers(0, 200), st.integers(1, 60)), max_size=12)


@given(reports)
def test_the_timeline_agrees_with_the_reports_at_every_minute(found: list[tuple[str, int, int]]) -> None:
    spans: dict[str, list[Span]] = {}
    for kind, start, length in found:
        spans.setdefault(kind, []).append(Span(at(start), at(start + length)))
    moments = timeline(spans, START)
    assert all(one.at < other.at and one.values != other.values for one, other in itertools.pairwise(moments))
    for minute in range(0, 270, 3):
        moment = at(minute + 0.5)
        wanted = next((kind for kind in PRIORITY if any(moment in span for span in spans.get(kind, ()))), "idle")
        assert [each for each in moments if each.at <= moment][-1].values["report"] == wanted


def test_a_log_of_states_is_read_with_its_modes(write: Write) -> None:
    text = "ts,machine,state,mode\n2026-03-02T08:00:00Z,M1,Executing,Processing\n2026-03-02T09:00,M1,NotExecuting,\n"
    log = read_log(write("states.csv", text), UTC_ZONE)
    assert log["M1"] == (
        Moment(at(0), {"state": "Executing", "mode": "Processing"}),
        Moment(at(60), {"state": "NotExecuting"}),
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("machine,report,start,end\nM1,nap,2026-03-02T08:00,2026-03-02T09:00\n", r"log.csv:2: report: expected one of"),
        ("ts,machine,state\nsoon,M1,Executing\n", r"log.csv:2: ts: .*soon"),
        ("ts,machine,state\n0001-01-01T00:00+10:00,M1,Executing\n", r"log.csv:2: ts: .*out of range"),
        ('ts,machine,state\n2026-03-02T08:00,M1,"Executing\n', r"log.csv:2: .*a quote that is not closed"),
        ("a,b\n", r"log.csv:1: no column machine, state, ts"),
    ],
)
def test_a_log_that_cannot_be_read_says_where(write: Write, text: str, complaint: str) -> None:
    with pytest.raises(FileInvalid, match=complaint):
        read_log(write("log.csv", text), UTC_ZONE)


def test_a_machine_that_the_log_does_not_have_is_refused(write: Write) -> None:
    path = write("log.csv", "ts,machine,state\n2026-03-02T08:00Z,M1,Executing\n")
    with pytest.raises(FileInvalid, match="no rows of machine 'M2'; there are M1"):
        of_machine(path, UTC_ZONE, "M2")


class Sink:
    """Takes batches, and cancels the source's task after `enough` of them."""

    def __init__(self) -> None:
        self.batches: list[Sequence[Event]] = []

    async def __call__(self, events: Sequence[Event]) -> None:
        self.batches.append(events)

    @property
    def told(self) -> list[tuple[datetime, object]]:
        return [
            (event.source_time, event.value)
            for batch in self.batches
            for event in batch
            if isinstance(event, Reading) and event.source_time
        ]


async def play(source: ReplaySource, seconds: float) -> Sink:
    sink = Sink()
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(seconds):
            await source.run(sink)
    return sink


MOMENTS = tuple(Moment(at(minute), {"report": str(minute)}) for minute in range(250))


def clock_at(minutes: float, speed: float = 60.0) -> Clock:
    return Clock(speed, time.time(), at(minutes))


async def test_what_is_past_is_told_at_once_with_true_stamps() -> None:
    sink = await play(ReplaySource("M1", MOMENTS, clock_at(239.5)), 0.2)
    assert [when for when, _ in sink.told] == [each.at for each in MOMENTS[:240]]
    assert all(event.historical for batch in sink.batches for event in batch if isinstance(event, Reading))


async def test_the_rest_comes_with_business_time() -> None:
    sink = await play(ReplaySource("M1", MOMENTS, clock_at(9.8, speed=600.0)), 0.45)
    assert 12 <= len(sink.told) <= 16


async def test_each_batch_ends_with_its_cursor_and_the_first_says_that_it_is_connected() -> None:
    sink = await play(ReplaySource("M1", MOMENTS, clock_at(239.5)), 0.2)
    first, *rest = sink.batches
    assert isinstance(first[0], LinkNotice)
    assert [batch[-1] for batch in rest] == [Cursor("M1", MOMENTS[number].at.isoformat()) for number in (99, 199, 239)]


async def test_from_its_cursor_on_nothing_is_lost_and_nothing_doubled() -> None:
    cursor = MOMENTS[99].at.isoformat()
    sink = await play(ReplaySource("M1", MOMENTS, clock_at(239.5), cursor), 0.2)
    assert [when for when, _ in sink.told] == [each.at for each in MOMENTS[100:240]]


async def test_at_a_rate_the_clock_does_not_matter() -> None:
    started = time.monotonic()
    sink = await play(ReplaySource("M1", MOMENTS, clock_at(-1e6), rate=200.0), 0.5)
    assert 60 <= len(sink.told) <= 200 * (time.monotonic() - started) + 20


def test_a_cursor_at_the_end_leaves_nothing() -> None:
    assert list(after(MOMENTS, MOMENTS[-1].at.isoformat())) == []


@pytest.mark.skipif(
    not Path("../shared/data/jobshop-2012/reports.csv").exists(), reason="the job shop's log is not here"
)
def test_the_real_log_has_thirteen_machines() -> None:
    log = read_log(Path("../shared/data/jobshop-2012/reports.csv"), ZoneInfo("Europe/Berlin"))
    assert len(log) == 13
    assert sum(map(len, log.values())) == 2267
