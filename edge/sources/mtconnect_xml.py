"""Reads an MTConnect document from bytes, and believes nothing: no entities, no depth without end, no half document."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from xml.parsers import expat

from edge.sources.mtconnect_model import (
    UNAVAILABLE,
    Category,
    Complaint,
    DataItem,
    Device,
    Devices,
    Document,
    Header,
    NotMtconnect,
    Observation,
    Streams,
)

DEEPEST = 64
"""Elements inside one another, at most; real device models stay below 20."""

_NAMESPACE = re.compile(r"urn:mtconnect\.(?:org|com):MTConnect\w+:(\d+)\.(\d+)")
_CATEGORIES: Mapping[str, Category] = {
    "Samples": "SAMPLE",
    "Events": "EVENT",
    "Condition": "CONDITION",
    "Conditions": "CONDITION",
}
_NAMED: Mapping[str, Category] = {"SAMPLE": "SAMPLE", "EVENT": "EVENT", "CONDITION": "CONDITION"}
_LEVELS = ("Normal", "Warning", "Fault", "Unavailable")


@dataclass
class _Element:
    """An element by its local name; extensions of the standard live in other namespaces and are read alike."""

    tag: str
    space: str
    attributes: Mapping[str, str]
    text: str = ""
    inner: "list[_Element]" = field(default_factory=list)

    def named(self, tag: str) -> "Iterator[_Element]":
        return (each for each in self.inner if each.tag == tag)


def read(data: bytes) -> Document:
    """The document that `data` is. Raises NotMtconnect, whose message says what is there instead."""
    root = _tree(data)
    if root.tag not in _READERS:
        msg = f"answers with <{root.tag[:60]}>, which is no MTConnect document; check that the address is the agent's"
        raise NotMtconnect(msg)
    _check_version(root)
    return _READERS[root.tag](root, _header(root))


def moment(text: str | None) -> datetime | None:
    """A stamp in UTC; one without a zone is UTC, as the standard asks. None for what is no time."""
    try:
        at = datetime.fromisoformat((text or "").strip())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _check_version(root: _Element) -> None:
    """Agents that leave the namespace out are taken at their word; another major version is not."""
    if not root.space:
        return
    found = _NAMESPACE.fullmatch(root.space)
    if found is None:
        msg = f"answers in the namespace {root.space[:100]!r}, which is not MTConnect's; check the agent"
        raise NotMtconnect(msg)
    if found[1] not in {"1", "2"}:
        msg = f"speaks MTConnect {found[1]}.{found[2]}, and 1.x and 2.x are understood here; set the agent's version"
        raise NotMtconnect(msg)


def _tree(data: bytes) -> _Element:
    top = _Element("", "", {})
    stack = [top]

    def start(name: str, attributes: dict[str, str]) -> None:
        if len(stack) > DEEPEST:
            msg = f"nests more than {DEEPEST} elements; that is no MTConnect document"
            raise NotMtconnect(msg)
        space, _, tag = name.rpartition(" ")
        element = _Element(tag, space, {key.rpartition(" ")[2]: value for key, value in attributes.items()})
        stack[-1].inner.append(element)
        stack.append(element)

    def end(_: str) -> None:
        stack.pop()

    def text(found: str) -> None:
        stack[-1].text += found

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
    parser.StartDoctypeDeclHandler = _no_doctype
    try:
        parser.Parse(data, True)
    except expat.ExpatError as error:
        raise NotMtconnect(_broken(data, error)) from error
    except (ValueError, LookupError) as error:
        msg = f"answers in an encoding that cannot be read ({error}); the agent must send UTF-8"
        raise NotMtconnect(msg) from error
    return top.inner[0]


def _no_doctype(name: str, *_: object) -> None:
    msg = f"answers with a document type declaration ({name[:60]}): a web page, or entities, which are refused"
    raise NotMtconnect(msg)


def _broken(data: bytes, error: expat.ExpatError) -> str:
    codes = expat.errors.codes
    cut = {codes[getattr(expat.errors, name)] for name in ("XML_ERROR_UNCLOSED_TOKEN", "XML_ERROR_NO_ELEMENTS")}
    if not data.strip():
        return "answers with an empty document; look at the agent's log"
    where = f"line {error.lineno}, column {error.offset}"
    if error.code in cut:
        return f"sends a document that ends in the middle ({where}); the agent or the network cut it off"
    return f"sends broken XML: {expat.ErrorString(error.code)} at {where}; look at the agent's log"


def _header(root: _Element) -> Header:
    found = next(root.named("Header"), None)
    given = found.attributes if found else {}
    return Header(
        given.get("instanceId", ""),
        given.get("version", ""),
        _number(given.get("firstSequence")),
        _number(given.get("lastSequence")),
        _number(given.get("nextSequence")),
    )


def _number(text: str | None) -> int | None:
    """Sequence numbers are unsigned and 64 bits wide; anything else is none."""
    text = (text or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 20 else None


def _complaint(root: _Element, header: Header) -> Complaint:
    """Since version 1.1 errors stand in `Errors`, before one alone stood in the root; 2.6 names other elements too."""
    lists = [*root.named("Errors"), root]
    errors = [each for found in lists for each in found.inner if "errorCode" in each.attributes]
    return Complaint(header, tuple((each.attributes["errorCode"], _words(each)) for each in errors))


def _words(error: _Element) -> str:
    inner = " ".join(each.text for each in error.named("ErrorMessage"))
    return " ".join((inner or error.text).split())[:300]


def _devices(root: _Element, header: Header) -> Devices:
    found = [_device(each) for group in root.named("Devices") for each in group.named("Device")]
    return Devices(header, tuple(found))


def _device(element: _Element) -> Device:
    given = element.attributes
    return Device(given.get("id", ""), given.get("name", ""), given.get("uuid", ""), tuple(_items(element)))


def _items(component: _Element) -> Iterator[DataItem]:
    given = component.attributes
    own = (component.tag, given.get("id", ""), given.get("name"))
    for group in component.named("DataItems"):
        for each in group.named("DataItem"):
            yield _item(each.attributes, own)
    for group in component.named("Components"):
        for each in group.inner:
            yield from _items(each)


def _item(given: Mapping[str, str], component: tuple[str, str, str | None]) -> DataItem:
    category: Category = _NAMED.get(given.get("category", ""), "EVENT")
    return DataItem(
        given.get("id", ""),
        given.get("name"),
        category,
        given.get("type", ""),
        given.get("subType"),
        component,
        given.get("units"),
    )


def _streams(root: _Element, header: Header) -> Streams:
    found = [
        each
        for streams in root.named("Streams")
        for device in streams.named("DeviceStream")
        for component in device.named("ComponentStream")
        for group in component.inner
        if group.tag in _CATEGORIES
        for each in _observations(group)
    ]
    return Streams(header, tuple(sorted(found, key=lambda each: each.sequence or 0)))


def _observations(group: _Element) -> Iterator[Observation]:
    category = _CATEGORIES[group.tag]
    for each in group.inner:
        given = each.attributes
        item = given.get("dataItemId")
        if item is None:
            continue
        at, sequence = moment(given.get("timestamp")), _number(given.get("sequence"))
        if category == "CONDITION":
            level = _level(each)
            code = given.get("conditionId") or given.get("nativeCode") or ""
            yield Observation(item, level, at, sequence, category, code)
        else:
            yield Observation(item, _value(each), at, sequence, category)


def _level(element: _Element) -> str | None:
    """The level is the element's name; old agents put it into the text."""
    name = element.tag if element.tag in _LEVELS else element.text.strip().title()
    return None if name == "Unavailable" or name not in _LEVELS else name.upper()


def _value(element: _Element) -> str | Mapping[str, str] | None:
    entries = list(element.named("Entry"))
    if entries:
        return {each.attributes.get("key", ""): each.text.strip() for each in entries}
    text = element.text.strip()
    return None if text == UNAVAILABLE else text


_READERS: Mapping[str, Callable[[_Element, Header], Document]] = {
    "MTConnectDevices": _devices,
    "MTConnectStreams": _streams,
    "MTConnectError": _complaint,
}
