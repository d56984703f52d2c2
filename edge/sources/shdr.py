"""Reads the lines that MTConnect adapters send (SHDR), as observations: pairs, conditions, messages, assets to skip."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from edge.sources.mtconnect_model import UNAVAILABLE, DataItem, Observation
from edge.sources.mtconnect_xml import moment

MULTILINE = "--multiline--"
LEVELS = {"NORMAL", "WARNING", "FAULT", UNAVAILABLE}
_QUOTED = re.compile(r'"((?:\\.|[^"\\])*)"(?=\||$)')


@dataclass(frozen=True, slots=True)
class Fault:
    """A line that says nothing usable, by its number from 1."""

    line: int
    problem: str


def parse(lines: Iterable[str], items: Mapping[str, DataItem]) -> Iterator[Observation | Fault]:
    """What the lines say, in their order. `items`: data items by the key that the adapter writes; may be empty.

    Only with them can a condition or a message be told from pairs that look alike.
    """
    end, opened = "", 0
    number = 0
    for number, line in enumerate(lines, 1):
        text = line.rstrip("\r\n")
        if end:
            end = "" if text.strip() == end else end
        elif text.strip() and not text.startswith("*"):
            end, opened = _opening(text), number
            yield from _line(text, number, items)
    if end:
        yield Fault(opened, f"begins text of many lines whose end {end!r} never comes; the recording was cut off")


def _opening(line: str) -> str:
    """The mark that ends the text of many lines which this line begins; empty if it does not."""
    _, found, tail = line.rpartition(MULTILINE)
    return found + tail.strip() if found else ""


def _line(text: str, number: int, items: Mapping[str, DataItem]) -> Iterator[Observation | Fault]:
    stamp, *fields = split(text)
    at = moment(stamp.partition("@")[0])
    if at is None:
        yield Fault(number, f"begins with {stamp[:40]!r}, which is no time; a line is `time|item|value…`")
    elif fields and not (fields[0].startswith("@") and fields[0].endswith("@")):
        yield from _fields(at, fields, number, items)


def _fields(
    at: datetime, fields: list[str], number: int, items: Mapping[str, DataItem]
) -> Iterator[Observation | Fault]:
    key = _key(fields[0])
    kind = _kind(fields, items.get(key))
    if kind == "condition":
        level = fields[1].strip().upper() if len(fields) > 1 else ""
        code = fields[2].strip() if len(fields) > 2 else ""
        if level in LEVELS:
            yield Observation(key, None if level == UNAVAILABLE else level, at, None, "CONDITION", code)
        else:
            yield Fault(number, f"condition {key} has level {level[:40]!r}, not NORMAL, WARNING, FAULT or UNAVAILABLE")
    elif kind == "last":
        yield Observation(key, _value(fields[-1] if len(fields) > 1 else ""), at)
    else:
        yield from _pairs(at, fields, number)


def _pairs(at: datetime, fields: list[str], number: int) -> Iterator[Observation | Fault]:
    """Item and value by turns. A single item at the end has an empty value, as some adapters write it."""
    for index in range(0, len(fields), 2):
        key, value = _key(fields[index]), fields[index + 1] if index + 1 < len(fields) else ""
        if key:
            yield Observation(key, _value(value), at)
        elif value:
            yield Fault(number, "has a value without an item")


def _kind(fields: list[str], item: DataItem | None) -> str:
    """How a line is read whose first item this is: as one condition, as one item's last field, or as pairs."""
    if item is not None:
        if item.category == "CONDITION":
            return "condition"
        return "last" if item.type in {"MESSAGE", "ALARM"} else "pairs"
    looks = len(fields) == 6 and fields[1].strip().upper() in LEVELS and not any(fields[2:4])
    return "condition" if looks else "pairs"


def _key(text: str) -> str:
    """The item; a device may stand before it."""
    return text.strip().rpartition(":")[2]


def _value(text: str) -> str | None:
    text = text.strip()
    return None if text == UNAVAILABLE else text


def split(line: str) -> list[str]:
    r"""The fields of a line. A field in double quotes may hold `\|`."""
    if '"' not in line:
        return line.split("|")
    fields, place = [], 0
    while True:
        quoted = _QUOTED.match(line, place)
        if quoted:
            fields.append(re.sub(r"\\(.)", r"\1", quoted[1]))
            place = quoted.end()
        else:
            end = line.find("|", place)
            fields.append(line[place:] if end < 0 else line[place:end])
            place = len(line) if end < 0 else end
        if place >= len(line):
            return fields
        place += 1
