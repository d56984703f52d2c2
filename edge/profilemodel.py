"""A kind of machine as data: which signals it has, and which tables turn them into a state and a mode."""

import difflib
import functools
from collections.abc import Iterator, Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from edge.duration import Duration
from edge.misfit import Place, misfits
from edge.signal import ProfileData, Signal, key
from gateway.machine import ItemState, OperationMode
from gateway.messages import Name


class WhenOff(StrEnum):
    """What a switched-off machine is worth: dark hours that can be sold, or time that nobody can reach."""

    SELLABLE = "sellable"
    UNATTAINABLE = "unattainable"


def _keys(value: object) -> tuple[str, ...]:
    return tuple(map(key, value)) if isinstance(value, list | tuple) else (key(value),)


Cell = Annotated[tuple[str, ...], BeforeValidator(_keys)]


class StateRow(ProfileData):
    """One row of the state table: every signal in `when` has one of the given values. An empty `when` always fits."""

    when: dict[str, Cell] = Field(default_factory=dict)
    then: ItemState


class ModeRow(ProfileData):
    """One row of the mode table."""

    when: dict[str, Cell] = Field(default_factory=dict)
    then: OperationMode


Row = StateRow | ModeRow


class Profile(ProfileData):
    """A kind of machine. In each table the first row that fits decides; a profile with one table is a second source.

    Each kind of source has its own subclass, with its own signals. `extends`: the profile that gave what is not said
    here. `debounce`: how long a new state must last. `staleness`: how long the machine may be silent before its
    capacity turns unattainable. `power_up`: from switched off to ready.
    """

    profile: Name
    title: str
    extends: Name | None = None
    standard: str | None = None
    source: str
    signals: Annotated[Mapping[Name, Signal], Field(min_length=1)]
    state: tuple[StateRow, ...] = ()
    mode: tuple[ModeRow, ...] = ()
    debounce: Duration = timedelta()
    staleness: Duration = timedelta(minutes=5)
    when_off: WhenOff = WhenOff.UNATTAINABLE
    power_up: Duration = timedelta()

    @functools.cached_property
    def rule_signals(self) -> frozenset[str]:
        """The signals that the tables read."""
        return frozenset(name for table in (self.state, self.mode) for row in table for name in row.when)

    @functools.cached_property
    def state_signals(self) -> frozenset[str]:
        """The signals that the state table reads."""
        return frozenset(name for row in self.state for name in row.when)

    @functools.cached_property
    def units(self) -> Mapping[str, str]:
        """The units of its signals' final values, of those that name one."""
        return {name: unit for name, each in self.signals.items() if (unit := each.measured_in)}

    def unsaid(self, told: Mapping[str, str]) -> Mapping[str, str]:
        """Of the units that the machine itself tells, those of signals of which nothing is said or computed here."""
        own = {name: each for name, each in self.signals.items() if each.measured_in is None and each.line is None}
        return {name: unit for name, unit in told.items() if name in own}

    @functools.cached_property
    def passing(self) -> Mapping[str, frozenset[type]]:
        """Of each signal whose values may need work, the types of raw value that need none."""
        found = {name: each.passing for name, each in self.signals.items()}
        return {name: types for name, types in found.items() if types is not None}

    @model_validator(mode="after")
    def _tables(self) -> Self:
        faults = [*self._table("state", self.state), *self._table("mode", self.mode)]
        if not self.state and not self.mode:
            faults.append(((), "a profile needs a `state` table, a `mode` table, or both"))
        if faults:
            raise misfits(type(self).__name__, faults)
        return self

    def _table(self, table: str, rows: Sequence[Row]) -> Iterator[tuple[Place, str]]:
        for number, row in enumerate(rows):
            for name, cells in row.when.items():
                fault = self._cell(name, cells)
                if fault:
                    yield (table, number, "when", name), fault
            earlier = next((index for index, each in enumerate(rows[:number]) if _takes_all(each, row)), None)
            if earlier is not None:
                text = f"can never fit: the row at {table}.{earlier} takes all that it would; move it up or remove it"
                yield (table, number), text

    def _cell(self, name: str, cells: tuple[str, ...]) -> str | None:
        if name not in self.signals:
            near = difflib.get_close_matches(name, self.signals, n=1)
            hint = f" (did you mean `{near[0]}`?)" if near else ""
            return f"no signal {name!r}{hint}; there are {', '.join(self.signals)}"
        known = self.signals[name].names
        strange = [cell for cell in cells if known and cell not in known]
        if strange:
            return f"{name} is never {strange[0]!r}; its values are {', '.join(sorted(known))}"
        return None if cells else f"lists no value; name at least one value of {name}"


def _takes_all(earlier: Row, later: Row) -> bool:
    """Whether every case of the later row is one of the earlier row."""
    return all(name in later.when and set(later.when[name]) <= set(cells) for name, cells in earlier.when.items())
