"""What a source yields: readings, gaps where readings may be missing, and notices of a link lost or found."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from gateway.machine import Quality


@dataclass(frozen=True, slots=True)
class Reading:
    """One value of one signal. `source_time`: the machine's own stamp, None where it gave no usable one."""

    machine: str
    signal: str
    value: object
    source_time: datetime | None
    received: datetime
    quality: Quality = Quality.GOOD
    historical: bool = False


@dataclass(frozen=True, slots=True)
class Gap:
    """Between `start` and `end` values of these signals (all, if empty) may have been missed."""

    machine: str
    start: datetime
    end: datetime
    reason: str
    signals: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LinkNotice:
    """The machine's source was found (`up`) or lost, with the reason in one line that says what to do.

    `units`: by signal, in which unit the machine itself says that it measures; empty where it says nothing of it.
    """

    machine: str
    up: bool
    at: datetime
    reason: str = ""
    units: Mapping[str, str] = field(default_factory=dict, hash=False)


@dataclass(frozen=True, slots=True)
class Cursor:
    """How far a source that can rewind has read; kept in the same transaction as what came before it."""

    machine: str
    value: str


Event = Reading | Gap | LinkNotice | Cursor
