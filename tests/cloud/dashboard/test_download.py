"""What a page gives away as CSV."""

import csv
import io
from datetime import datetime, timedelta, timezone

import pytest

from cloud.dashboard.download import csv_bytes


def read(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode("utf-8-sig"))))


def test_a_table_comes_back_as_it_was_in_any_language():
    rows = [["名称", "h"], ['a "b", c', 1.5], [None, 3]]
    assert read(csv_bytes(rows)) == [["名称", "h"], ['a "b", c', "1.5"], ["", "3"]]


def test_spreadsheets_are_told_that_it_is_utf_8():
    assert csv_bytes([["x"]]).startswith(b"\xef\xbb\xbf")


def test_times_are_utc():
    at = datetime(2026, 3, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
    assert read(csv_bytes([[at]])) == [["2026-03-01T12:00:00Z"]]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx"])
def test_no_text_of_a_plant_becomes_a_formula(text):
    assert read(csv_bytes([[text]])) == [[f"'{text}"]]


def test_a_negative_number_stays_a_number():
    assert read(csv_bytes([[-1.5]])) == [["-1.5"]]
