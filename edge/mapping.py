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

    `numbers`: the last value of each signal with a deadband that was not too small a change.
    """

    values: Mapping[str, str] = field(default_factory=dict)
    times: Mapping[str, datetime] = field(default_factory=dict)
    qualities: Mapping[str, Quality] = field(default_factory=dict)
    late: int = 0
    numbers: Mapping[str, float] = field(default_factory=dict)


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
    nothing. A bad value says nothing but that it is bad, and of an optional signal not even that.
    """
    facts: list[Fact] = []
    wanted = [(*stamp(reading, bounds), reading) for reading in readings if _counts(profile, reading)]
    wanted.sort(key=lambda each: each[0])
    for at, stamped, reading in wanted:
        if at < seen.times.get(reading.signal, at):
            seen = replace(seen, late=seen.late + 1)
            continue
        seen, unknown = _take(profile, seen, reading, at)
        fact = replace(_judge(profile, seen, at, unknown), stamped=stamped, historical=reading.historical)
        if facts and facts[-1].at == at and not (facts[-1].unknown or unknown):
            facts[-1] = fact
        else:
            facts.append(fact)
    return seen, facts


def _counts(profile: Profile, reading: Reading) -> bool:
    if reading.signal not in profile.rule_signals:
        return False
    return reading.quality is not Quality.BAD or not profile.signals[reading.signal].optional


def _take(profile: Profile, seen: Seen, reading: Reading, at: datetime) -> tuple[Seen, tuple[str, str] | None]:
    name, values, quality, unknown = reading.signal, seen.values, reading.quality, None
    if quality is not Quality.BAD:
        value = None
        if not isinstance(reading.value, Unfit):
            value = profile.signals[name].named(reading.value, values.get(name))
        if value is None:
            unknown, quality = (name, _raw(reading.value)), Quality.UNCERTAIN
        else:
            values = {**values, name: value}
    times, qualities = {**seen.times, name: at}, {**seen.qualities, name: quality}
    return replace(seen, values=values, times=times, qualities=qualities), unknown


def _raw(value: object) -> str:
    return key(value.raw if isinstance(value, Unfit) else value)


def _judge(profile: Profile, seen: Seen, at: datetime, unknown: tuple[str, str] | None) -> Fact:
    quality = max(seen.qualities.values(), key=_WORST.index)
    state = next((row.then for row in profile.state if fits(row, seen.values)), None)
    mode = next((row.then for row in profile.mode if fits(row, seen.values)), None)
    if unknown is None and quality is not Quality.BAD and _stuck(profile, state, seen):
        unknown = ("state", " ".join(f"{name}={value}" for name, value in sorted(seen.values.items())))
        quality = Quality.UNCERTAIN
    return Fact(at, state, mode, quality, unknown=unknown)


def fits(row: StateRow | ModeRow, values: Mapping[str, str]) -> bool:
    """Whether every signal of the row has one of the values that it asks for."""
    return all(values.get(name) in cells for name, cells in row.when.items())


def _stuck(profile: Profile, state: ItemState | None, seen: Seen) -> bool:
    """Whether all signals of the state table are there and still no row fits: the table has a hole."""
    return bool(profile.state) and state is None and profile.state_signals <= seen.values.keys()
