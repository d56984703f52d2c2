"""From a machine's readings to facts about it: the profile's tables, applied in the order of time."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Literal

from edge.profilemodel import ModeRow, Profile, StateRow
from edge.reading import Reading
from edge.signal import Signal, Unfit, key
from gateway.machine import ItemState, OperationMode, Quality
from gateway.span import utc

Stamped = Literal["source", "agent"]
SET_BACK = timedelta(minutes=1)
"""Of stamps that only grow older for so long, the machine's clock was set back; a copy or a backlog is over sooner."""

SHOWN = 80
"""Characters of a value that the profile cannot place: it is shown and kept, and may be as long as a message."""

_WORST = (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD)


@dataclass(frozen=True, slots=True)
class StampBounds:
    """How far a source's stamp may lie from the receipt before it is replaced by it."""

    past: timedelta = timedelta(days=1)
    ahead: timedelta = timedelta(seconds=5)


@dataclass(frozen=True, slots=True)
class Fact:
    """What the readings of one instant say: a state, a mode, or (None) nothing new about it.

    `unknown` names a signal and a raw value that the profile cannot place: the last state is kept, as uncertain.
    """

    at: datetime
    state: ItemState | None
    mode: OperationMode | None
    quality: Quality
    stamped: Stamped = "source"
    historical: bool = False
    unknown: tuple[str, str] | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """The last value, stamp and quality of each signal that the profile's tables read, and how many came too late.

    `times` has the sources' own stamps alone: a receipt says nothing about what their clocks will say next. `numbers`:
    the last value of each signal with a deadband that was not too small a change. `behind`: the receipt of the first
    of those readings that were older than the one before them, for as long as no other came. `strange`: since when a
    signal has a value that the state table cannot place, or ("") all of them together have.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)
    qualities: Mapping[str, Quality] = field(default_factory=dict)
    late: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)
    behind: Mapping[str, datetime] = field(default_factory=dict)
    strange: Mapping[str, datetime] = field(default_factory=dict)


def stamp(reading: Reading, bounds: StampBounds) -> tuple[datetime, Stamped]:
    """The reading's time, and whose clock that is: an impossible stamp is replaced by the receipt, history never."""
    if reading.source_time is None:
        return reading.received, "agent"
    at = utc(reading.source_time)
    if reading.historical or reading.received - bounds.past <= at <= reading.received + bounds.ahead:
        return at, "source"
    return reading.received, "agent"


def shape(profile: Profile, seen: Seen, readings: Sequence[Reading]) -> tuple[Seen, Sequence[Reading]]:
    """The readings with their values as the profile wants them: scaled, in its units, small changes left out.

    A value that cannot be of its signal's type stays what it is, for `apply` to tell; as telemetry it is a bad one.
    """
    passing = profile.passing
    if not passing:
        return seen, readings
    kept: list[Reading] = []
    numbers = dict(seen.numbers)
    for reading in readings:
        types = passing.get(reading.signal)
        if types is None or type(reading.value) in types:  # thousands a second come this way
            kept.append(reading)
            continue
        signal = profile.signals[reading.signal]
        shaped = _shaped(signal, reading)
        if signal.deadband is None or not _within(signal.deadband, numbers, shaped):
            kept.append(shaped)
    return (seen if numbers == seen.numbers else replace(seen, numbers=numbers)), kept


def _shaped(signal: Signal, reading: Reading) -> Reading:
    if reading.quality is Quality.BAD:
        return reading
    value = signal.measure(reading.value)
    return reading if value is reading.value else replace(reading, value=value)


def _within(deadband: float, numbers: dict[str, float], reading: Reading) -> bool:
    """Whether the reading changes less than the deadband; else it is what the next ones are held against."""
    last, value = numbers.pop(reading.signal, None), reading.value
    if reading.quality is Quality.BAD or not isinstance(value, int | float):
        return False
    if last is None or reading.quality is not Quality.GOOD or abs(value - last) >= deadband:
        numbers[reading.signal] = value
        return False
    numbers[reading.signal] = last
    return True


def apply(profile: Profile, seen: Seen, readings: Iterable[Reading], bounds: StampBounds) -> tuple[Seen, list[Fact]]:
    """Fold a batch of one machine's readings, as `shape` left them, into facts, one for each instant.

    The batch is put in the order of its stamps. Readings of the same instant make one fact, so that a state and its
    mode never show half a change. A reading older than its signal's last one is late: it is counted and changes
    nothing, unless the machine's clock was set back: then the receipt counts until that clock is right. A bad value
    says nothing but that it is bad, and of an optional signal not even that.
    """
    facts: list[Fact] = []
    wanted = [(*stamp(reading, bounds), reading) for reading in readings if _counts(profile, reading)]
    wanted.sort(key=lambda each: each[0])
    for at, stamped, reading in wanted:
        seen, counts = _in_turn(seen, reading, at, stamped)
        if counts is None:
            continue
        moment, whose = counts
        seen, unknown = _take(profile, seen, reading, moment if whose == "source" else None)
        fact = replace(_judge(profile, seen, moment, unknown), stamped=whose, historical=reading.historical)
        seen = _puzzled(profile, seen, reading, fact, unknown)
        if facts and facts[-1].at == moment and not (facts[-1].unknown or unknown):
            facts[-1] = fact
        else:
            facts.append(fact)
    return seen, facts


