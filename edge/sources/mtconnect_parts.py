"""Cuts a multipart/x-mixed-replace answer into its documents as the bytes come in."""

from dataclasses import dataclass, field
from email.message import Message

from edge.sources.mtconnect_model import NotMtconnect

LARGEST = 32_000_000
"""Bytes of one document, at most."""

_WIDEST_HEAD = 8_192


def boundary_of(content_type: str) -> bytes | None:
    """The boundary that a multipart answer announces; None for an answer that is one document."""
    message = Message()
    message["Content-Type"] = content_type
    if message.get_content_maintype() != "multipart":
        return None
    found = message.get_boundary()
    if not found:
        msg = f"answers with {content_type!r}, which names no boundary; look at the agent"
        raise NotMtconnect(msg)
    return found.encode("latin-1", "replace")


@dataclass
class Parts:
    """Feed it bytes; it hands out whole documents. A part ends after its Content-length, or at the next boundary."""

    boundary: bytes
    largest: int = LARGEST
    _rest: bytearray = field(default_factory=bytearray, init=False)

    def feed(self, data: bytes) -> list[bytes]:
        """The documents that are whole now. Raises NotMtconnect for what no agent sends."""
        self._rest += data
        found = []
        while (part := self._next()) is not None:
            found.append(part)
        if len(self._rest) > self.largest + _WIDEST_HEAD:
            msg = f"sends a document of more than {self.largest:,} bytes; lower `count`"
            raise NotMtconnect(msg)
        return [part for part in found if part.strip()]

    def _next(self) -> bytes | None:
        """The first whole part, taken out of what is there; empty for one without content."""
        start = self._rest.find(self.boundary)
        if start < 0:
            return None
        head = start + len(self.boundary)
        length, body = self._head(head)
        if body is None:
            return None
        end = body + length if length is not None else self._rest.find(self.boundary, body)
        if end < 0 or end > len(self._rest):
            return None
        part = bytes(self._rest[body:end])
        if length is None:
            part = part.rstrip(b"-").rstrip(b"\r\n")
        del self._rest[:end]
        return part

    def _head(self, start: int) -> tuple[int | None, int | None]:
        """The length that the part announces, and where its body begins; (None, None) while its head is not whole."""
        ends = [(at, len(mark)) for mark in (b"\r\n\r\n", b"\n\n") if (at := self._rest.find(mark, start)) >= 0]
        if not ends:
            if len(self._rest) - start > _WIDEST_HEAD:
                msg = "sends a part whose head does not end; look at the agent"
                raise NotMtconnect(msg)
            return None, None
        at, width = min(ends)
        return _length(bytes(self._rest[start:at])), at + width


def _length(head: bytes) -> int | None:
    for line in head.splitlines():
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return _size(value.strip())
    return None


def _size(value: bytes) -> int:
    if value.isdigit() and len(value) <= 12 and int(value) <= LARGEST:
        return int(value)
    msg = f"announces a part of {value[:40].decode('latin-1')!r} bytes; lower `count`"
    raise NotMtconnect(msg)
