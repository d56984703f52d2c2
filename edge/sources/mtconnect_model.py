"""What an MTConnect agent says: devices and their data items, observations of them, and its complaints."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from gateway.errors import UsageError

Category = Literal["SAMPLE", "EVENT", "CONDITION"]
UNAVAILABLE = "UNAVAILABLE"
"""What an agent says of a value that it cannot determine (MTConnect Part 1, Observation)."""


class NotMtconnect(UsageError):
    """An answer that is no MTConnect document; the message says what it is, and what to do."""

    code = "mtconnect.document"


@dataclass(frozen=True, slots=True)
class Header:
    """Of any document. `instance` changes with each start of the agent; `first` and `next` bound what its buffer has.

    Sequence numbers are None where the document gives none (a probe, an error, or an agent that keeps no order).
    """

    instance: str
    version: str = ""
    first: int | None = None
    last: int | None = None
    next: int | None = None


@dataclass(frozen=True, slots=True)
class DataItem:
    """One item of a device's model. `component`: the element it belongs to, by type, id and name."""

    id: str
    name: str | None
    category: Category
    type: str
    sub_type: str | None = None
    component: tuple[str, str, str | None] = ("Device", "", None)
    units: str | None = None

    @property
    def shown(self) -> str:
        """How a person finds it: id, type and component."""
        kind, _, name = self.component
        sub = f".{self.sub_type}" if self.sub_type else ""
        return f"{self.id} ({self.type}{sub} of {kind}{f' {name}' if name else ''})"


@dataclass(frozen=True, slots=True)
class Device:
    """One device of an agent."""

    id: str
    name: str
    uuid: str
    items: tuple[DataItem, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """What a plant may call it."""
        return frozenset((self.name, self.uuid, self.id))


@dataclass(frozen=True, slots=True)
class Observation:
    """One value of one data item. `value`: text, the entries of a data set, or None for UNAVAILABLE.

    A condition's value is its level in capitals; `code` tells conditions of one item apart (conditionId, nativeCode).
    """

    item: str
    value: str | Mapping[str, str] | None
    at: datetime | None
    sequence: int | None = None
    category: Category = "EVENT"
    code: str = ""


@dataclass(frozen=True, slots=True)
class Devices:
    """The answer to `probe`."""

    header: Header
    devices: tuple[Device, ...]


@dataclass(frozen=True, slots=True)
class Streams:
    """The answer to `current` or `sample`, its observations in the order of their sequence numbers."""

    header: Header
    observations: tuple[Observation, ...]


@dataclass(frozen=True, slots=True)
class Complaint:
    """The agent refuses a request: pairs of its error code and its words."""

    header: Header
    errors: tuple[tuple[str, str], ...]

    def has(self, code: str) -> bool:
        return any(found == code for found, _ in self.errors)

    @property
    def shown(self) -> str:
        return "; ".join(f"{text} ({code})" if text else code for code, text in self.errors) or "an error without words"


Document = Devices | Streams | Complaint
