"""What may leave, decided once more at the door; whatever is decided, every number keeps its place."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.bridge.judge import UNREADABLE, WITHHELD, Passed, Reduced, Stopped, by_policy, judged
from gateway.bridge.words import account
from gateway.capacity import CapacityType, Reason
from gateway.crossing import Disclosure, cross
from gateway.link import Data, Entry
from gateway.machine import ItemState
from gateway.messages import (
    Announce,
    JobReport,
    Samples,
    StateChange,
    Statement,
    Stream,
    Up,
    decode_up,
    encode,
)

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
HOUR = timedelta(hours=1)


def statement() -> Statement:
    spans = (
        Statement.Piece(start=AT, end=AT + HOUR / 2, type=CapacityType.COMMITTED, quantity=1, reason=Reason.PLANNED,
                        detail="order 4711"),
        Statement.Piece(start=AT + HOUR / 2, end=AT + 3 * HOUR, type=CapacityType.AVAILABLE, quantity=1,
                        reason=Reason.IDLE),
    )  # fmt: skip
    return Statement(
        machine="Mill-1", version=3, issued_at=AT, valid_until=AT + HOUR, start=AT, end=AT + 3 * HOUR, spans=spans
    )


SPINDLE = Samples(machine="Mill-1", signal="spindle", at=(1.0, 2.0), values=(3, 4))
STATE = StateChange(machine="Mill-1", at=AT, state=ItemState.EXECUTING)
ANNOUNCE = Announce(
    at=AT, machines=(Announce.Machine(name="Mill-1", profile="p", units={"spindle": "rpm", "feed": "mm/min"}),)
)
REPORT = JobReport(booking="bkg_1", revision=1, machine="Mill-1", event="aborted", at=AT, reason="order 4711 is late")


@pytest.mark.parametrize(
    ("policy", "message", "verdict", "why"),
    [
        ({}, STATE, Passed, ""),
        ({"states": False}, STATE, Stopped, "disclosure of Mill-1 is `states: false`"),
        ({}, SPINDLE, Stopped, "disclosure of Mill-1 does not name the signal spindle"),
        ({"signals": ["spindle"]}, SPINDLE, Passed, ""),
        ({"order_details": True}, statement(), Passed, ""),
        ({}, statement(), Reduced, "disclosure of Mill-1 shows its hours less finely"),
        ({"capacity": "hours"}, statement(), Reduced, "disclosure of Mill-1 shows its hours less finely"),
        ({"capacity": "none"}, statement(), Stopped, "disclosure of Mill-1 is `capacity: none`"),
        ({}, REPORT, Reduced, "the plant's own words for the reason stay in"),
        ({"capacity": "none", "states": False}, Announce(at=AT, machines=()), Passed, ""),
        ({"signals": ["spindle", "feed"]}, ANNOUNCE, Passed, ""),
        ({"signals": ["feed"]}, ANNOUNCE, Reduced, "the disclosure does not name all signals whose units are told"),
    ],
)
def test_the_plants_policy_holds_at_the_door(policy: dict[str, object], message: Up, verdict: type, why: str) -> None:
    disclosure = Disclosure.model_validate({"default": policy})
    packet = Data(Stream.CONTROL, 5, None, (Entry(7, 7, encode(message)),))
    allowed, (found,) = judged(by_policy(disclosure), packet)
    assert isinstance(found.verdict, verdict)
    assert account("edge-1", found).why == why
    assert (allowed.first, allowed.last) == (7, 7)
    payload = allowed.entries[0].payload
    assert (decode_up(payload) if payload else None) == cross(disclosure, message)


@pytest.mark.parametrize("policy", [{}, {"capacity": "hours"}, {"capacity": "band"}, {"states": False}])
def test_what_the_agent_already_let_out_by_the_same_policy_crosses_byte_by_byte(policy: dict[str, object]) -> None:
    disclosure = Disclosure.model_validate({"default": policy})
    said = [allowed for each in (statement(), STATE, REPORT) if (allowed := cross(disclosure, each))]
    packet = Data(Stream.CONTROL, 5, None, tuple(Entry(n, n, encode(each)) for n, each in enumerate(said, 1)))
    assert judged(by_policy(disclosure), packet)[0] == packet


def test_what_is_stopped_leaves_its_number_and_its_reason() -> None:
    entries = (Entry(1, 1, encode(STATE)), Entry(2, 2, encode(SPINDLE)), Entry(3, 3, encode(SPINDLE)),
               Entry(4, 4, b'{"kind":"news"}'), Entry(5, 9, None, "dropped"), Entry(10, 10, encode(STATE)))  # fmt: skip
    allowed, verdicts = judged(by_policy(Disclosure()), Data(Stream.STATE, 5, None, entries))
    assert [(entry.seq, entry.last, entry.reason) for entry in allowed.entries] == [
        (1, 1, None), (2, 3, WITHHELD), (4, 4, UNREADABLE), (5, 9, "dropped"), (10, 10, None)
    ]  # fmt: skip
    told = [(found.point.seq, account("edge-1", found).verdict) for found in verdicts]
    assert told == [(1, "crosses"), (2, "stays"), (3, "stays"), (4, "stays"), (5, "crosses"), (10, "crosses")]


def test_every_message_is_told_in_words() -> None:
    said = (SPINDLE, statement(), ANNOUNCE)
    packet = Data(Stream.STATE, 5, None, tuple(Entry(n, n, encode(each)) for n, each in enumerate(said, 7)))
    _, found = judged(by_policy(Disclosure()), packet)
    words = [account("edge-1", each) for each in found]
    assert [(each.machine, each.kind, each.what) for each in words] == [
        ("Mill-1", "samples", "spindle; 2 values"),
        ("Mill-1", "statement", "version 3, 2026-03-02 06:00 to 2026-03-02 09:00, 2 spans"),
        ("", "announce", "Mill-1 (feed in mm/min, spindle in rpm)"),
    ]
