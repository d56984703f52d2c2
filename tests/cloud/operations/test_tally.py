"""What ingest gathers of its own work: counted by the minute of real time, and kept while it can't be written down."""

from datetime import UTC, datetime, timedelta

import pytest

from cloud.operations.flow import flows, points
from cloud.operations.latency import quantile
from cloud.operations.tally import Said, Tally, said
from cloud.telemetry.model import micros
from gateway.link import Held
from gateway.machine import ItemState
from gateway.messages import Samples, StateChange, Stream, Telemetry
from gateway.telemetry import Column

NOW = datetime(2026, 3, 2, 12, 0, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)


def spoken(seconds_ago: float, stream: Stream = Stream.STATE, samples: int = 0) -> Said:
    return Said(stream, samples, micros(NOW - seconds_ago * SECOND))


def rows(tally: Tally) -> list[dict[str, object]]:
    return [
        {"at": at, "stream": stream, "messages": each.messages, "samples": each.samples, "latency": each.latency}
        for (_, at, stream), each in tally.torn_off().minutes.items()
    ]


def test_messages_are_counted_by_enterprise_minute_and_stream() -> None:
    tally = Tally()
    tally.committed("ent_1", [spoken(2), spoken(4), spoken(1, Stream.TELEMETRY, 500)], NOW)
    tally.committed("ent_2", [spoken(2)], NOW + 40 * SECOND)
    counts = {key: (each.messages, each.samples) for key, each in tally.torn_off().minutes.items()}
    minute = NOW.replace(second=0)
    assert counts == {
        ("ent_1", minute, Stream.STATE): (2, 0),
        ("ent_1", minute, Stream.TELEMETRY): (1, 500),
        ("ent_2", minute + 60 * SECOND, Stream.STATE): (1, 0),
    }
    assert not tally.torn_off()


def test_where_business_time_runs_fast_a_minute_and_a_latency_are_still_of_real_time() -> None:
    tally = Tally(speed=60)
    tally.committed("ent_1", [spoken(120)], NOW)
    (((_, at, _), minute),) = tally.torn_off().minutes.items()
    assert at == NOW.replace(minute=0, second=0)
    assert quantile(minute.latency, 0.5) == pytest.approx(2.0, rel=0.2)


def test_a_message_tells_how_many_samples_it_has_and_when_the_newest_was_taken() -> None:
    column = Column(signal="power", at=(0, 1000, 1000), values=(1.0, 2.0, 3.0))
    telemetry = Telemetry(machine="M1", base=5_000_000, columns=(column,))
    assert said(Stream.BACKFILL, telemetry) == Said(Stream.BACKFILL, 3, 5_002_000)
    assert said(Stream.TELEMETRY, Samples(machine="M1", signal="a", at=(1.0, 2.5), values=(1, 2)))[1:] == (2, 2_500_000)
    change = StateChange(machine="M1", at=NOW, state=ItemState.EXECUTING)
    assert said(Stream.STATE, change) == Said(Stream.STATE, 0, micros(NOW))


def test_what_could_not_be_written_down_is_there_the_next_time() -> None:
    tally = Tally()
    tally.committed("ent_1", [spoken(2)], NOW)
    tally.refused({"agt_1": 3}, "mac", NOW)
    tally.greeted("agt_1", Stream.STATE, [Held(1, 1, 5, None)], NOW)
    sheet = tally.torn_off()
    tally.committed("ent_1", [spoken(2)], NOW + SECOND)
    tally.refused({"agt_1": 2}, "mac", NOW + SECOND)
    tally.greeted("agt_1", Stream.STATE, [Held(2, 1, 9, None)], NOW + SECOND)
    tally.put_back(sheet)
    found = tally.torn_off()
    (minute,) = found.minutes.values()
    assert (minute.messages, sum(minute.latency)) == (2, 2)
    refused = found.refused["agt_1", "mac"]
    assert (refused.count, refused.first, refused.last) == (5, NOW, NOW + SECOND)
    assert found.held["agt_1", Stream.STATE] == (NOW + SECOND, [[2, 1, 9]])


def test_a_rate_is_over_the_last_minutes_with_the_one_under_way() -> None:
    tally = Tally()
    for minute in range(6):
        tally.committed("ent_1", [spoken(0, Stream.TELEMETRY, 270)], NOW - minute * 60 * SECOND)
    kept = rows(tally)
    (flow,) = flows(kept, NOW, 1.0)
    assert (flow.stream, flow.samples_per_s, flow.messages_per_s) == (Stream.TELEMETRY, 5.0, round(5 / 270, 3))
    assert flow.last_at == NOW.replace(second=0)
    assert [each.samples for each in points(kept)] == [270] * 6


def test_a_stream_that_fell_silent_is_told_with_when_it_last_brought_something() -> None:
    tally = Tally()
    tally.committed("ent_1", [spoken(0)], NOW)
    (flow,) = flows(rows(tally), NOW + timedelta(hours=1), 1.0)
    assert (flow.messages_per_s, flow.p50_s, flow.last_at) == (0.0, None, NOW.replace(second=0))
