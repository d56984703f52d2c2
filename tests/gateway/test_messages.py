"""The wire contract: what goes in comes out, and what the contract does not know is refused by name."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from gateway import messages
from gateway.errors import MessageRefused
from gateway.messages import Message, decode_down, decode_up, encode
from gateway.telemetry import Column

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

PIECE = messages.Statement.Piece(start=NOW, end=LATER, type="Available", quantity=1, reason="idle", confidence=4)
MACHINE = messages.Announce.Machine(name="M04", profile="opcua-machinery", units={"power": "kW", "feed": "mm/min"})
UP = [
    messages.Announce(at=NOW, machines=(MACHINE,)),
    messages.Statement(
        machine="M04", version=3, issued_at=NOW, valid_until=LATER, start=NOW, end=LATER, spans=(PIECE,)
    ),
    messages.StateChange(machine="M04", at=NOW, state="Executing", mode="Processing"),
    messages.GapNotice(machine="M04", start=NOW, end=LATER, reason="server restarted"),
    messages.Samples(machine="M04", signal="power", at=(1.0, 2.0), values=(3.5, None)),
    messages.OrderAnswer(booking="bkg_1", revision=1, machine="M04", answer="accepted", at=NOW),
    messages.JobReport(booking="bkg_1", revision=1, machine="M04", event="ended", at=NOW, executing=timedelta(hours=1)),
    messages.Telemetry(
        machine="M04", base=1_000_000, columns=(Column(signal="power", at=(0, 100_001), values=(3.5, None), bad=(1,)),)
    ),
]
DOWN = [
    messages.Order(
        booking="bkg_1",
        revision=1,
        machine="M04",
        start=NOW,
        end=LATER,
        not_after=LATER,
        work_master="turning",
        quantity=3,
        parameters={"feed": 0.2},
    ),
    messages.CancelOrder(booking="bkg_1", revision=2, machine="M04", reason="booker cancelled"),
]


@pytest.mark.parametrize("message", UP, ids=lambda message: message.kind)
def test_an_upward_message_survives_the_wire(message: Message) -> None:
    assert decode_up(encode(message)) == message


@pytest.mark.parametrize("message", DOWN, ids=lambda message: message.kind)
def test_a_downward_message_survives_the_wire(message: Message) -> None:
    assert decode_down(encode(message)) == message


def test_every_message_has_a_stream() -> None:
    assert {type(message) for message in [*UP, *DOWN]} == set(messages.STREAM)


def test_what_goes_down_is_not_taken_from_below() -> None:
    with pytest.raises(MessageRefused, match="order"):
        decode_up(encode(DOWN[0]))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"machine": "M 04"}, "machine"),
        ({"at": "2026-03-02T08:00:00"}, "at: Input should have timezone info"),
        ({"state": "Busy"}, "state: Input should be 'NotAvailable'"),
        ({"v": 2}, "v: Input should be 1"),
        ({"spindle": 4}, "spindle: Extra inputs are not permitted"),
        ({"origin": "somebody"}, "origin"),
        ({"kind": "opinion"}, "opinion"),
    ],
    ids=lambda value: value if isinstance(value, str) else next(iter(value)),
)
def test_a_refused_message_names_the_field(change: dict[str, object], said: str) -> None:
    raw = json.loads(encode(UP[2])) | change
    with pytest.raises(MessageRefused, match=said):
        decode_up(json.dumps(raw).encode())


@pytest.mark.parametrize("payload", [b"", b"{", b"[]", b"\xff\xfe", b"null"], ids=repr)
def test_what_is_no_message_at_all_is_refused_too(payload: bytes) -> None:
    with pytest.raises(MessageRefused):
        decode_up(payload)


def test_a_statement_holds_no_piece_outside_its_own_time() -> None:
    raw = json.loads(encode(UP[1]))
    raw["spans"][0]["end"] = (LATER + timedelta(minutes=1)).isoformat()
    with pytest.raises(MessageRefused, match="outside the statement"):
        decode_up(json.dumps(raw).encode())


def test_columns_of_unequal_length_are_refused() -> None:
    raw = json.loads(encode(UP[4])) | {"at": [1.0]}
    with pytest.raises(MessageRefused, match="1 times but 2 values"):
        decode_up(json.dumps(raw).encode())


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"booking": "plant"}, "booking"),
        ({"end": NOW.isoformat()}, "a span must end after it starts"),
        ({"start": "0001-01-01T00:00:00+14:00"}, "out of range"),
    ],
    ids=["for nobody", "backwards", "before the calendar"],
)
def test_an_order_that_no_machine_could_run_is_refused_at_the_border(change: dict[str, object], said: str) -> None:
    raw = json.loads(encode(DOWN[0])) | change
    with pytest.raises(MessageRefused, match=said):
        decode_down(json.dumps(raw).encode())


@pytest.mark.parametrize("message", [*UP[5:7], DOWN[1]], ids=lambda message: message.kind)
def test_what_is_said_of_a_booking_names_one(message: Message) -> None:
    raw = json.dumps(json.loads(encode(message)) | {"booking": "plant"}).encode()
    with pytest.raises(MessageRefused, match="booking"):
        decode_down(raw) if message in DOWN else decode_up(raw)


def test_an_agent_that_knows_nothing_of_units_is_understood_and_one_without_any_says_nothing_new() -> None:
    before = b'{"v":1,"kind":"announce","at":"2026-03-02T08:00:00Z","machines":[{"name":"M04","profile":"p"}]}'
    told = decode_up(before)
    assert isinstance(told, messages.Announce)
    assert told.machines[0].units is None
    assert b"units" not in encode(told)


@pytest.mark.parametrize("unit", ["", " kW", "kW ", "k\nW", "k\0W", "x" * 33])
def test_a_unit_is_one_short_line(unit: str) -> None:
    raw = json.loads(encode(UP[0]))
    raw["machines"][0]["units"]["power"] = unit
    with pytest.raises(MessageRefused, match=r"machines\.0\.units\.power"):
        decode_up(json.dumps(raw).encode())


@pytest.mark.parametrize("unit", ["kW", "%", "°C", "1/min", "m³/h", "kg * m / s ** 2", "转/分"])
def test_a_unit_is_what_people_write(unit: str) -> None:
    raw = json.loads(encode(UP[0]))
    raw["machines"][0]["units"]["power"] = unit
    told = decode_up(json.dumps(raw).encode())
    assert isinstance(told, messages.Announce)
    assert (told.machines[0].units or {})["power"] == unit
