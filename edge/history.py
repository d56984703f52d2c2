"""What happened before the agent's first start, from a log: told once, with true stamps."""

from collections.abc import Sequence
from datetime import datetime

from edge.mapping import Seen, StampBounds, apply, shape
from edge.profile import Profile
from edge.reading import Reading
from edge.sources.replaylog import Moment
from edge.tracker import Track, step
from gateway.messages import StateChange


def backfill(
    machine: str, profile: Profile, moments: Sequence[Moment], now: datetime
) -> tuple[Track, tuple[StateChange, ...]]:
    """The machine's track up to `now`, and the changes that led to it. `profile` is that of the log."""
    readings = [
        Reading(machine, signal, value, moment.at, now, historical=True)
        for moment in moments
        if moment.at < now
        for signal, value in moment.values.items()
    ]
    seen, shaped = shape(profile, Seen(), readings)
    _, facts = apply(profile, seen, shaped, StampBounds())
    track = Track(machine)
    told: list[StateChange] = []
    for fact in facts:
        track, changes = step(track, fact, profile.debounce)
        told += changes
    return track, tuple(told)


def executing(history: Sequence[tuple[datetime, bool]], start: datetime, end: datetime) -> float:
    """Seconds of [start, end) in which a machine was Executing, given (from when, whether) in order of time."""
    seconds = 0.0
    following = [*(at for at, _ in history[1:]), end]
    for (at, busy), until in zip(history, following, strict=False):
        if busy:
            seconds += max(0.0, (min(until, end) - max(at, start)).total_seconds())
    return seconds
