"""What the outbox says of itself for those who watch it: the age of its oldest message, and what it had to bury."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from gateway.messages import Stream
from gateway.outbox import Caps, Outbox

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)


def test_the_oldest_message_with_a_payload_has_an_age(tmp_path: Path) -> None:
    moment = [NOW]
    with Outbox(tmp_path / "outbox.sqlite", now=lambda: moment[0]) as outbox:
        assert outbox.oldest(Stream.STATE) is None
        for minutes in (0, 5):
            moment[0] = NOW + timedelta(minutes=minutes)
            with outbox.transaction() as tx:
                tx.append(Stream.STATE, b"{}")
        assert outbox.oldest(Stream.STATE) == NOW.timestamp()
        assert outbox.oldest(Stream.CONTROL) is None


def test_what_is_buried_is_counted_by_stream_and_reason(tmp_path: Path) -> None:
    moment = [NOW]
    with Outbox(tmp_path / "outbox.sqlite", now=lambda: moment[0], caps=Caps(droppable=8_000)) as outbox:
        for _ in range(20):
            with outbox.transaction() as tx:
                tx.append(Stream.TELEMETRY, b"{%s}" % (b"x" * 1_000))
        dropped = outbox.buried[Stream.TELEMETRY, "dropped"]
        assert 12 <= dropped < 20
        moment[0] = NOW + timedelta(days=31)
        outbox.expire()
        assert outbox.buried[Stream.TELEMETRY, "expired"] == 20 - dropped
