"""The wire: what is encoded is decoded to the same, and whatever else arrives is refused without an exception."""

from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.link import Ack, Data, Entry, Held, Hello, Point, Refusal, Welcome, Who
from gateway.link.packets import decode_back, decode_forth, encode
from gateway.messages import Stream

AT = datetime(2026, 3, 2, 6, 0, 0, 1, tzinfo=UTC)
EPOCHS = st.integers(1, (1 << 62) - 1)
POINTS = st.none() | st.builds(Point, EPOCHS, st.integers(0, 1 << 40))
STREAMS = st.sampled_from(Stream)
HELD = st.builds(
    lambda epoch, oldest, more, after: Held(epoch, oldest, oldest + more, after),
    EPOCHS, st.integers(1, 1 << 40), st.integers(0, 1 << 20), POINTS,
)  # fmt: skip


@st.composite
def data(draw: st.DrawFn) -> Data:
    seq, entries = draw(st.integers(1, 1 << 40)), list[Entry]()
    for length in draw(st.lists(st.integers(0, 3), min_size=1, max_size=6)):
        entry = (
            Entry(seq, seq, b'{"n":1}') if length == 0 else Entry(seq, seq + length - 1, None, f"reason-{len(entries)}")
        )
        entries.append(entry)
        seq = entry.last + 1
    return Data(draw(STREAMS), draw(EPOCHS), draw(POINTS), tuple(entries))


@given(data() | st.builds(Hello, STREAMS, st.just("n1"), st.sampled_from(["", "c"]), st.lists(HELD).map(tuple)))
def test_what_goes_forth_arrives_the_same(packet: Data | Hello) -> None:
    assert decode_forth(encode(packet)) == packet


@given(
    st.builds(Ack, STREAMS, POINTS, st.booleans(), st.just(AT))
    | st.builds(Welcome, STREAMS, POINTS, st.just("n"), st.just("r"), st.just(AT))
    | st.builds(Who, STREAMS, st.just("c"), st.just(AT))
)
def test_what_goes_back_arrives_the_same(packet: Ack | Welcome | Who) -> None:
    assert decode_back(encode(packet)) == packet


def test_payloads_travel_as_they_are() -> None:
    payload = b'{ "a" : 1.10, "a": 12345678901234567890123 }'
    decoded = decode_forth(encode(Data(Stream.STATE, 5, None, (Entry(1, 1, payload),))))
    assert isinstance(decoded, Data)
    assert decoded.entries[0].payload == payload


GOOD = {"t": "data", "s": "state", "e": 5, "f": 1, "l": 3, "a": None, "x": [[2, 2, "dropped"]]}


@pytest.mark.parametrize(
    "change",
    [
        {"f": 0}, {"f": 4}, {"l": 4}, {"l": 2}, {"e": -1}, {"e": 5.0}, {"e": True}, {"s": "gossip"}, {"t": "dato"},
        {"a": [1]}, {"a": 7}, {"x": [[2, 1, "r"]]}, {"x": [[1, 3, "r"]]}, {"x": [[2, 2, 7]]}, {"x": [[0, 0, "r"]]},
        {"x": [[2, 2, "r"], [2, 2, "r"]]}, {"x": 5}, {"x": [[2, 2, "r" * 300]]}, {"x": []}, {"l": 1 << 70},
    ],
    ids=str,
)  # fmt: skip
def test_data_that_contradicts_itself_is_refused(change: dict[str, Any]) -> None:
    lines = [b'{"n":1}', b'{"n":3}']
    assert isinstance(decode_forth(b"\n".join([orjson.dumps(GOOD), *lines])), Data)
    try:
        head = orjson.dumps(GOOD | change)
    except TypeError:
        head = orjson.dumps(GOOD).replace(b'"l":3', b'"l":%d' % change["l"])
    assert decode_forth(b"\n".join([head, *lines])) is Refusal.FORM


@given(st.binary() | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(repr).map(str.encode))
def test_noise_is_refused_and_raises_nothing(noise: bytes) -> None:
    assert decode_forth(noise) is Refusal.FORM
    assert decode_back(noise) is Refusal.FORM


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 1 << 63) | st.text(max_size=3), lambda i: st.lists(i, max_size=4)
)


@given(
    st.fixed_dictionaries(
        {"t": st.sampled_from(["data", "hello", "ack", "welcome", "who"]), "s": st.sampled_from(["state", 1])},
        optional=dict.fromkeys(("e", "f", "l", "a", "x", "h", "n", "c", "p", "g", "r", "at"), JSON),
    ),
    st.lists(st.just(b"{}"), max_size=3),
)
def test_a_header_of_any_shape_raises_nothing(head: dict[str, object], lines: list[bytes]) -> None:
    body = b"\n".join([orjson.dumps(head), *lines])
    decode_forth(body)
    decode_back(body)
