"""The sender's journal over rows of the database: numbers planned, committed, read, acknowledged."""

from cloud.dispatch.journal import OutgoingJournal, Row
from gateway.link import Held, Point
from gateway.messages import Stream

CONTROL = Stream.CONTROL
FIRST = 1 << 32 | 7


def rows(epoch: int, *seqs: int, start: int = 1) -> list[Row]:
    return [Row(start + place, epoch, seq, b'{"n":%d}' % seq) for place, seq in enumerate(seqs)]


def test_the_first_message_opens_an_epoch_and_planning_changes_nothing() -> None:
    journal = OutgoingJournal([], [], {}, 7)
    assert journal.plan(2) == [Point(FIRST, 1), Point(FIRST, 2)] == journal.plan(2)
    assert journal.held(CONTROL) == ()
    journal.extend(rows(FIRST, 1, 2))
    assert journal.held(CONTROL) == (Held(FIRST, 1, 3, None),)
    assert journal.plan(1) == [Point(FIRST, 3)]


def test_a_reopened_journal_sends_the_old_epoch_first_and_begins_a_new_one_after_it() -> None:
    journal = OutgoingJournal([Point(FIRST, 5)], rows(FIRST, 4, 5), {}, 9)
    second = 2 << 32 | 9
    assert journal.held(CONTROL) == (Held(FIRST, 4, 6, None),)
    assert journal.plan(1) == [Point(second, 1)]
    journal.extend(rows(second, 1, start=10))
    assert journal.held(CONTROL) == (Held(FIRST, 4, 6, None), Held(second, 1, 2, Point(FIRST, 5)))


def test_drained_epochs_are_forgotten_but_the_last_one_tells_where_the_stream_stands() -> None:
    epochs = [Point(FIRST, 5), Point(2 << 32, 3)]
    assert OutgoingJournal(epochs, [], {}, 1).held(CONTROL) == (Held(2 << 32, 4, 4, Point(FIRST, 5)),)


def test_reading_stops_at_the_epochs_end_at_the_count_and_at_the_size_but_gives_at_least_one() -> None:
    journal = OutgoingJournal([Point(FIRST, 3)], rows(FIRST, 1, 2, 3), {}, 1)
    assert [entry.seq for entry in journal.read(CONTROL, Point(FIRST, 1), 10, 1000)] == [1, 2, 3]
    assert [entry.seq for entry in journal.read(CONTROL, Point(FIRST, 2), 1, 1000)] == [2]
    assert [entry.seq for entry in journal.read(CONTROL, Point(FIRST, 1), 10, 1)] == [1]
    assert journal.read(CONTROL, Point(FIRST, 4), 10, 1000) == []
    assert journal.read(Stream.STATE, Point(FIRST, 1), 10, 1000) == []


def test_what_is_acknowledged_is_gone_and_told_once_by_its_rows() -> None:
    second = 2 << 32
    held = [*rows(FIRST, 4, 5), *rows(second, 1, 2, start=10)]
    journal = OutgoingJournal([Point(FIRST, 5), Point(second, 2)], held, {}, 1)
    journal.delete(CONTROL, Point(second, 1))
    assert sorted(journal.settled()) == [1, 2, 10]
    assert journal.settled() == []
    assert journal.held(CONTROL) == (Held(second, 2, 3, Point(FIRST, 5)),)
