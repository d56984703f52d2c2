"""The outbox keeps its bounds: telemetry is dropped oldest first, states are compacted, and all of it is told."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.link import Entry, Point
from gateway.messages import Stream
from gateway.outbox import Caps, Outbox, OutboxFull

CONTROL, STATE, TELEMETRY, BACKFILL = Stream
NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
Opener = Callable[..., Outbox]
CAPS = Caps(droppable=10_000, compact_at=10_000, hard=20_000)


def payload(n: int, size: int = 100) -> bytes:
    body = b'{"n":%06d,"p":"' % n
    return body + b"x" * (size - len(body) - 2) + b'"}'


def append(outbox: Outbox, stream: Stream, *numbers: int, key: str | None = None) -> None:
    for n in numbers:
        with outbox.transaction() as tx:
            tx.append(stream, payload(n), key)


def append_at_once(outbox: Outbox, count: int) -> None:
    with outbox.transaction() as tx:
        tx.put_cursor("any", "1")
        for n in range(count):
            tx.append(STATE, payload(n))


def entries(outbox: Outbox, stream: Stream) -> list[Entry]:
    return [
        entry
        for epoch in outbox.held(stream)
        for entry in outbox.read(stream, Point(epoch.epoch, epoch.oldest), 10**6, 1 << 30)
    ]


def shape(outbox: Outbox, stream: Stream) -> list[tuple[int, int, str | None]]:
    return [(entry.seq, entry.last, entry.reason) for entry in entries(outbox, stream)]


def test_telemetry_beyond_its_bound_becomes_one_tombstone_for_the_oldest(opened: Opener) -> None:
    outbox = opened(CAPS)
    append(outbox, TELEMETRY, *range(1, 301))
    first, *rest = shape(outbox, TELEMETRY)
    assert first == (1, 300 - len(rest), "dropped")
    assert [seq for seq, _, _ in rest] == list(range(first[1] + 1, 301))
    assert outbox.backlog()[TELEMETRY].cost <= CAPS.droppable + 200
    assert outbox.held(TELEMETRY)[0].oldest == 1


def test_backfill_goes_before_telemetry(opened: Opener) -> None:
    outbox = opened(CAPS)
    append(outbox, BACKFILL, *range(1, 31))
    append(outbox, TELEMETRY, *range(1, 41))
    assert shape(outbox, BACKFILL)[0][2] == "dropped"
    assert all(reason is None for _, _, reason in shape(outbox, TELEMETRY))


def test_control_and_state_are_never_dropped(opened: Opener) -> None:
    outbox = opened(CAPS)
    append(outbox, STATE, *range(1, 60))
    append(outbox, TELEMETRY, *range(1, 301))
    assert all(reason is None for _, _, reason in shape(outbox, STATE))


def test_superseded_states_are_compacted_only_when_room_gets_scarce(opened: Opener) -> None:
    outbox = opened(CAPS)
    append(outbox, STATE, *range(1, 50), key="press-1")
    assert len(shape(outbox, STATE)) == 49
    append(outbox, STATE, *range(50, 200), key="press-1")
    assert outbox.backlog()[STATE].cost <= CAPS.compact_at * 9 // 8 + 200
    first, *rest = shape(outbox, STATE)
    assert first[2] == "superseded"
    assert [last for _, last, _ in rest][-1] == 199


def test_compaction_keeps_the_latest_of_each_key_and_what_has_none(opened: Opener) -> None:
    outbox = opened(CAPS)
    append(outbox, STATE, 1)
    append(outbox, STATE, *range(2, 30), key="press-1")
    append(outbox, STATE, *range(30, 72), key="press-2")
    kept = [entry.payload for entry in entries(outbox, STATE) if entry.payload]
    assert payload(1) in kept
    assert payload(29) in kept
    assert payload(71) in kept
    assert len(kept) < 40


def test_at_the_hard_limit_appending_is_refused_until_something_is_acknowledged(opened: Opener) -> None:
    outbox = opened(CAPS)
    with pytest.raises(OutboxFull) as raised:
        append(outbox, STATE, *range(1, 400))
    assert raised.value.retryable
    assert raised.value.code == "outbox.full"
    with pytest.raises(OutboxFull):
        append(outbox, CONTROL, 1)
    append(outbox, TELEMETRY, 1)
    epoch = outbox.held(STATE)[0]
    outbox.delete(STATE, Point(epoch.epoch, epoch.next // 2))
    append(outbox, CONTROL, 1)


def test_a_refused_append_takes_the_whole_transaction_with_it(opened: Opener) -> None:
    outbox = opened(CAPS)
    with pytest.raises(OutboxFull):
        append_at_once(outbox, 400)
    assert outbox.held(STATE) == ()
    assert outbox.cursor("any") is None


def test_telemetry_past_its_age_expires(path: Path) -> None:
    now = NOW
    with Outbox(path, now=lambda: now) as outbox:
        append(outbox, TELEMETRY, 1, 2)
        append(outbox, STATE, 1)
        now += timedelta(days=29)
        append(outbox, TELEMETRY, 3)
        now += timedelta(days=2)
        outbox.expire()
        assert shape(outbox, TELEMETRY) == [(1, 2, "expired"), (3, 3, None)]
        assert shape(outbox, STATE) == [(1, 1, None)]


def test_expiry_needs_nobody_to_call_it(path: Path) -> None:
    now = NOW
    with Outbox(path, now=lambda: now) as outbox:
        append(outbox, TELEMETRY, 1)
        now += timedelta(days=31)
        append(outbox, TELEMETRY, 2)
        assert shape(outbox, TELEMETRY) == [(1, 1, "expired"), (2, 2, None)]


def test_runs_of_different_reasons_stay_apart(path: Path) -> None:
    now = NOW
    with Outbox(path, now=lambda: now) as outbox:
        append(outbox, TELEMETRY, 1, 2)
        with outbox.transaction() as tx:
            tx.tombstone(TELEMETRY, "withheld")
        append(outbox, TELEMETRY, 4)
        now += timedelta(days=31)
        outbox.expire()
        assert shape(outbox, TELEMETRY) == [(1, 2, "expired"), (3, 3, "withheld"), (4, 4, "expired")]


def test_half_of_a_tombstone_can_be_acknowledged(opened: Opener) -> None:
    outbox = opened(CAPS)
    append(outbox, TELEMETRY, *range(1, 301))
    epoch = outbox.held(TELEMETRY)[0].epoch
    outbox.delete(TELEMETRY, Point(epoch, 50))
    assert shape(outbox, TELEMETRY)[0][0] == 51
    outbox.close()
    assert shape(opened(CAPS), TELEMETRY)[0][0] == 51


def test_after_a_compaction_and_a_new_start_the_numbers_have_no_hole(opened: Opener) -> None:
    outbox = opened(CAPS)
    append(outbox, STATE, *range(1, 100), key="press-1")
    outbox.close()
    outbox = opened(CAPS)
    append(outbox, STATE, *range(100, 200), key="press-1")
    for epoch in outbox.held(STATE):
        expected = epoch.oldest
        for entry in outbox.read(STATE, Point(epoch.epoch, epoch.oldest), 10**6, 1 << 30):
            assert entry.seq == expected
            expected = entry.last + 1
        assert expected == epoch.next
