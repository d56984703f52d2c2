"""Which time is looked at, and how a signal's line is drawn over it."""

from datetime import UTC, timedelta

import pytest

from cloud.dashboard.fake import NOW
from cloud.dashboard.machine import look
from cloud.dashboard.machine.rows import csv_rows
from cloud.dashboard.machine.seen import Seen
from cloud.dashboard.machine.signals import drawn
from cloud.dashboard.machine.told import signal_caption
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from cloud.registry.model import Gap, Machine
from cloud.telemetry.wire import Samples
from gateway.span import Span

SECOND, HOUR, DAY = timedelta(seconds=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("name", "back", "ahead"), [("8h", 8, 8), ("24h", 24, 24), ("7d", 168, 168), ("1y", 8760, 168)]
)
def test_a_range_reaches_back_and_at_most_a_week_ahead(name, back, ahead):
    told = look.ranged(name, NOW)
    assert told.window.duration == (back + ahead) * HOUR
    assert timedelta(0) <= told.window.end - ahead * HOUR - NOW < back * HOUR / look.PIECES + SECOND


def test_all_who_look_within_a_pixel_look_at_the_same():
    assert look.ranged("30d", NOW + SECOND) == look.ranged("30d", NOW + 2 * SECOND)
    assert look.ranged("30d", NOW + HOUR) != look.ranged("30d", NOW + 2 * HOUR)


def test_an_address_says_what_is_looked_at_and_back():
    for told in (look.ranged("7d", NOW), look.picked(NOW - DAY, NOW)):
        query = dict(part.split("=") for part in look.query(told).split("&"))
        assert look.asked(query, NOW) == told


@pytest.mark.parametrize(
    "query", [{}, {"range": "century"}, {"start": "yesterday", "end": "now"}, {"start": "2026-01-01"}]
)
def test_an_address_that_makes_no_sense_shows_the_usual(query):
    assert look.asked(query, NOW) == look.ranged(look.FIRST, NOW)


def test_a_window_is_never_longer_than_the_api_answers():
    told = look.picked(NOW - 3000 * DAY, NOW)
    assert told.window.duration == look.LONGEST
    assert look.picked(NOW, NOW + SECOND).window.duration == look.SHORTEST


def samples(*points, step=None, unit=None):
    items = [{"at": NOW + second * SECOND, "value": value, "quality": quality} for second, value, quality in points]
    told = {"machine_id": "mch_1", "signal": "power", "start": NOW, "end": NOW + HOUR, "store": "PostgreSQL"}
    return Samples.model_validate({**told, "unit": unit, "step_s": step, "total": len(items), "items": items})


def line(told):
    return [(row[0] - NOW.timestamp(), row[1]) for row in told["line"]]


def test_a_line_breaks_where_nobody_looked():
    gap = Gap(start=NOW + 11 * SECOND, end=NOW + 15 * SECOND, reason="cut")
    told = drawn(samples((0, 1.0, "good"), (10, 2.0, "good"), (20, 3.0, "good")), [gap])
    assert line(told) == [(0, 1.0), (10, 2.0), (11, None), (20, 3.0)]


def test_a_line_breaks_where_far_less_was_measured_than_elsewhere():
    close = [(second, 1.0, "good") for second in range(20)]
    told = drawn(samples(*close, (600, 2.0, "good")), [])
    assert line(told)[-2:] == [(20, None), (600, 2.0)]


def test_empty_buckets_break_the_line():
    told = drawn(samples((0, 1.0, None), (60, 2.0, None), (240, 3.0, None), step=60), [])
    assert [value for _, value in line(told)] == [1.0, 2.0, None, 3.0]


def test_doubtful_values_are_marked():
    told = drawn(samples((0, 1.0, "good"), (1, 9.0, "bad"), (2, 1.0, "uncertain")), [])
    assert [row[1:] for row in told["doubts"]] == [[9.0, "bad"], [1.0, "uncertain"]]


def test_texts_are_bands_until_they_change():
    told = drawn(samples((0, "idle", "good"), (5, "idle", "good"), (9, "busy", "good")), [])
    start = NOW.timestamp()
    assert told["texts"] == [[start, start + 9, "idle"], [start + 9, (NOW + HOUR).timestamp(), "busy"]]
    assert told["line"] == []


def test_nothing_measured_is_no_line():
    told = drawn(samples(), [])
    assert (told["line"], told["texts"], told["last"]) == ([], [], None)


@pytest.mark.parametrize(
    ("language", "unit", "said"),
    [
        ("en", "kW", "power · in kW · PostgreSQL"),
        ("en", None, "power · unit: as in the plant's profile · PostgreSQL"),
        ("zh", "°C", "power · 单位：°C · PostgreSQL"),  # noqa: RUF001
        ("zh", None, "power · 单位：以工厂设备档案为准 · PostgreSQL"),  # noqa: RUF001
    ],
)
def test_a_signal_is_captioned_with_its_unit_or_with_the_word_that_the_plant_said_none(language, unit, said):
    drawn_ = drawn(samples((0, 1.5, "good"), unit=unit), [])
    assert drawn_["unit"] == unit
    assert signal_caption(drawn_, When(NOW, UTC, Words(language))).startswith(said)


def test_the_file_of_what_is_seen_has_the_unit_beside_each_value():
    machine = Machine.model_construct(id="mch_1", name="Mill", quantity=1)
    there = {"power": samples((0, 1.5, "good"), unit="kW"), "heat": samples((0, 40.0, "good"))}
    head, *rows = csv_rows(Seen(machine, Span(NOW, NOW + HOUR), NOW, samples=there))
    assert (head[-1], [row[9] for row in rows], [row[-1] for row in rows]) == ("unit", [1.5, 40.0], ["kW", ""])
