"""What every journal must do, in memory and in SQLite alike."""

from contextlib import suppress
from typing import Any

import pytest

from gateway.link import MAX_PAYLOAD, Entry, Held, Mark, PayloadRefused, Point, pending
from gateway.messages import Stream

STATE, CONTROL = Stream.STATE, Stream.CONTROL
FAR = 1 << 20


def write(journal: Any, *payloads: bytes, key: str | None = None) -> list[Mark]:
    with journal.transaction() as tx:
        return [tx.append(STATE, payload, key) for payload in payloads]


class Abandoned(Exception):
    """Ends a transaction in the middle."""


def abandon(journal: Any, *streams: Stream) -> None:
    with suppress(Abandoned), journal.transaction() as tx:
        for stream in streams:
            tx.append(stream, b"{}")
        raise Abandoned


def read(journal: Any, at: Point) -> list[Entry]:
    return list(journal.read(STATE, at, 100, FAR))


def test_an_untouched_stream_holds_nothing(place: Any) -> None:
    assert place.journal.held(STATE) == ()


def test_numbers_start_at_one_and_have_no_gaps(place: Any) -> None:
    marks = write(place.journal, b'{"a":1}', b'{"a":2}')
    assert [mark.seq for mark in marks] == [1, 2]
    assert place.journal.held(STATE) == (Held(marks[0].epoch, 1, 3, None),)


def test_streams_are_numbered_apart(place: Any) -> None:
    write(place.journal, b"{}")
    with place.journal.transaction() as tx:
        assert tx.append(CONTROL, b"{}").seq == 1


def test_what_was_appended_is_read_back_unchanged(place: Any) -> None:
    mark, _ = write(place.journal, b'{"a": 1e400}', b"{}")
    assert read(place.journal, Point(mark.epoch, 1)) == [Entry(1, 1, b'{"a": 1e400}'), Entry(2, 2, b"{}")]


def test_a_read_stops_at_the_size_but_yields_at_least_one(place: Any) -> None:
    epoch = write(place.journal, *[b'{"a":"0123456789"}'] * 5)[0].epoch
    assert len(place.journal.read(STATE, Point(epoch, 1), 100, 40)) == 2
    assert len(place.journal.read(STATE, Point(epoch, 1), 100, 1)) == 1
    assert len(place.journal.read(STATE, Point(epoch, 1), 3, FAR)) == 3


def test_an_exception_inside_a_transaction_leaves_nothing(place: Any) -> None:
    write(place.journal, b"{}")
    before = place.journal.held(STATE)
    abandon(place.journal, STATE, CONTROL)
    assert place.journal.held(STATE) == before
    assert place.journal.held(CONTROL) == ()


def test_a_number_that_was_rolled_back_is_used_again_in_the_same_epoch(place: Any) -> None:
    first = write(place.journal, b"{}")[0]
    abandon(place.journal, STATE)
    assert write(place.journal, b"{}")[0] == Mark(STATE, first.epoch, 2)


def test_deleting_moves_the_oldest_and_keeps_the_rest(place: Any) -> None:
    epoch = write(place.journal, b"{}", b"{}", b"{}")[0].epoch
    place.journal.delete(STATE, Point(epoch, 2))
    assert place.journal.held(STATE) == (Held(epoch, 3, 4, None),)
    assert [entry.seq for entry in read(place.journal, Point(epoch, 3))] == [3]


def test_deleting_never_goes_past_the_end_or_back(place: Any) -> None:
    epoch = write(place.journal, b"{}", b"{}")[0].epoch
    place.journal.delete(STATE, Point(epoch, 99))
    place.journal.delete(STATE, Point(epoch, 1))
    place.journal.delete(STATE, Point(12345, 1))
    assert place.journal.held(STATE) == (Held(epoch, 3, 3, None),)


def test_a_new_start_opens_a_new_epoch_at_its_first_append(place: Any) -> None:
    first = write(place.journal, b"{}", b"{}")[0].epoch
    journal = place.reopen()
    assert journal.held(STATE) == (Held(first, 1, 3, None),)
    second = write(journal, b"{}")[0]
    assert second.seq == 1
    assert second.epoch >> 32 == (first >> 32) + 1
    assert journal.held(STATE) == (Held(first, 1, 3, None), Held(second.epoch, 1, 2, Point(first, 2)))


def test_a_drained_epoch_is_remembered_until_the_next_one_opens(place: Any) -> None:
    first = write(place.journal, b"{}")[0].epoch
    place.journal.delete(STATE, Point(first, 1))
    journal = place.reopen()
    assert journal.held(STATE) == (Held(first, 2, 2, None),)
    second = write(journal, b"{}")[0].epoch
    assert journal.held(STATE) == (Held(second, 1, 2, Point(first, 1)),)
    assert place.reopen().held(STATE) == (Held(second, 1, 2, Point(first, 1)),)


def test_acknowledging_a_later_epoch_forgets_the_earlier_ones(place: Any) -> None:
    write(place.journal, b"{}", b"{}")
    second = write(place.reopen(), b"{}", b"{}")[0].epoch
    third = write(place.reopen(), b"{}")[0].epoch
    place.journal.delete(STATE, Point(second, 1))
    assert [(held.epoch, held.oldest) for held in place.journal.held(STATE)] == [(second, 2), (third, 1)]


def test_two_worlds_from_one_snapshot_never_share_an_identity(place: Any) -> None:
    write(place.journal, b'{"w":0}')
    snapshot = place.snapshot()
    one = write(place.reopen(), b'{"w":1}')
    place.restore(snapshot)
    other = write(place.journal, b'{"w":2}')
    assert one[0].epoch != other[0].epoch
    assert one[0].seq == other[0].seq == 1


def test_a_tombstone_takes_a_number(place: Any) -> None:
    with place.journal.transaction() as tx:
        tx.append(STATE, b"{}")
        mark = tx.tombstone(STATE, "withheld")
        tx.append(STATE, b"{}")
    assert read(place.journal, Point(mark.epoch, 2))[0] == Entry(2, 2, None, "withheld")


def test_a_mark_is_pending_until_it_is_deleted(place: Any) -> None:
    first, second = write(place.journal, b"{}", b"{}")
    place.journal.delete(STATE, Point(first.epoch, 1))
    assert not pending(place.journal.held(STATE), first)
    assert pending(place.journal.held(STATE), second)


def test_notes_survive_a_new_start(place: Any) -> None:
    place.journal.write_note("resynced/up/state", "t1")
    assert place.reopen().note("resynced/up/state") == "t1"
    assert place.journal.note("other") is None


@pytest.mark.parametrize(
    "payload",
    [b"", b"[]", b'{"a":\n1}', b"{}\n", b'{"a":"' + b"x" * MAX_PAYLOAD + b'"}'],
    ids=["empty", "list", "two lines", "newline", "too large"],
)
def test_a_payload_that_the_wire_cannot_carry_is_refused(place: Any, payload: bytes) -> None:
    with pytest.raises(PayloadRefused), place.journal.transaction() as tx:
        tx.append(STATE, payload)
    assert place.journal.held(STATE) == ()
