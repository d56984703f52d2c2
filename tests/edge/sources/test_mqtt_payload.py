"""What a profile's signal finds in a payload, and what it says where it finds nothing."""

import json
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import FileInvalid
from edge.profile import read
from edge.sources.mqtt_payload import Broken, Document, Found, Missing, Outcome, moment, reader
from edge.sources.mqtt_signal import MqttSignal
from edge.sources.mqtt_written import written
from gateway.machine import Quality

BERLIN = ZoneInfo("Europe/Berlin")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)


def found(payload: object, **keys: Any) -> Outcome:
    data = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return reader(MqttSignal(**keys), BERLIN)(Document(data))


@pytest.mark.parametrize(
    ("payload", "keys", "value"),
    [
        ({"power": {"total": 12.5}}, {"pointer": "/power/total"}, 12.5),
        ({"a/b": {"m~n": [1, 2]}}, {"pointer": "/a~1b/m~0n/1"}, 2),
        ({"power": {"total": 12.5}}, {"path": "$.power.total"}, 12.5),
        ({"meters": [{"id": "p", "v": 3}, {"id": "q", "v": 4}]}, {"path": "$.meters[?@.id=='q'].v"}, 4),
        (7, {"pointer": ""}, 7),
        (b"42.5", {"type": "Double"}, 42.5),
        (b" true\n", {"type": "Boolean"}, True),
        (b"ON", {"type": "Boolean"}, "ON"),
        (b"running", {}, "running"),
        (b'"running"', {}, "running"),
        (b"007", {"type": "String"}, "007"),
        (b"1.10", {"type": "String"}, "1.10"),
        (b"3", {"values": {3: "run"}}, 3),
        (b"nan", {"type": "Double"}, "nan"),
        (b"1e400", {"type": "Double"}, "1e400"),
    ],
)
def test_a_value_is_found_where_the_profile_says(payload: object, keys: dict[str, Any], value: object) -> None:
    assert found(payload, **keys) == Found(value, None, Quality.GOOD)


@pytest.mark.parametrize(
    ("payload", "keys", "kind", "words"),
    [
        (b"12 W", {"pointer": "/power"}, Broken, "not JSON but '12 W'; for a plain value remove `pointer`"),
        (b"\xff\xfe", {"pointer": "/power"}, Broken, "2 bytes that are no text"),
        (b"\xff\xfe", {}, Broken, "not a text"),
        (b"", {}, Broken, "empty"),
        ({"power": 3}, {}, Broken, "an object with 'power'; say with `pointer` or `path`"),
        ({"power": {"a": 3}}, {"pointer": "/power"}, Broken, "an object with 'a'; go on to one value"),
        ({"a": 3}, {"pointer": "/power"}, Missing, "'/power' finds nothing: no 'power' in the whole; there: a"),
        ({"a": 3}, {"path": "$.power"}, Missing, "finds nothing in an object with 'a'"),
        ({"a": [1, 2]}, {"path": "$.a[*]"}, Broken, "finds 2 values; narrow it to one"),
        ("text", {"path": "$.a"}, Missing, "finds nothing"),
        (5, {"pointer": "/a"}, Missing, "a single value"),
    ],
)
def test_what_cannot_be_found_is_said_with_what_to_do(
    payload: object, keys: dict[str, Any], kind: type, words: str
) -> None:
    told = found(payload, **keys)
    assert isinstance(told, kind)
    assert words in told.fault


def test_a_null_is_a_value_that_is_not_there() -> None:
    assert found({"power": None}, pointer="/power") == Found(None, None, Quality.BAD)


NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    "raw",
    [
        "2026-03-02T12:00:00Z",
        "2026-03-02T13:00:00+01:00",
        "2026-03-02T13:00:00",
        "2026-03-02 13:00",
        NOON.timestamp(),
        int(NOON.timestamp() * 1e3),
        int(NOON.timestamp() * 1e6),
        int(NOON.timestamp() * 1e9),
        str(int(NOON.timestamp() * 1e3)),
    ],
)
def test_every_usual_way_to_write_a_time_is_read(raw: object) -> None:
    """A stamp without an offset is the plant's wall clock."""
    assert moment(raw, BERLIN) == NOON
    assert found({"t": raw, "v": 1}, pointer="/v", time="/t") == Found(1, NOON, Quality.GOOD)


