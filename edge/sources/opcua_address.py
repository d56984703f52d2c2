"""How a node is written in a profile or a config, so that it survives a server whose namespaces changed places.

Two notations:

- a node id with its namespace's URI (OPC 10000-6, 5.1.12): `nsu=urn:maker;s=Press.Counter`; `i=2253` in namespace 0;
- a browse path from the Root folder: `/Objects/machinery:Machines/nsu=urn:plant;Press/di:Identification`.

A segment of a path is a plain name (namespace 0), `prefix:Name` with a prefix of `PREFIXES`, `nsu=URI;Name`, or `;Name`
where its namespace is that of the segment before it: `nsu=urn:maker;Press/;Axis/;Speed`. The
characters `/ : &` inside a name are written `&/ &: &&` (OPC 10000-4, A.2). A path that does not begin with `/` is
relative to the machine's own node, which may itself be written either way. Namespace *indices* are refused: they move
when a server restarts.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from gateway.errors import UsageError

BASE = "http://opcfoundation.org/UA/"
PREFIXES = {
    "di": BASE + "DI/",
    "machinery": BASE + "Machinery/",
    "jobs": BASE + "Machinery/Jobs/",
    "machinetool": BASE + "MachineTool/",
    "isa95": BASE + "ISA95-JOBCONTROL_V2/",
    "packml": BASE + "PackML/",
    "ia": BASE + "IA/",
    "imm2mes": BASE + "PlasticsRubber/IMM2MES/",
    "plastics": BASE + "PlasticsRubber/GeneralTypes/",
}
"""Of companion specifications: OPC 10000-100, 40001-1, 40001-3, 40501-1, 10031-4, 30050, 10000-200, 40077, 40083."""

_IDENTIFIER = re.compile(r"(?:nsu=([^;]+);)?(i=\d+|g=[0-9A-Fa-f-]{36}|[sb]=.+)", re.DOTALL)
_INDEX = re.compile(r"(?:ns=\d+;|\d+:)")


class AddressError(UsageError):
    """A node address that cannot be read; the message says which part, and how to write it."""

    code = "opcua.address"


@dataclass(frozen=True, slots=True)
class NodeRef:
    """A node id whose namespace is named by its URI; `text` is the rest, as in `s=Press.Counter`."""

    uri: str
    text: str

    def __str__(self) -> str:
        return self.text if self.uri == BASE else f"nsu={self.uri};{self.text}"


@dataclass(frozen=True, slots=True)
class Segment:
    """One browse name of a path."""

    uri: str
    name: str

    def __str__(self) -> str:
        escaped = _escaped(self.name)
        prefix = next((prefix for prefix, uri in PREFIXES.items() if uri == self.uri), None)
        if self.uri == BASE:
            return escaped
        return f"{prefix}:{escaped}" if prefix else f"nsu={self.uri};{escaped}"


@dataclass(frozen=True, slots=True)
class Address:
    """Where a node is: from `start`, down the hierarchical references of `path`."""

    start: NodeRef
    path: tuple[Segment, ...] = ()

    def __str__(self) -> str:
        shown = joined(self.path)
        if self.start == ROOT:
            return f"/{shown}"
        return f"{self.start}/{shown}" if self.path else str(self.start)


def joined(path: Sequence[Segment]) -> str:
    """A path as it is written; a namespace without a prefix stands once for the segments that follow in it."""
    found: list[str] = []
    for before, segment in zip([None, *path], path, strict=False):
        same = before is not None and before.uri == segment.uri and str(segment).startswith("nsu=")
        found.append(f";{_escaped(segment.name)}" if same else str(segment))
    return "/".join(found)


def _escaped(name: str) -> str:
    return re.sub(r"^;|[&/:]", lambda match: f"&{match[0]}", name)


ROOT = NodeRef(BASE, "i=84")
OBJECTS = Address(ROOT, (Segment(BASE, "Objects"),))


def parse(text: str, within: Address = OBJECTS) -> Address:
    """The address that `text` writes; a relative path starts at `within`. Raises AddressError."""
    text = text.strip()
    if not text:
        msg = "an empty node address; write `nsu=URI;s=…` or a browse path"
        raise AddressError(msg)
    if text.startswith("/"):
        return Address(ROOT, _segments(text[1:], text))
    if text.startswith("ns="):
        raise AddressError(_about_index(text))
    match = _IDENTIFIER.fullmatch(text)
    if match:
        return Address(NodeRef(match[1] or BASE, match[2]))
    return Address(within.start, within.path + _segments(text, text))


def _segments(text: str, whole: str) -> tuple[Segment, ...]:
    segments: list[Segment] = []
    rest = text
    while rest:
        segment, rest = _take(rest, whole, segments[-1] if segments else None)
        segments.append(segment)
    return tuple(segments)


def _take(text: str, whole: str, before: Segment | None) -> tuple[Segment, str]:
    """The first segment of a path, and what follows its slash."""
    if text.startswith(";"):
        if before is None:
            msg = f"{whole!r}: `;Name` means the namespace of the segment before it, and there is none; `nsu=URI;Name`"
            raise AddressError(msg)
        uri = before.uri
        name, rest = _name(text[1:])
    elif text.startswith("nsu="):
        uri, found, text = text[4:].partition(";")
        if not found:
            msg = f"{whole!r}: a namespace URI ends with `;`, as in `nsu={uri.rstrip('/')};Name`"
            raise AddressError(msg)
        name, rest = _name(text)
    else:
        if _INDEX.match(text):
            raise AddressError(_about_index(whole))
        prefix, name, rest = _prefixed(text)
        uri = BASE if prefix is None else _namespace(prefix, whole)
    if not name:
        msg = f"{whole!r}: a path has no empty segment; `&/` writes a slash inside a name"
        raise AddressError(msg)
    return Segment(uri, name), rest


def _prefixed(text: str) -> tuple[str | None, str, str]:
    prefix = re.match(r"([A-Za-z][A-Za-z0-9]*):", text)
    if prefix is None:
        return (None, *_name(text))
    return (prefix[1], *_name(text[prefix.end() :]))


def _name(text: str) -> tuple[str, str]:
    """An unescaped name up to the next bare slash, and the rest."""
    match = re.match(r"((?:&.|[^/&])*)(?:/|$)", text, re.DOTALL)
    if match is None:
        msg = f"{text!r} ends in a lone `&`; write `&&`"
        raise AddressError(msg)
    return re.sub(r"&(.)", r"\1", match[1]), text[match.end() :]


def _namespace(prefix: str, whole: str) -> str:
    if prefix.lower() not in PREFIXES:
        msg = f"{whole!r}: no prefix {prefix!r}; known are {', '.join(PREFIXES)}; else write `nsu=URI;Name`"
        raise AddressError(msg)
    return PREFIXES[prefix.lower()]


def _about_index(whole: str) -> str:
    return f"{whole!r} names a namespace by its index, which may move when the server restarts; write `nsu=URI;…`"
