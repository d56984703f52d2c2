"""Sparkplug bytes: the standard's fields, integers that arrive unsigned, and whatever else may come."""

import gzip
import math
import zlib
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sources.sparkplug_payload import (
    COMPRESSED,
    DataType,
    Metric,
    PayloadMalformed,
    Unreadable,
    decode,
    rebirth_request,
    worth,
)
from edge.sources.sparkplug_schema import SOURCE, Payload, described
from gateway.machine import Quality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
MS = int(NOON.timestamp() * 1000)


def payload(*metrics: dict[str, Any], **fields: Any) -> bytes:
    wire: Any = Payload(**fields)
    for metric in metrics:
        wire.metrics.add(**metric)
    found: bytes = wire.SerializeToString()
    return found


def metric(raw: Any, **keys: Any) -> Metric:
    return Metric("m", None, None, 0, raw, **keys)


def test_the_fields_have_the_standards_numbers() -> None:
    """The bytes of a payload as the specification numbers its fields, written by hand."""
    data = bytes.fromhex("08d00f12100a0161100518e807200350fbffffff0f1803")
    found = decode(data)
    assert (found.at, found.seq) == (datetime(1970, 1, 1, 0, 0, 2, tzinfo=UTC), 3)
    (one,) = found.metrics
    assert (one.name, one.alias, one.at, one.datatype, one.raw) == (
        "a",
        5,
        datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC),
        3,
        4_294_967_291,
    )
    assert worth(one, 3) == -5


@pytest.mark.parametrize(("kind", "bits"), [(1, 8), (2, 16), (3, 32), (4, 64)])
@given(st.data())
def test_a_signed_integer_comes_back_however_wide_its_sender_wrote_it(
    kind: int, bits: int, data: st.DataObject
) -> None:
    """Some fill up to the field's width, some write the type's own: 0xFB and 0xFFFFFFFB are both the Int8 -5."""
    value = data.draw(st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1))
    for width in {bits, max(bits, 32)}:
        assert worth(metric(value % 2**width), kind) == value


@pytest.mark.parametrize(
    ("kind", "raw", "value"),
    [
        (5, 255, 255),
        (7, 4_000_000_000, 4_000_000_000),
        (8, 2**64 - 1, 2**64 - 1),
        (9, 1.5, 1.5),
        (10, 3, 3),
        (11, True, True),
        (12, "run", "run"),
        (13, MS, "2026-03-02T12:00:00+00:00"),
        (14, "text", "text"),
        (0, 7, 7),
        (0, "x", "x"),
        (3, None, None),
    ],
)
def test_each_data_type_gives_its_value(kind: int, raw: Any, value: object) -> None:
    assert worth(metric(raw), kind) == value


def test_a_null_has_no_value_whatever_else_is_set() -> None:
    assert worth(metric(5, null=True), 3) is None
    assert worth(metric(None, null=True), 16) is None


@pytest.mark.parametrize(
    ("kind", "raw", "words"),
    [
        (16, None, "is a data set"),
        (19, None, "is a template"),
        (17, b"abc", "is bytes, and holds 3 bytes"),
        (24, b"abc", "is an array"),
        (99, None, "of the unknown data type 99"),
        (3, "five", "of type Int32, and holds 'five'"),
        (3, True, "of type Int32, and holds True"),
        (12, 5, "of type String, and holds 5"),
        (11, 1, "of type Boolean, and holds 1"),
        (3, 1.5, "of type Int32, and holds 1.5"),
        (13, 2**63, "of type DateTime"),
    ],
)
def test_what_can_be_no_signal_says_what_it_is(kind: int, raw: Any, words: str) -> None:
    with pytest.raises(Unreadable, match=words):
        worth(metric(raw), kind)


