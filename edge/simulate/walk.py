"""A profile told backwards: the raw values that a machine of its kind would have while it lives through a day."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from edge.mapping import fits
from edge.profilemodel import Profile, Row
from edge.signal import WORDS, Signal
from gateway.machine import ItemState, OperationMode

MOST = 50_000
"""Combinations of values that are tried for one state."""

OTHER = "other"
"""Stands for a value that no table asks for."""

STORY: tuple[tuple[ItemState, OperationMode, int], ...] = (
    (ItemState.NOT_AVAILABLE, OperationMode.NONE, 20),
    (ItemState.NOT_EXECUTING, OperationMode.SETUP, 15),
    (ItemState.EXECUTING, OperationMode.PROCESSING, 50),
    (ItemState.NOT_EXECUTING, OperationMode.PROCESSING, 10),
    (ItemState.EXECUTING, OperationMode.PROCESSING, 70),
    (ItemState.OUT_OF_SERVICE, OperationMode.PROCESSING, 15),
    (ItemState.NOT_EXECUTING, OperationMode.MAINTENANCE, 25),
    (ItemState.OUT_OF_SERVICE, OperationMode.MAINTENANCE, 10),
    (ItemState.NOT_EXECUTING, OperationMode.PROCESSING, 5),
    (ItemState.EXECUTING, OperationMode.PROCESSING, 40),
    (ItemState.NOT_EXECUTING, OperationMode.NONE, 30),
)
"""What a machine does, with minutes; of it a profile tells what its tables know."""


@dataclass(frozen=True, slots=True)
class Step:
    """For `lasts` the machine has these raw values, which its profile reads as this state and mode."""

    state: ItemState | None
    mode: OperationMode | None
    lasts: timedelta
    values: Mapping[str, object]


def walk(profile: Profile) -> tuple[Step, ...]:
    """The story as far as the profile can tell it; empty if its tables never give a state or mode of it."""
    steps: list[Step] = []
    named: Mapping[str, str] = {}
    cases = _cases(profile)
    for state, mode, minutes in STORY:
        found = _nearest(profile, cases, state if profile.state else None, mode if profile.mode else None, named)
        if found is None:
            continue
        named = found
        values = {name: raw(profile.signals[name], value) for name, value in named.items()}
        step = Step(*_told(profile, named), timedelta(minutes=minutes), values)
        if not steps or (steps[-1].state, steps[-1].mode) != (step.state, step.mode):
            steps.append(step)
    return tuple(steps)


def raw(signal: Signal, name: str) -> object:
    """A raw value that the profile calls `name`."""
    if signal.levels:
        return _back(signal, _amid(signal, name))
    return _typed(signal, next((key for key, value in signal.values.items() if value == name), name))


def measure(signal: Signal, seconds: float, parts: int) -> object:
    """A raw value of a signal that no table reads: whole numbers count parts, others swing, the rest is a word."""
    if signal.type in WORDS or (signal.type is None and not signal.unit):
        return raw(signal, min(signal.names)) if signal.names else _typed(signal, "simulated")
    if signal.type not in {None, "Float", "Double"}:
        return parts
    return _back(signal, 50 + 10 * math.sin(seconds / 60))


def _cases(profile: Profile) -> Mapping[str, Sequence[str]]:
    """Of each signal that a table reads the values that it may have, those that the tables name first in front."""
    rows: Sequence[Row] = (*profile.state, *profile.mode)
    found: dict[str, Sequence[str]] = {}
    for name in sorted(profile.rule_signals):
        signal = profile.signals[name]
        asked = [cell for row in rows for cell in row.when.get(name, ())]
        found[name] = list(dict.fromkeys([*asked, *(sorted(signal.names) or [OTHER])]))
    return found


def _nearest(
    profile: Profile,
    cases: Mapping[str, Sequence[str]],
    state: ItemState | None,
    mode: OperationMode | None,
    before: Mapping[str, str],
) -> Mapping[str, str] | None:
    """The values that give this state, and this mode if any do, with the fewest changes from those before."""
    best: tuple[bool, int] | None = None
    found: Mapping[str, str] | None = None
    for named in _combined(cases):
        told, in_mode = _told(profile, named)
        if told is not state or (state is None and in_mode is not mode):
            continue
        rank = (in_mode is not mode, sum(before.get(name) != value for name, value in named.items()))
        if best is None or rank < best:
            best, found = rank, named
    return found


def _combined(cases: Mapping[str, Sequence[str]]) -> Iterable[Mapping[str, str]]:
    every = itertools.product(*cases.values())
    return (dict(zip(cases, values, strict=True)) for values in itertools.islice(every, MOST))


def _told(profile: Profile, named: Mapping[str, str]) -> tuple[ItemState | None, OperationMode | None]:
    state = next((row.then for row in profile.state if fits(row, named)), None)
    return state, next((row.then for row in profile.mode if fits(row, named)), None)


def _amid(signal: Signal, name: str) -> float:
    """A measured value well inside the level."""
    index = next((index for index, level in enumerate(signal.levels) if level.name == name), 0)
    above = signal.levels[index + 1].enters if index + 1 < len(signal.levels) else None
    if index == 0:
        return above / 4 if above is not None and above > 0 else (above or 0) - 1
    enters = signal.levels[index].enters
    return (enters + above) / 2 if above is not None else enters + max(abs(enters) / 2, 1)


def _back(signal: Signal, value: float) -> float:
    gain, bias = signal.line or (1.0, 0.0)
    return (value - bias) / gain


def _typed(signal: Signal, key: str) -> object:
    if signal.type == "Boolean" or (signal.type is None and key in {"true", "false"}):
        return key == "true"
    if signal.type in {"String", "LocalizedText"}:
        return key
    try:
        number = float(key)
    except ValueError:
        return key
    return int(number) if number.is_integer() and signal.type not in {"Float", "Double"} else number
