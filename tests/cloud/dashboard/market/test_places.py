"""The map: one mark for each plant, and a land that has no line across the sea."""

import json

from cloud.dashboard.frame import STATIC
from cloud.dashboard.market.lines import Shown, misses_html, results_html
from cloud.dashboard.market.places import options, places
from cloud.dashboard.words import Words
from cloud.market.model import Near


def test_results_of_one_plant_share_a_mark_and_those_without_a_place_have_none(made):
    vienna, linz = {"latitude": 48.2, "longitude": 16.4}, {"latitude": 48.3, "longitude": 14.3}
    found = [made.found(**vienna), made.found(), made.found(**linz), made.found(**vienna)]
    assert [place.results for place in places(found)] == [(0, 3), (2,)]
    series = {each["id"]: each for each in options(found, None, Words("en"))["series"]}
    assert [mark["value"] for mark in series["plants"]["data"]] == [[16.4, 48.2, 0], [14.3, 48.3, 1]]
    assert series["near"]["data"] == []


def test_the_map_shows_all_marks_and_where_was_searched_around(made):
    found = [made.found(latitude=48.2, longitude=16.4)]
    (west, north), (east, south) = options(found, Near(latitude=50, longitude=8, km=900), Words("en"))["geo"][
        "boundingCoords"
    ]
    assert west < 8
    assert east > 16.4
    assert south < 48.2
    assert north > 50


def test_without_any_place_the_world_is_shown(made):
    assert options([made.found()], None, Words("en"))["geo"]["boundingCoords"][0] == [-170.0, 75.0]


def test_the_land_is_small_public_and_cut_at_the_date_line():
    text = (STATIC / "land.json").read_text()
    land = json.loads(text)
    assert len(text) < 100_000
    assert "public domain" in land["source"]
    rings = [ring for polygon in land["features"][0]["geometry"]["coordinates"] for ring in polygon]
    assert all(-180 <= x <= 180 and -90 <= y <= 90 for ring in rings for x, y in ring)
    assert all(abs(ring[n][0] - ring[n - 1][0]) < 30 for ring in rings for n in range(1, len(ring)))


def test_names_from_outside_are_never_markup(made):
    evil = '<img src=x onerror="alert(1)">'
    listed = results_html([made.found(service_name=evil, provider_name=evil)], made.when(), Shown())
    near = misses_html([made.miss("moon.phase", evil, service_name=evil)], made.values(), made.when(), may_book=True)
    assert "<img" not in listed + near
    assert "&lt;img" in listed
    assert "&lt;img" in near


def test_who_may_not_book_gets_no_button_to_hold_or_wait(made):
    listed = results_html([made.found()], made.when(), Shown(may_book=False))
    miss = made.miss("capacity.insufficient")
    near = misses_html([miss], made.values(), made.when(), may_book=False)
    assert 'data-do="hold"' not in listed
    assert 'data-do="wait"' not in near
    assert 'data-do="wait"' in misses_html([miss], made.values(), made.when(), may_book=True)
