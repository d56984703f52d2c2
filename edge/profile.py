"""A kind of machine as data: which signals it has, and which tables turn them into a state and a mode."""

import functools
from collections.abc import Mapping, Sequence
from datetime import timedelta
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, field_validator, model_validator

from edge.duration import Duration
from edge.errors import FileInvalid
from edge.sources.opcua_address import parse as parse_address
from edge.yamlfile import load
from gateway.errors import UsageError
from gateway.machine import ItemState, OperationMode
from gateway.messages import Name


class WhenOff(StrEnum):
    """What a switched-off machine is worth: dark hours that can be sold, or time that nobody can reach."""

    SELLABLE = "sellable"
    UNATTAINABLE = "unattainable"


def key(value: object) -> str:
    """How the tables write a raw value: 1 and 1.0 are "1", true is "true", text is itself."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _keys(value: object) -> tuple[str, ...]:
    return tuple(map(key, value)) if isinstance(value, list | tuple) else (key(value),)


Cell = Annotated[tuple[str, ...], BeforeValidator(_keys)]


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


DataType = Literal[
    "Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32", "UInt32", "Int64", "UInt64", "Float", "Double",
    "String", "LocalizedText", "Enumeration",
]  # fmt: skip
"""The data type that a node must have (OPC 10000-3, 8); `Enumeration` is any subtype of it, or Int32."""


class Signal(_Data):
    """One value of the machine. `values` names the raw values of an enumeration; a raw value not in it is unknown."""

    node: Annotated[str, Field(min_length=1)]
    type: DataType
    unit: str | None = None
    values: dict[str, str] = Field(default_factory=dict)
    optional: bool = False

    @field_validator("values", mode="before")
    @classmethod
    def _raw(cls, values: object) -> object:
        return {key(raw): key(name) for raw, name in values.items()} if isinstance(values, Mapping) else values


class StateRow(_Data):
    """One row of the state table: every signal in `when` has one of the given values. An empty `when` always fits."""

    when: dict[str, Cell] = Field(default_factory=dict)
    then: ItemState


class ModeRow(_Data):
    """One row of the mode table."""

    when: dict[str, Cell] = Field(default_factory=dict)
    then: OperationMode


class Profile(_Data):
    """A kind of machine. In each table the first row that fits decides; a profile with one table is a second source.

    `debounce`: how long a new state must last. `staleness`: how long the machine may be silent before its capacity
    turns unattainable. `power_up`: from switched off to ready. `job_orders`: the node of its ISA-95 job order receiver.
    """

    profile: Name
    title: str
    standard: str | None = None
    source: Literal["opcua", "replay"]
    signals: dict[Name, Signal]
    state: tuple[StateRow, ...] = ()
    mode: tuple[ModeRow, ...] = ()
    debounce: Duration = timedelta()
    staleness: Duration = timedelta(minutes=5)
    when_off: WhenOff = WhenOff.UNATTAINABLE
    power_up: Duration = timedelta()
    job_orders: str | None = None

    @functools.cached_property
    def rule_signals(self) -> frozenset[str]:
        """The signals that the tables read."""
        return frozenset(name for table in (self.state, self.mode) for row in table for name in row.when)

    @functools.cached_property
    def state_signals(self) -> frozenset[str]:
        """The signals that the state table reads."""
        return frozenset(name for row in self.state for name in row.when)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if not self.state and not self.mode:
            msg = "a profile needs a `state` table, a `mode` table, or both"
            raise ValueError(msg)
        self._check_table("state", self.state)
        self._check_table("mode", self.mode)
        if self.source == "opcua":
            self._check_addresses()
        return self

    def _check_table(self, table: str, rows: Sequence[StateRow | ModeRow]) -> None:
        for number, row in enumerate(rows):
            self._check_row(f"{table}[{number}]", row)
        if any(not row.when for row in rows[:-1]):
            msg = f"{table}: the rows after the one without `when` can never fit; put it last"
            raise ValueError(msg)

    def _check_row(self, place: str, row: StateRow | ModeRow) -> None:
        for name, cells in row.when.items():
            if name not in self.signals:
                msg = f"{place}: no signal {name!r}; there are {', '.join(self.signals)}"
                raise ValueError(msg)
            names = set(self.signals[name].values.values())
            strange = [cell for cell in cells if names and cell not in names]
            if strange:
                msg = f"{place}: {name} is never {strange[0]!r}; its values are {', '.join(sorted(names))}"
                raise ValueError(msg)

    def _check_addresses(self) -> None:
        nodes = {f"signals.{name}.node": signal.node for name, signal in self.signals.items()}
        if self.job_orders:
            nodes["job_orders"] = self.job_orders
        for place, node in nodes.items():
            try:
                parse_address(node)
            except UsageError as error:
                msg = f"{place}: {error}"
                raise ValueError(msg) from error


def shipped() -> Path:
    """The folder of the profiles that come with us: in the wheel inside the package, in a checkout beside it."""
    here = Path(__file__).parent
    packaged = here / "device-profiles"
    return packaged if packaged.is_dir() else here.parent / "device-profiles"


def names(folder: Path | None = None) -> list[str]:
    """The profiles of a folder (ours by default), by name."""
    return sorted(path.stem for path in (folder or shipped()).glob("*.yaml"))


def find(name: str, folders: tuple[Path, ...] = ()) -> Profile:
    """The profile `name` from the first folder that has it, ours last. Raises FileInvalid."""
    places = (*folders, shipped())
    for folder in places:
        path = folder / f"{name}.yaml"
        if path.is_file():
            return read(path)
    known = sorted({found for folder in places for found in names(folder)})
    msg = f"no profile {name!r} in {', '.join(map(str, places))}; there are {', '.join(known)}"
    raise FileInvalid(msg)


@functools.lru_cache(maxsize=256)
def read(path: Path) -> Profile:
    """One profile file. Raises FileInvalid with file, line and key; its name must be the file's."""
    profile = load(path, Profile)
    if profile.profile != path.stem:
        msg = f"{path}:1: profile: is {profile.profile!r}, but the file is {path.name}; give both one name"
        raise FileInvalid(msg)
    return profile
