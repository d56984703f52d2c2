"""How words make values, how signals make requests, and what a unit's answers say."""

import struct
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.sources.modbus_codec import decode
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_plan import MOST_BITS, Request, Want, plan
from edge.sources.modbus_signal import WORDS, ModbusSignal
from edge.sources.modbus_unit import REPEAT, Unit, explain
from gateway.machine import Quality

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
POLL = timedelta(seconds=1)


def signal(**keys: Any) -> ModbusSignal:
    return ModbusSignal.model_validate({"table": "holding", "address": 0} | keys)


@pytest.mark.parametrize(
    ("keys", "words", "value"),
    [
        ({"type": "UInt16"}, [0xFFFE], 65534),
        ({"type": "Int16"}, [0xFFFE], -2),
        ({"type": "Byte"}, [0x12FE], 0xFE),
        ({"type": "SByte"}, [0x12FE], -2),
        ({"type": "Boolean"}, [2], True),
        ({"type": "Boolean"}, [0], False),
        ({"type": "Enumeration"}, [3], 3),
        ({"bit": 0}, [0b10], False),
        ({"bit": 1}, [0b10], True),
        ({"bit": 15}, [0x8000], True),
        ({"bit": 7, "byte_order": "little"}, [0x8000], True),
        ({"type": "UInt32"}, [0x0001, 0x0002], 65538),
        ({"type": "UInt32", "word_order": "little"}, [0x0002, 0x0001], 65538),
        ({"type": "UInt32", "byte_order": "little"}, [0x0100, 0x0200], 65538),
        ({"type": "UInt32", "byte_order": "little", "word_order": "little"}, [0x0200, 0x0100], 65538),
        ({"type": "Int32"}, [0xFFFF, 0xFFFE], -2),
        ({"type": "Float"}, [0x42F6, 0xE979], 123.45600128173828),
        ({"type": "Float", "word_order": "little"}, [0xE979, 0x42F6], 123.45600128173828),
        ({"type": "Double"}, [0x405E, 0xDD2F, 0x1A9F, 0xBE77], 123.456),
        ({"type": "Int64"}, [0xFFFF, 0xFFFF, 0xFFFF, 0xFFFE], -2),
        ({"type": "UInt64", "word_order": "little"}, [2, 0, 0, 1], 2 + (1 << 48)),
        ({"type": "String", "length": 5}, [0x4F37, 0x3720, 0x4142], "O77 A"),
        ({"type": "String", "length": 6}, [0x4F37, 0x3700, 0x4142], "O77"),
        ({"type": "String", "length": 4, "byte_order": "little"}, [0x374F, 0x2037], "O77"),
        ({"type": "String", "length": 2}, [0xFF41], "\N{REPLACEMENT CHARACTER}A"),
        ({"table": "coil"}, [True], True),
        ({"table": "discrete"}, [False], False),
    ],
)
def test_words_make_a_value(keys: dict[str, Any], words: list[int], value: object) -> None:
    wanted = signal(**keys)
    assert wanted.width == len(words)
    found = decode(wanted, words)
    assert found == value
    assert type(found) is type(value)


FORMATS = {
    "Int16": "h",
    "UInt16": "H",
    "Int32": "i",
    "UInt32": "I",
    "Int64": "q",
    "UInt64": "Q",
    "Float": "f",
    "Double": "d",
}