@pytest.mark.parametrize(("code", "quality"), [(192, "good"), (500, "uncertain"), (0, "bad"), (7, "uncertain")])
def test_the_property_quality_is_read(code: int, quality: str) -> None:
    properties = {"keys": ["Engineering Unit", "Quality"], "values": [{"int_value": 1}, {"type": 3, "int_value": code}]}
    (one,) = decode(payload({"name": "a", "int_value": 1, "properties": properties})).metrics
    assert one.quality is Quality(quality)


@pytest.mark.parametrize(
    ("keys", "values", "unit"),
    [
        (["engUnit"], [{"type": 12, "string_value": "kW"}], "kW"),
        (["Quality", "engUnit"], [{"type": 3, "int_value": 192}, {"type": 12, "string_value": "°C"}], "°C"),
        (["engUnit"], [{"type": 12, "is_null": True}], ""),
        (["engUnit"], [], ""),
        (["Engineering Unit"], [{"type": 12, "string_value": "kW"}], ""),
    ],
)
def test_the_property_eng_unit_is_read(keys: list[str], values: list[dict[str, object]], unit: str) -> None:
    properties = {"keys": keys, "values": values}
    (one,) = decode(payload({"name": "a", "int_value": 1, "properties": properties})).metrics
    assert one.unit == unit


def test_history_and_null_are_told() -> None:
    (one,) = decode(payload({"name": "a", "is_historical": True, "is_null": True, "timestamp": MS})).metrics
    assert (one.historical, one.null, one.at) == (True, True, NOON)


@pytest.mark.parametrize("stamp", [0, 2**64 - 1, 10**15])
def test_a_clock_that_was_never_set_says_no_time(stamp: int) -> None:
    found = decode(payload({"name": "a", "timestamp": stamp}, timestamp=stamp))
    assert (found.at, found.metrics[0].at) == (None, None)


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_a_compressed_payload_is_opened(pack: Any) -> None:
    inner = payload({"name": "a", "int_value": 1}, seq=7)
    assert decode(payload(uuid=COMPRESSED, body=pack(inner))) == decode(inner)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\x00\xff",
        payload({"name": "a"})[:-1],
        b"\x12\x03\x0a\x01\xff",
        payload(uuid=COMPRESSED, body=b"no zip"),
        payload(uuid=COMPRESSED, body=zlib.compress(b"x" * 100)[:-4]),
        payload(uuid=COMPRESSED, body=zlib.compress(bytes(20_000_000))),
    ],
    ids=["no message", "cut off", "not UTF-8", "no zip", "cut off zip", "a bomb"],
)
def test_malformed_bytes_are_refused_in_one_way(data: bytes) -> None:
    with pytest.raises(PayloadMalformed):
        decode(data)


@given(st.binary(max_size=60), st.data())
def test_no_bytes_do_anything_else(noise: bytes, data: st.DataObject) -> None:
    whole = bytearray(payload({"name": "a", "int_value": 5, "alias": 3, "datatype": 3}, timestamp=MS, seq=255) + noise)
    for _ in range(data.draw(st.integers(0, 3))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    try:
        found = decode(bytes(whole))
    except PayloadMalformed:
        return
    for each in found.metrics:
        try:
            value = worth(each, each.datatype)
        except Unreadable:
            continue
        assert isinstance(value, bool | int | float | str | None)
        assert not isinstance(value, float) or math.isfinite(value) or isinstance(each.raw, float)


def test_a_rebirth_is_asked_for_as_the_standard_wants_it() -> None:
    found = decode(rebirth_request(NOON))
    (one,) = found.metrics
    assert (found.at, found.seq) == (NOON, None)
    assert (one.name, one.datatype, one.raw) == ("Node Control/Rebirth", DataType.BOOLEAN, True)


def test_the_shape_is_read_from_a_file_that_keeps_to_plain_fields() -> None:
    assert described(SOURCE.read_text()).package == "thirdshift.sparkplug"
    with pytest.raises(ValueError, match="is more than is read here"):
        described("message A {\n  map<string, string> b = 1;\n}\n")