def _in_turn(
    seen: Seen, reading: Reading, at: datetime, stamped: Stamped
) -> tuple[Seen, tuple[datetime, Stamped] | None]:
    """The time that counts for a reading, and whose it is; None for one that is late."""
    name, last = reading.signal, seen.times.get(reading.signal)
    if stamped == "agent":
        return seen, (at, stamped)
    old = last is not None and at < last
    first = None if reading.historical else seen.behind.get(name, reading.received if old else None)
    if first is None:
        return (replace(seen, late=seen.late + 1), None) if old else (seen, (at, stamped))
    lasts = reading.received - first >= SET_BACK
    if lasts and (old or reading.received - at >= SET_BACK):
        return seen, (reading.received, "agent")
    if old:
        return replace(seen, late=seen.late + 1, behind={**seen.behind, name: first}), None
    behind = {other: since for other, since in seen.behind.items() if other != name}
    return replace(seen, behind=behind), (at, stamped)


def _counts(profile: Profile, reading: Reading) -> bool:
    if reading.signal not in profile.rule_signals:
        return False
    return reading.quality is not Quality.BAD or not profile.signals[reading.signal].optional


def _take(profile: Profile, seen: Seen, reading: Reading, at: datetime | None) -> tuple[Seen, tuple[str, str] | None]:
    """`at`: by the source's own clock, if it said so."""
    name, values, quality, unknown = reading.signal, seen.values, reading.quality, None
    if quality is not Quality.BAD:
        value = None
        if not isinstance(reading.value, Unfit):
            value = profile.signals[name].named(reading.value, values.get(name))
        if value is None:
            unknown, quality = (name, _raw(reading.value)), Quality.UNCERTAIN
        else:
            values = {**values, name: value}
    times = seen.times if at is None else {**seen.times, name: at}
    qualities = {**seen.qualities, name: quality}
    return replace(seen, values=values, times=times, qualities=qualities), unknown


def _puzzled(profile: Profile, seen: Seen, reading: Reading, fact: Fact, unknown: tuple[str, str] | None) -> Seen:
    """Remember since when the state is a guess."""
    if not (seen.strange or fact.unknown) or reading.quality is Quality.BAD:
        return seen
    now = {reading.signal: unknown is not None} if reading.signal in profile.state_signals else {}
    now[""] = unknown is None and fact.unknown is not None
    kept = {name: since for name, since in seen.strange.items() if now.get(name, True)}
    return replace(seen, strange=dict.fromkeys((name for name, odd in now.items() if odd), fact.at) | kept)


def _raw(value: object) -> str:
    text = key(value.raw if isinstance(value, Unfit) else value)
    return text if len(text) <= SHOWN else f"{text[:SHOWN]}…"


def _judge(profile: Profile, seen: Seen, at: datetime, unknown: tuple[str, str] | None) -> Fact:
    quality = max(seen.qualities.values(), key=_WORST.index)
    state_row = next((row for row in profile.state if _may_fit(profile, row, seen.values)), None)
    mode_row = next((row for row in profile.mode if _may_fit(profile, row, seen.values)), None)
    state = state_row.then if state_row and fits(state_row, seen.values) else None
    mode = mode_row.then if mode_row and fits(mode_row, seen.values) else None
    if unknown is None and quality is not Quality.BAD and _stuck(profile, state, seen):
        unknown = ("state", " ".join(f"{name}={value}" for name, value in sorted(seen.values.items())))
        quality = Quality.UNCERTAIN
    return Fact(at, state, mode, quality, unknown=unknown)


def _may_fit(profile: Profile, row: StateRow | ModeRow, values: Mapping[str, str]) -> bool:
    """Whether the row fits, or may once all that the machine cannot do without was heard: then nobody knows yet."""
    heard = (name for name in row.when if name in values or profile.signals[name].optional)
    return all(values.get(name) in row.when[name] for name in heard)


def fits(row: StateRow | ModeRow, values: Mapping[str, str]) -> bool:
    """Whether every signal of the row has one of the values that it asks for."""
    return all(values.get(name) in cells for name, cells in row.when.items())


def _stuck(profile: Profile, state: ItemState | None, seen: Seen) -> bool:
    """Whether all signals of the state table are there and still no row fits: the table has a hole."""
    return bool(profile.state) and state is None and profile.state_signals <= seen.values.keys()
