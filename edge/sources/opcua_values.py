"""OPC UA data values in plain Python: text, numbers, times in UTC, and how far each can be trusted."""

from collections.abc import Callable
from datetime import UTC, datetime
from enum import Enum
from typing import Any
from uuid import UUID

from asyncua import ua

from gateway.machine import Quality

_OVERFLOW = 0x480
"""InfoType DataValue with the Overflow bit: the queue of the monitored item dropped values (OPC 10000-4, 7.39.1)."""
_FIRST_SANE, _LAST_SANE = 1970, 9998
"""Years. 1601 and 9999 are how OPC UA writes "no time" and "for ever" (OPC 10000-6, 5.2.2.5)."""


def quality(status: ua.StatusCode | None) -> Quality:
    """The severity bits of a status code; none at all means Good (OPC 10000-4, 7.39)."""
    severity = (int(status.value) >> 30) if status is not None else 0
    return (Quality.GOOD, Quality.UNCERTAIN, Quality.BAD, Quality.BAD)[severity]


def overflowed(status: ua.StatusCode | None) -> bool:
    """Whether values before this one were dropped by the server."""
    return status is not None and int(status.value) & _OVERFLOW == _OVERFLOW


def source_time(value: ua.DataValue) -> datetime | None:
    """The source's stamp, else the server's, in UTC; None where neither is a time that a machine could mean."""
    for stamp in (value.SourceTimestamp, value.ServerTimestamp):
        if isinstance(stamp, datetime) and _FIRST_SANE <= stamp.year <= _LAST_SANE:
            return stamp.replace(tzinfo=UTC) if stamp.tzinfo is None else stamp.astimezone(UTC)
    return None


_PLAIN: dict[type, Callable[[Any], object]] = {
    ua.LocalizedText: lambda value: value.Text,
    ua.QualifiedName: lambda value: value.Name,
    ua.NodeId: lambda value: value.to_string(),
    ua.ExpandedNodeId: lambda value: value.to_string(),
    ua.StatusCode: lambda value: value.name,
    datetime: lambda value: value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC),
    list: lambda value: tuple(map(plain, value)),
    bytes: lambda value: value.hex(),
    UUID: str,
}


def plain(value: object) -> object:
    """A variant's content without OPC UA's own types (text, times in UTC, tuples); a structure stays what it is."""
    if isinstance(value, Enum):
        return value.value
    change = _PLAIN.get(type(value))
    return value if change is None else change(value)


def content(value: ua.DataValue) -> object:
    """What the data value carries, in plain Python; None for none."""
    return None if value.Value is None else plain(value.Value.Value)
