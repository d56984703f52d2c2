"""A Sparkplug payload's bytes as metrics, and a metric's raw field as the value that its data type makes of it."""

import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import IntEnum
from typing import Any

from google.protobuf.message import DecodeError

from edge.sources.sparkplug_schema import Payload as Wire
from gateway.machine import Quality

COMPRESSED = "SPBV1.0_COMPRESSED"
"""The uuid of a payload whose body is another one, deflated or zipped; some edge nodes do that to save bytes."""

LARGEST = 16 * 1024 * 1024
"""Bytes that a compressed payload may grow to."""

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
REBIRTH = "Node Control/Rebirth"
BD_SEQ = "bdSeq"


class DataType(IntEnum):
    """The data types of metrics (specification 3.0, 6.4.16) whose values are read here."""

    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT = 9
    DOUBLE = 10
    BOOLEAN = 11
    STRING = 12
    DATE_TIME = 13
    TEXT = 14
    UUID = 15


_SIGNED = {DataType.INT8: 8, DataType.INT16: 16, DataType.INT32: 32, DataType.INT64: 64}
_UNSIGNED = {DataType.UINT8: 8, DataType.UINT16: 16, DataType.UINT32: 32, DataType.UINT64: 64}
_TEXTS = frozenset((DataType.STRING, DataType.TEXT, DataType.UUID))
_MEASURES = frozenset((DataType.FLOAT, DataType.DOUBLE, 0))
_READ = frozenset(DataType)
_FIELDS = ("int_value", "long_value", "float_value", "double_value", "boolean_value", "string_value", "bytes_value")
_OTHERS = {16: "a data set", 17: "bytes", 18: "a file", 19: "a template", 20: "a property set", 21: "property sets"}


class PayloadMalformed(Exception):
    """Bytes that are no Sparkplug payload."""


class Unreadable(Exception):
    """A metric whose value cannot be a signal's; the message says what it is."""


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric as it came. `name` is empty where only the alias stands for it; `datatype` 0 where it was left out.

    `raw`: the field that was set, None where there was none; integers are unsigned on the wire, whatever they mean.
    `unit`: as its properties tell it, empty where they do not.
    """

    name: str
    alias: int | None
    at: datetime | None
    datatype: int
    raw: int | float | bool | str | bytes | None
    null: bool = False
    historical: bool = False
    quality: Quality = Quality.GOOD
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Payload:
    """`seq`: the message's number in [0, 255] among its edge node's, None where the kind of message has none."""

    at: datetime | None
    seq: int | None
    metrics: tuple[Metric, ...]

    def number(self, name: str) -> int | None:
        """The whole number that the metric of this name holds, if it is there."""
        found = next((metric.raw for metric in self.metrics if metric.name == name), None)
        return found if isinstance(found, int) else None


def decode(data: bytes) -> Payload:
    """Raises PayloadMalformed, and nothing else, whatever the bytes are."""
    try:
        wire = Wire.FromString(data)
        if wire.uuid == COMPRESSED:
            wire = Wire.FromString(_inflated(wire))
        return Payload(
            moment(wire.timestamp) if wire.HasField("timestamp") else None,
            wire.seq if wire.HasField("seq") else None,
            tuple(map(_metric, wire.metrics)),
        )
    except (DecodeError, ValueError, zlib.error) as error:
        msg = f"{len(data)} bytes that are no Sparkplug B payload"
        raise PayloadMalformed(msg) from error


def rebirth_request(now: datetime) -> bytes:
    """The command by which a host asks an edge node to be born again (specification 3.0, 6.4.25)."""
    stamp = (now - EPOCH) // timedelta(milliseconds=1)
    wire = Wire(timestamp=stamp)
    wire.metrics.add(name=REBIRTH, timestamp=stamp, datatype=DataType.BOOLEAN, boolean_value=True)
    found: bytes = wire.SerializeToString()
    return found


def moment(stamp: int) -> datetime | None:
    """Milliseconds since 1970 as a time; None for 0, which clocks say that were never set, and beyond the year 9999."""
    try:
        return EPOCH + timedelta(milliseconds=stamp) if stamp else None
    except OverflowError:
        return None


def worth(metric: Metric, datatype: int) -> object:
    """The value of a metric of this data type; None where it is null. Raises Unreadable."""
    value = metric.raw
    if metric.null or (value is None and datatype in _READ):
        return None
    if isinstance(value, bool) and datatype in {DataType.BOOLEAN, 0}:
        return value
    if isinstance(value, str) and (datatype in _TEXTS or datatype == 0):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool):
        found = _number(value, datatype)
        if found is not None:
            return found
    msg = f"is {_kind(datatype)}" + ("" if value is None else f", and holds {_seen(value)}")
    raise Unreadable(msg)


def _number(value: int | float, datatype: int) -> int | float | str | None:
    """The number as its type means it; None where the type is none of a number's."""
    if datatype in _MEASURES:
        return value
    if not isinstance(value, int):
        return None
    if datatype in _SIGNED:
        return signed(value, _SIGNED[DataType(datatype)])
    if datatype in _UNSIGNED:
        return value & ((1 << _UNSIGNED[DataType(datatype)]) - 1)
    at = moment(value) if datatype == DataType.DATE_TIME else None
    return at.isoformat() if at else None