@pytest.mark.parametrize("raw", [None, True, "yesterday", -5, 0, 1e30, [1], "inf", "nan"])
def test_what_is_no_time_leaves_the_value_to_its_receipt(raw: object) -> None:
    told = found({"t": raw, "v": 1}, pointer="/v", time="/t")
    assert isinstance(told, Found)
    assert (told.value, told.at, told.quality) == (1, None, Quality.GOOD)
    assert "is no time; give ISO 8601" in told.fault


@pytest.mark.parametrize(
    ("word", "quality"), [("ok", "good"), (192, "good"), ("old", "uncertain"), ("?", "bad"), (False, "bad")]
)
def test_the_payload_says_how_good_the_value_is(word: object, quality: str) -> None:
    graded = {"pointer": "/q", "good": ["ok", 192], "uncertain": "old"}
    told = found({"v": 1, "q": word}, pointer="/v", quality=graded)
    assert told == Found(1, None, Quality(quality))


def test_a_payload_that_forgets_its_quality_is_doubted() -> None:
    told = found({"v": 1}, pointer="/v", quality={"pointer": "/q", "good": ["ok"]})
    assert isinstance(told, Found)
    assert told.quality is Quality.UNCERTAIN


@given(
    st.binary(max_size=40) | JSON.map(lambda value: json.dumps(value).encode()),
    st.sampled_from(
        [
            {},
            {"type": "String"},
            {"pointer": "/a", "time": "/b"},
            {"pointer": ""},
            {"path": "$..*"},
            {"path": "$.a[0]", "quality": {"pointer": "/q", "good": [1]}},
        ]
    ),
)
def test_whatever_is_published_is_a_value_or_a_reason(payload: bytes, keys: dict[str, Any]) -> None:
    told = found(payload, **keys)
    assert isinstance(told, Found) or told.fault
    if isinstance(told, Found):
        assert isinstance(told.value, bool | int | float | str | None)


@given(st.floats(allow_nan=False, allow_infinity=False), st.text(max_size=8))
def test_what_a_simulated_machine_writes_is_read_again(number: float, text: str) -> None:
    graded = {"pointer": "/q/0x", "good": ["ok"]}
    signals = {
        "a": MqttSignal(topic="x", pointer="/deep/er/a~1b", time="/t", quality=graded),
        "b": MqttSignal(topic="x", pointer="/b"),
        "c": MqttSignal(topic="{machine}/c"),
    }
    told = dict(written(signals, {"a": number, "b": text, "c": 5}, "plant", "M1", NOON))
    assert set(told) == {"plant/x", "plant/M1/c"}
    document = Document(told["plant/x"])
    assert reader(signals["a"], BERLIN)(document) == Found(number, NOON, Quality.GOOD)
    assert reader(signals["b"], BERLIN)(document) == Found(text, None, Quality.GOOD)
    assert reader(signals["c"], BERLIN)(Document(told["plant/M1/c"])) == Found(5, None, Quality.GOOD)


PROFILE = """\
profile: meter
title: A meter
source: mqtt
signals:
  power: {topic: power, pointer: /power, type: Double}
state:
  - {then: Executing}
"""


@pytest.mark.parametrize(
    ("new", "complaint"),
    [
        ("{topic: 'po+wer', pointer: /power}", "meter.yaml:5: signals.power.topic: a wildcard"),
        ("{topic: power, pointer: power}", r"meter.yaml:5: signals.power.pointer: 'power' is no JSON Pointer"),
        ("{topic: power, path: power}", r"signals.power.path: 'power' is no JSONPath .*begins with `\$`"),
        ("{topic: power, path: $.a, pointer: /a}", "signals.power.path: stands beside `pointer`"),
        ("{topic: power, time: /t}", "signals.power.time: needs a payload that is JSON"),
        ("{topic: power, retained: maybe}", "signals.power.retained: expected 'doubt', 'trust' or 'ignore'"),
    ],
)
def test_a_signal_that_cannot_be_read_is_refused_where_it_stands(tmp_path: Any, new: str, complaint: str) -> None:
    path = tmp_path / "meter.yaml"
    path.write_text(PROFILE.replace("{topic: power, pointer: /power, type: Double}", new))
    with pytest.raises(FileInvalid, match=complaint):
        read(path)