@given(
    st.sampled_from(sorted(FORMATS)), st.data(), st.sampled_from(["big", "little"]), st.sampled_from(["big", "little"])
)
def test_every_number_comes_back_in_every_order(
    kind: str, data: st.DataObject, word_order: str, byte_order: str
) -> None:
    size = 2 * WORDS[kind]  # type: ignore[index]
    raw = data.draw(st.binary(min_size=size, max_size=size))
    (value,) = struct.unpack(f">{FORMATS[kind]}", raw)
    words = list(struct.unpack(f">{size // 2}H", raw))
    if word_order == "little":
        words.reverse()
    if byte_order == "little":
        words = [word >> 8 | (word & 0xFF) << 8 for word in words]
    found = decode(signal(type=kind, word_order=word_order, byte_order=byte_order), words)
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({}, "type: a register says nothing of its type; write one of SByte"),
        ({"type": "LocalizedText"}, "type: no Modbus server has LocalizedText"),
        ({"type": "String"}, "length: a String needs its length"),
        ({"type": "Int16", "length": 3}, "length: a String needs its length in characters, and nothing else has one"),
        ({"type": "Int16", "bit": 3}, "type: one bit is a Boolean, not Int16"),
        ({"bit": 16}, "bit"),
        ({"table": "coil", "type": "Int16"}, "type: a coil is a Boolean, not Int16"),
        ({"table": "coil", "bit": 3}, "bit: has no meaning for a coil"),
        ({"table": "discrete", "word_order": "little"}, "word_order: has no meaning for a discrete"),
        ({"type": "Double", "address": 65_533}, "address: its 4 words reach beyond the last address, 65535"),
        ({"type": "Int16", "address": 70_000}, "address"),
        ({"type": "Int16", "poll": "1 ms"}, "poll: is shorter than 20 ms"),
        ({"type": "Int16", "table": "registers"}, "table"),
        ({"table": "coil", "scale": 2, "type": "Boolean"}, "scale: has no meaning for a Boolean"),
    ],
)
def test_a_signal_that_cannot_be_is_refused_at_its_key(keys: dict[str, Any], complaint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        signal(**keys)
    told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refused.value.errors())
    assert complaint in told


def test_units_of_one_server_share_its_connection() -> None:
    one = Modbus(type="modbus", host="10.0.0.5", unit=1)
    assert one.shared() == Modbus(type="modbus", host="10.0.0.5", unit=2).shared()
    assert one.shared() != Modbus(type="modbus", host="10.0.0.6", unit=1).shared()
    with pytest.raises(ValidationError):
        Modbus.model_validate({"type": "modbus", "host": "user@10.0.0.5"})


def want(name: str, **keys: Any) -> Want:
    return Want("M1", name, signal(**keys))


def asked(wants: list[Want], bridge: int = 8, largest: int = 125) -> list[tuple[str, int, int]]:
    return [(each.table, each.start, each.count) for each in plan(wants, POLL, bridge, largest)]


def test_neighbours_come_in_one_request_and_holes_are_bridged() -> None:
    wants = [
        want("c", address=20, type="Int16"),
        want("a", address=0, type="Float"),
        want("b", address=6, type="Int16"),
    ]
    assert asked(wants) == [("holding", 0, 7), ("holding", 20, 1)]
    assert asked(wants, bridge=13) == [("holding", 0, 21)]
    assert asked(wants, bridge=0) == [("holding", 0, 2), ("holding", 6, 1), ("holding", 20, 1)]
    assert asked(wants, bridge=13, largest=20) == [("holding", 0, 7), ("holding", 20, 1)]


def test_tables_and_paces_are_asked_apart() -> None:
    wants = [
        want("a", type="Int16"),
        want("b", address=1, type="Int16", poll="5 s"),
        want("c", table="input", type="Int16"),
        want("d", table="coil", type="Boolean"),
    ]
    assert asked(wants) == [("coil", 0, 1), ("holding", 0, 1), ("holding", 1, 1), ("input", 0, 1)]


def test_two_signals_of_one_register_come_at_once() -> None:
    wants = [want("whole", address=4, type="UInt16"), want("bit", address=4, bit=3)]
    (request,) = plan(wants, POLL, 8, 125)
    assert {each.name: value for each, value in request.values([0b1000])} == {"whole": 8, "bit": True}


@given(
    st.lists(st.tuples(st.sampled_from(["coil", "holding"]), st.integers(0, 3000)), min_size=1, max_size=40),
    st.integers(0, 120),
    st.integers(4, 125),
)
def test_each_signal_comes_once_and_no_request_is_too_large(
    places: list[tuple[str, int]], bridge: int, largest: int
) -> None:
    wants = [
        want(str(number), table=table, address=address, type="Boolean" if table == "coil" else "Double")
        for number, (table, address) in enumerate(places)
    ]
    found = plan(wants, POLL, bridge, largest)
    assert sorted(each.name for request in found for each in request.wants) == sorted(each.name for each in wants)
    for request in found:
        assert request.count <= (MOST_BITS if request.table == "coil" else largest)
        words = [index % 2 for index in range(request.start, request.start + request.count)]
        for each, value in request.values(words):
            alone = [index % 2 for index in range(each.signal.address, each.signal.address + each.signal.width)]
            assert value == decode(each.signal, alone)


