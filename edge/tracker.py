"""One machine's state over time: debounced, in the order of the sources' clocks, and only its changes."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from edge.mapping import Fact, Stamped
from gateway.machine import PLANT, ItemState, OperationMode, Quality
from gateway.messages import StateChange


@dataclass(frozen=True, slots=True)
class Picture:
    """What is told about a machine at one instant."""

    state: ItemState
    mode: OperationMode
    quality: Quality
    origin: str


@dataclass(frozen=True, slots=True)
class Sight:
    """A picture, the time from which it holds, and whose clock that is."""

    at: datetime
    picture: Picture
    stamped: Stamped


@dataclass(frozen=True, slots=True)
class Track:
    """A machine's state as told (`shown`), and one that still has to last (`pending`); None before the first fact.

    `mode_known` is what a second source (an MES, a person) said about the mode; it counts more than the machine's own.
    """

    machine: str
    shown: Sight | None = None
    pending: Sight | None = None
    mode: OperationMode = OperationMode.NONE
    mode_known: OperationMode | None = None
    origin: str = PLANT

    @property
    def latest(self) -> Sight | None:
        """The newest sight, debounced or not."""
        return self.pending or self.shown


def step(
    track: Track, fact: Fact, debounce: timedelta, *, second: bool = False
) -> tuple[Track, tuple[StateChange, ...]]:
    """Take one fact in; `second` says that it comes from the second source, which knows the mode only.

    A fact older than what was told is told from that time on: the history is never rewritten. A state that did not last
    for `debounce` is forgotten; one that did is told from its own beginning, not from the end of the wait.
    """
    track, changes = tick(track, fact.at, debounce)
    track = _learn_mode(track, fact, second=second)
    latest = track.latest
    if latest is None:
        known = fact.state is not None and fact.quality is not Quality.BAD and not second
        return _show(track, _first(track, fact), changes) if known else (track, changes)
    picture = _picture(track, latest.picture, fact, second=second)
    sight = Sight(max(fact.at, latest.at), picture, fact.stamped)
    return _offer(track, sight, debounce, changes)


def tick(track: Track, now: datetime, debounce: timedelta) -> tuple[Track, tuple[StateChange, ...]]:
    """Tell a pending state that has lasted long enough by `now`."""
    if track.pending is None or now - track.pending.at < debounce:
        return track, ()
    return _show(track, track.pending, ())


def due(track: Track, debounce: timedelta) -> datetime | None:
    """When `tick` has something to tell, if nothing else happens."""
    return track.pending.at + debounce if track.pending else None


def serve(track: Track, origin: str, at: datetime) -> tuple[Track, tuple[StateChange, ...]]:
    """From `at` on the machine works for `origin`: the plant or a booking. Told at once."""
    track = replace(track, origin=origin)
    if track.pending:
        track = replace(track, pending=_for(track.pending, origin))
    if track.shown is None or track.shown.picture.origin == origin:
        return track, ()
    shown = _for(track.shown, origin)
    return _tell(track, replace(shown, at=max(at, shown.at), stamped="agent"), (), keep_pending=True)


def doubt(track: Track, at: datetime) -> tuple[Track, tuple[StateChange, ...]]:
    """From `at` on nobody can see the machine: the last state, as uncertain, told at once."""
    if track.shown is None or track.shown.picture.quality is not Quality.GOOD:
        return track, ()
    picture = replace(track.shown.picture, quality=Quality.UNCERTAIN)
    sight = Sight(max(at, track.shown.at), picture, "agent")
    return _tell(replace(track, pending=None), sight, ())


def message(machine: str, sight: Sight) -> StateChange:
    """The sight as it goes over the wire."""
    seen = sight.picture
    return StateChange(
        machine=machine,
        at=sight.at,
        state=seen.state,
        mode=seen.mode,
        origin=seen.origin,
        quality=seen.quality,
        stamped=sight.stamped,
    )


def _learn_mode(track: Track, fact: Fact, *, second: bool) -> Track:
    if fact.mode is None or fact.quality is Quality.BAD:
        return track
    return replace(track, mode_known=fact.mode) if second else replace(track, mode=fact.mode)


def _first(track: Track, fact: Fact) -> Sight:
    state = fact.state or ItemState.NOT_AVAILABLE
    return Sight(fact.at, Picture(state, track.mode_known or track.mode, fact.quality, track.origin), fact.stamped)


def _picture(track: Track, last: Picture, fact: Fact, *, second: bool) -> Picture:
    """The picture after the fact: what the fact does not say stays as it was."""
    silent = second or fact.state is None or fact.quality is Quality.BAD
    return Picture(
        last.state if silent or fact.state is None else fact.state,
        track.mode_known or track.mode,
        last.quality if second else fact.quality,
        track.origin,
    )


def _offer(
    track: Track, sight: Sight, debounce: timedelta, changes: tuple[StateChange, ...]
) -> tuple[Track, tuple[StateChange, ...]]:
    if track.shown and sight.picture == track.shown.picture:
        return replace(track, pending=None), changes
    if track.pending and sight.picture == track.pending.picture:
        return track, changes
    if not debounce:
        return _show(track, sight, changes)
    return replace(track, pending=sight), changes


def _show(track: Track, sight: Sight, changes: tuple[StateChange, ...]) -> tuple[Track, tuple[StateChange, ...]]:
    return _tell(replace(track, pending=None), sight, changes)


def _tell(
    track: Track, sight: Sight, changes: tuple[StateChange, ...], *, keep_pending: bool = False
) -> tuple[Track, tuple[StateChange, ...]]:
    pending = track.pending if keep_pending else None
    return replace(track, shown=sight, pending=pending), (*changes, message(track.machine, sight))


def _for(sight: Sight, origin: str) -> Sight:
    return replace(sight, picture=replace(sight.picture, origin=origin))
