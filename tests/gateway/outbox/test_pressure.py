"""Under pressure: whatever order things come in, only telemetry goes, the oldest first, and each loss is told."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.link import Entry, Point
from gateway.messages import Stream
from gateway.outbox import Caps, Outbox, room

CONTROL, STATE, TELEMETRY, BACKFILL = Stream
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
CAPS = Caps(droppable=6_000, compact_at=100_000, hard=200_000)


class Filled:
    """An outbox that is filled by a script, on a clock of its own: one second a message."""

    def __init__(self, path: Path, caps: Caps = CAPS) -> None:
        self.seconds = 0
        self.outbox = Outbox(path, now=lambda: NOW + timedelta(seconds=self.seconds), caps=caps)
        self.sent: dict[tuple[Stream, int], int] = {}

    def append(self, stream: Stream, size: int = 100) -> None:
        self.seconds += 1
        body = b'{"n":"%0*d"}' % (max(1, size - 8), self.seconds)
        with self.outbox.transaction() as tx:
            self.sent[stream, tx.append(stream, body).seq] = self.seconds

    def entries(self, stream: Stream) -> list[Entry]:
        held = self.outbox.held(stream)
        return [e for epoch in held for e in self.outbox.read(stream, Point(epoch.epoch, epoch.oldest), 10**6, 1 << 30)]

    def fates(self) -> tuple[list[int], list[int]]:
        """The seconds at which what is left, and what is gone, was appended, telemetry and backfill together."""
        left: list[int] = []
        gone: list[int] = []
        for stream in (TELEMETRY, BACKFILL):
            for entry in self.entries(stream):
                numbers = range(entry.seq, entry.last + 1)
                (gone if entry.payload is None else left).extend(self.sent[stream, number] for number in numbers)
        return left, gone


@pytest.fixture
def said() -> Iterator[list[dict[str, object]]]:
    with structlog.testing.capture_logs() as lines:
        yield lines  # type: ignore[misc]


STEPS = st.lists(st.tuples(st.sampled_from(list(Stream)), st.integers(20, 900)), min_size=20, max_size=80)


@given(STEPS)
@settings(max_examples=40)
def test_only_telemetry_goes_oldest_first_and_every_number_is_accounted_for(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[Stream, int]]
) -> None:
    filled = Filled(tmp_path_factory.mktemp("outbox") / "o.sqlite")
    for stream, size in steps:
        filled.append(stream, size)
    with filled.outbox.transaction():
        pass
    left, gone = filled.fates()
    assert not gone or not left or max(gone) < min(left), "what is left is younger than all that is gone"
    assert sorted([*left, *gone]) == sorted(
        s for (stream, _), s in filled.sent.items() if stream in {TELEMETRY, BACKFILL}
    )
    assert sum(filled.outbox.backlog()[stream].cost for stream in (TELEMETRY, BACKFILL)) <= CAPS.droppable
    for stream in (CONTROL, STATE):
        assert all(entry.payload for entry in filled.entries(stream))
    assert sum(filled.outbox.buried.values()) == len(gone)
    filled.outbox.close()


def test_control_an_outbox_that_drops_one_stream_before_the_other_is_caught(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def backfill_first(db: object, cost: int) -> None:
        rows = list(room._oldest(db, BACKFILL))  # type: ignore[arg-type]
        room._bury(db, BACKFILL, [row for _, row in rows][: cost // 164 + 1], "dropped")  # type: ignore[arg-type]

    monkeypatch.setattr(room, "drop_oldest", backfill_first)
    filled = Filled(tmp_path / "o.sqlite")
    for number in range(60):
        filled.append(TELEMETRY if number < 10 else BACKFILL)
    left, gone = filled.fates()
    assert max(gone) > min(left), "the check above would see it"


def test_what_is_given_up_is_said_once_and_again_when_it_is_over(tmp_path: Path, said: list[dict[str, object]]) -> None:
    filled = Filled(tmp_path / "o.sqlite")
    for _ in range(200):
        filled.append(TELEMETRY)
    assert [line["event"] for line in said] == ["telemetry given up, oldest first"]
    assert "broker" in str(said[0]["advice"])
    (epoch,) = filled.outbox.held(TELEMETRY)
    filled.outbox.delete(TELEMETRY, Point(epoch.epoch, epoch.next - 1))
    filled.append(TELEMETRY)
    assert [line["event"] for line in said][1:] == ["telemetry is kept again"]
    assert said[1]["given_up"] == filled.outbox.buried[TELEMETRY, "dropped"] > 100


def test_what_expires_is_said_too(tmp_path: Path, said: list[dict[str, object]]) -> None:
    filled = Filled(tmp_path / "o.sqlite", Caps(age=timedelta(days=1)))
    filled.append(BACKFILL)
    filled.seconds += 2 * 86_400
    filled.append(TELEMETRY)
    filled.append(STATE)
    assert [(line["event"], line["reason"]) for line in said] == [("telemetry given up, oldest first", "expired")]


def test_the_age_of_what_waits_is_known(tmp_path: Path) -> None:
    filled = Filled(tmp_path / "o.sqlite")
    assert filled.outbox.oldest(TELEMETRY) is None
    filled.append(TELEMETRY)
    filled.append(TELEMETRY)
    assert filled.outbox.oldest(TELEMETRY) == (NOW + timedelta(seconds=1)).timestamp()