def unit(*wants: Want) -> Unit:
    return Unit(1, plan(wants, POLL, 8, 125))


class TestUnit:
    def test_tells_what_changed_and_what_was_not_told_for_long(self) -> None:
        found = unit(want("a", type="Int16"), want("b", address=1, type="Int16"))
        (request,) = found.requests

        def told(words: list[int], now: float) -> list[tuple[str, object]]:
            return [(each.signal, each.value) for each in found.heard(request, words, AT, now)]

        assert told([1, 2], 0) == [("a", 1), ("b", 2)]
        assert told([1, 3], 1) == [("b", 3)]
        assert told([1, 3], 2) == []
        assert told([1, 3], REPEAT) == [("a", 1)]

    def test_repeats_a_signal_in_time_for_its_staleness(self) -> None:
        found = unit(want("a", type="Int16", staleness="10 s"))
        (request,) = found.requests
        assert [len(found.heard(request, [1], AT, now)) for now in (0, 4, 6, 8, 12)] == [1, 0, 1, 0, 1]

    def test_is_due_one_pace_after_it_was_asked(self) -> None:
        found = unit(want("a", type="Int16"), want("b", address=1, type="Int16", poll="5 s"))
        assert len(found.due(0)) == 2
        for request in found.due(0):
            found.asked(request, 0.5)
        assert found.next_due() == 1.5
        assert [each.poll.total_seconds() for each in found.due(2)] == [1]

    def test_a_refused_block_is_asked_signal_by_signal_and_the_culprit_named(self) -> None:
        found = unit(want("a", type="Int16"), want("b", address=3, type="Int16"))
        (request,) = found.requests
        assert found.refused(request, 2, AT, 0) == ([], [])
        one, two = found.requests
        assert (one.start, one.count, two.start, two.count) == (0, 1, 3, 1)
        readings, troubles = found.refused(two, 2, AT, 0)
        assert [(each.signal, each.value, each.quality) for each in readings] == [("b", None, Quality.BAD)]
        assert "no holding register 3 (ILLEGAL DATA ADDRESS)" in troubles[0].problem
        assert "counts from 0 (this one is a manual's 40004)" in troubles[0].advice
        assert found.refused(two, 2, AT, 1) == ([], [])
        assert two not in found.due(30)

    def test_a_busy_unit_makes_its_values_bad_until_it_answers(self) -> None:
        found = unit(want("a", type="Int16"))
        (request,) = found.requests
        found.heard(request, [5], AT, 0)
        readings, troubles = found.refused(request, 6, AT, 1)
        assert readings[0].quality is Quality.BAD
        assert "exception 6: it is busy" in troubles[0].problem
        assert [each.value for each in found.heard(request, [5], AT, 2)] == [5]

    def test_a_nan_that_stays_is_no_news(self) -> None:
        found = unit(want("a", type="Float"))
        (request,) = found.requests
        assert len(found.heard(request, [0x7FC0, 0], AT, 0)) == 1
        assert len(found.heard(request, [0x7FC0, 0], AT, 1)) == 0


@pytest.mark.parametrize(
    ("keys", "code", "words"),
    [
        ({"table": "coil", "address": 9998}, 2, "no coil 9998 (ILLEGAL DATA ADDRESS)"),
        ({"table": "input", "type": "Double", "address": 9}, 2, "no input register 9 to 12"),
        ({"table": "discrete"}, 1, "no discrete inputs (ILLEGAL FUNCTION 2)"),
        ({"type": "String", "length": 200}, 3, "does not give 100 words at once"),
        ({"type": "Int16"}, 77, "exception 77: an exception that the standard does not know"),
    ],
)
def test_each_refusal_is_named(keys: dict[str, Any], code: int, words: str) -> None:
    problem, advice = explain(want("a", **keys), code)
    assert words in problem
    assert advice


def test_a_request_is_itself() -> None:
    one, two = (Request("coil", 0, 1, POLL, ()) for _ in range(2))
    assert one != two
    assert one.shown == "coil 0"
