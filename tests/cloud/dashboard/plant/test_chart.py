"""Rows as the arrays that the browser draws."""

import json
from datetime import timedelta

from cloud.dashboard.fake import NOW
from cloud.dashboard.plant.bands import View, row
from cloud.dashboard.plant.chart import LANES, changed, lanes, options, patch, timeline
from cloud.dashboard.plant.picture import browser_words
from cloud.dashboard.when import When, zone_named
from cloud.dashboard.words import Words
from gateway.span import Span

H = timedelta(hours=1)
T = int(NOW.timestamp())
WINDOW = Span(NOW - 24 * H, NOW + 24 * H)
WHEN = When(NOW, zone_named("Europe/Vienna"), Words("en"))


def rows_of(make, **plant):
    machine = make.machine()
    return [row(make.plant(machines=(machine,), **plant), machine, View(WINDOW, NOW, NOW))]


def test_a_state_that_lasts_has_no_end_so_that_it_grows_with_the_clock(make):
    told = make.states((NOW - 3 * H, NOW - H, "NotExecuting"), (NOW - H, None, "Executing"))
    assert lanes(rows_of(make, states={"mch_1": told}), NOW)["states"] == [
        [0, T - 10800, T - 3600, 1, 1, 1, "NotExecuting", "None", "plant"],
        [0, T - 3600, 0, 0, 1, 1, "Executing", "None", "plant"],
    ]


def test_what_nobody_could_see_is_a_band_of_its_own(make):
    told = make.states(gaps=[{"start": NOW - 3 * H, "end": NOW - H, "reason": "cut"}])
    assert lanes(rows_of(make, states={"mch_1": told}), NOW)["states"] == [[0, T - 10800, T - 3600, 4, 1, 1, "", ""]]


def test_an_offer_carries_its_type_confidence_and_reason(make):
    told = make.capacity((NOW, NOW + H, "Available", 1))
    [item] = lanes(rows_of(make, capacity={"mch_1": told}), NOW)["offers"]
    assert item == [0, T, T + 3600, 0, 5, 0.0, 1.0, "Available", "idle", 1, ""]


def test_a_booking_carries_what_of_it_was_run(make):
    booking = make.booking(
        NOW - 3 * H, NOW - H, "METERED", meter={"share": 0.5, "started": NOW - 3 * H, "ended": NOW - 2 * H}
    )
    [item] = lanes(rows_of(make, bookings=(booking,)), NOW)["bookings"]
    assert item == [0, T - 10800, T - 3600, 0, 0, T - 10800, T - 7200, 0, "bkg_1", "METERED", 0.5]


def test_the_chart_has_all_its_series_from_the_start_and_patches_name_them(make):
    rows = rows_of(make)
    data = {**lanes(rows, NOW), **timeline(WINDOW, WHEN)}
    whole = options(len(rows), WINDOW, data, "label")
    assert [series["id"] for series in whole["series"]] == list(LANES)
    assert (whole["xAxis"]["min"], whole["xAxis"]["max"]) == (T - 86400, T + 86400)
    assert patch(WINDOW, {"now": data["now"]})["series"] == [{"id": "now", "data": [[T, 0, "14:00"]]}]
    json.dumps(whole)


def test_only_series_that_differ_are_sent():
    before = {"states": [[1]], "offers": [[2]], "now": [[3]]}
    assert changed(before, {"states": [[1]], "offers": [[9]], "now": [[3]]}) == {"offers": [[9]]}


def test_no_word_can_end_the_script_that_carries_it():
    script = browser_words(Words("zh"), "zh-CN")
    assert script.count("<") == 2
