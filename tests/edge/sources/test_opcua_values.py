"""OPC UA values in plain Python."""

from datetime import UTC, datetime
from typing import Any

import pytest
from asyncua import ua

from edge.sources.opcua_values import content, overflowed, plain, quality, source_time
from gateway.machine import Quality

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("value", "means"),
    [
        (ua.LocalizedText("Executing", "en"), "Executing"),
        (ua.QualifiedName("Name", 3), "Name"),
        (ua.ServerState.Running, 0),
        ([ua.LocalizedText("a"), ua.LocalizedText("b")], ("a", "b")),
        (NOON.replace(tzinfo=None), NOON),
        (7.5, 7.5),
        (True, True),
        (None, None),
    ],
    ids=["text", "name", "enumeration", "array", "naive time", "number", "truth", "nothing"],
)
def test_what_a_variant_carries(value: Any, means: object) -> None:
    assert plain(value) == means
    assert type(plain(value)) is type(means)


def test_a_data_value_without_a_variant_carries_nothing() -> None:
    assert content(ua.DataValue(None)) is None


@pytest.mark.parametrize(
    ("code", "means"),
    [
        (ua.StatusCodes.Good, Quality.GOOD),
        (ua.StatusCodes.GoodLocalOverride, Quality.GOOD),
        (ua.StatusCodes.UncertainInitialValue, Quality.UNCERTAIN),
        (ua.StatusCodes.BadNotConnected, Quality.BAD),
    ],
)
def test_the_severity_of_a_status_is_its_quality(code: int, means: Quality) -> None:
    assert quality(ua.StatusCode(code)) is means
    assert not overflowed(ua.StatusCode(code))


def test_the_overflow_bit_is_seen_in_a_good_status() -> None:
    assert overflowed(ua.StatusCode(0x480))
    assert quality(ua.StatusCode(0x480)) is Quality.GOOD


@pytest.mark.parametrize(
    ("source", "server", "means"),
    [
        (NOON, None, NOON),
        (NOON.replace(tzinfo=None), None, NOON),
        (None, NOON, NOON),
        (datetime(9999, 12, 31, tzinfo=UTC), NOON, NOON),
        (datetime(9999, 12, 31, tzinfo=UTC), datetime(1601, 1, 1, tzinfo=UTC), None),
        (None, None, None),
    ],
    ids=["source", "naive", "only the server's", "for ever", "neither", "none"],
)
def test_the_stamp_is_a_time_that_a_machine_could_mean(
    source: datetime | None, server: datetime | None, means: datetime | None
) -> None:
    assert source_time(ua.DataValue(ua.Variant(1), SourceTimestamp=source, ServerTimestamp=server)) == means