def signed(value: int, bits: int) -> int:
    """An integer that arrived unsigned as the two's complement that it is: signed types share the unsigned fields."""
    value &= (1 << bits) - 1
    return value - (1 << bits) if value >> (bits - 1) else value


def _kind(datatype: int) -> str:
    if datatype in _READ:
        return f"of type {DataType(datatype).name.title().replace('_', '')}"
    return _OTHERS.get(datatype) or ("an array" if 22 <= datatype <= 34 else f"of the unknown data type {datatype}")


def _seen(value: object) -> str:
    return f"{len(value)} bytes" if isinstance(value, bytes) else repr(value)[:40]


def _metric(wire: Any) -> Metric:
    # The library hands out bytes where a text is not UTF-8.
    if not isinstance(wire.name, str) or not isinstance(wire.string_value, str):
        msg = "a payload with a text that is not UTF-8"
        raise PayloadMalformed(msg)
    field = next((name for name in _FIELDS if wire.HasField(name)), None)
    return Metric(
        wire.name,
        wire.alias if wire.HasField("alias") else None,
        moment(wire.timestamp),
        wire.datatype,
        getattr(wire, field) if field else None,
        wire.is_null,
        wire.is_historical,
        _quality(wire.properties) if wire.HasField("properties") else Quality.GOOD,
        _unit(wire.properties) if wire.HasField("properties") else "",
    )


_QUALITIES: Mapping[int, Quality] = {192: Quality.GOOD, 500: Quality.UNCERTAIN, 0: Quality.BAD}
"""The codes of the property `Quality` (specification 3.0, 6.4.19): good, stale, bad."""


def _quality(properties: Any) -> Quality:
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key == "Quality" and not value.is_null:
            code = value.int_value if value.HasField("int_value") else value.long_value
            return _QUALITIES.get(code, Quality.UNCERTAIN)
    return Quality.GOOD


def _unit(properties: Any) -> str:
    """The property `engUnit`, by which edge nodes tell engineering units."""
    for key, value in zip(properties.keys, properties.values, strict=False):
        if key == "engUnit" and isinstance(value.string_value, str):
            return value.string_value
    return ""


def _inflated(wire: Any) -> bytes:
    """The body of a compressed payload: deflated (with zlib's header) or gzip, which the header tells apart."""
    unpacker = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)
    found = unpacker.decompress(wire.body, LARGEST)
    if not unpacker.eof:
        msg = "a compressed payload that is cut off, or larger than any payload should be"
        raise ValueError(msg)
    return found
