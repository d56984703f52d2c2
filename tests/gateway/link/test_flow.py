"""The phases of a stream as a table, and how far a peer's clock is off beyond doubt."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.link import TRANSITIONS, Event, PeerClock, Phase

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)


def test_every_phase_has_an_answer_to_every_event() -> None:
    assert set(TRANSITIONS) == {(phase, event) for phase in Phase for event in Event}


@pytest.mark.parametrize("phase", Phase)
def test_being_cut_off_always_leads_offline(phase: Phase) -> None:
    assert TRANSITIONS[phase, Event.DISCONNECTED] is Phase.OFFLINE
    assert TRANSITIONS[phase, Event.CONNECTED] is Phase.GREETING


@pytest.mark.parametrize(
    ("ahead", "age", "speed", "offset"),
    [(0, 1, 1, 0), (-1, 2, 1, 0), (90, 1, 1, 90), (-90, 1, 1, -89), (-90, 1, 60, -30), (-50, 1, 60, 0)],
)
def test_an_offset_is_only_what_is_beyond_doubt(ahead: float, age: float, speed: float, offset: float) -> None:
    clock = PeerClock(AT + timedelta(seconds=ahead), age)
    assert clock.offset(AT, speed) == timedelta(seconds=offset)
