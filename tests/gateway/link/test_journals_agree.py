"""Whatever is done to both journals, they hold the same: so what the simulator shows of one holds for the other."""

from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.link import MemoryJournal, Point
from gateway.messages import Stream
from gateway.outbox import Outbox

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
STREAMS = st.sampled_from([Stream.STATE, Stream.TELEMETRY])
ACTS = st.one_of(
    st.tuples(st.just("append"), STREAMS, st.integers(1, 4)),
    st.tuples(st.just("tombstone"), STREAMS, st.integers(1, 2)),
    st.tuples(st.just("abandon"), STREAMS, st.integers(1, 3)),
    st.tuples(st.just("acknowledge"), STREAMS, st.integers(0, 9)),
    st.tuples(st.just("restart"), STREAMS, st.just(0)),
)
Act = tuple[str, Stream, int]


class Abandoned(Exception):
    """Ends a transaction in the middle."""


def write(journal: MemoryJournal | Outbox, act: str, stream: Stream, count: int) -> None:
    with suppress(Abandoned), journal.transaction() as tx:
        for n in range(count):
            if act == "tombstone":
                tx.tombstone(stream, "withheld")
            else:
                tx.append(stream, b'{"n":%d}' % n)
        if act == "abandon":
            raise Abandoned


def acknowledge(journal: MemoryJournal | Outbox, stream: Stream, along: int) -> None:
    """Up to `along` numbers into the last but one epoch, or the last."""
    for epoch in journal.held(stream)[-2:][:1]:
        journal.delete(stream, Point(epoch.epoch, epoch.oldest + along - 1))


def view(journal: MemoryJournal | Outbox) -> list[object]:
    return [
        (epoch, journal.read(stream, Point(epoch.epoch, epoch.oldest), 100, 1 << 20))
        for stream in Stream
        for epoch in journal.held(stream)
    ]


@settings(max_examples=40, deadline=None)
@given(st.lists(ACTS, max_size=25))
def test_memory_and_file_hold_the_same_whatever_happens(acts: list[Act]) -> None:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "outbox.sqlite"
        one, other = Random(1), Random(1)
        memory, file = MemoryJournal(one), Outbox(path, now=lambda: NOW, random=other)
        for act, stream, count in acts:
            if act == "restart":
                file.close()
                memory, file = MemoryJournal(one, memory.disk), Outbox(path, now=lambda: NOW, random=other)
            elif act == "acknowledge":
                acknowledge(memory, stream, count)
                acknowledge(file, stream, count)
            else:
                write(memory, act, stream, count)
                write(file, act, stream, count)
            assert view(memory) == view(file)
        file.close()
