"""A small MTConnect agent for tests and trials: a numbered buffer behind HTTP, with streams, restarts and overruns."""

import asyncio
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit
from xml.sax.saxutils import escape, quoteattr

from edge.sources.loopback import Loopback

BOUNDARY = "thirdshift-fake"
CONDITIONS = ("NORMAL", "WARNING", "FAULT")
VERSION = "2.0"

Answer = Callable[[str, Mapping[str, str]], bytes | None]
"""Of a request's name and query: the whole HTTP answer in place of the right one; None for the right one."""


@dataclass(frozen=True, slots=True)
class Item:
    """One data item: its category, its type, and the component that has it."""

    type: str
    category: str = "EVENT"
    component: str = "Path"
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """One observation in the buffer."""

    sequence: int
    item: str
    value: str
    at: datetime
    code: str = ""


@dataclass
class FakeAgent:
    """One device with these data items. `streams`: whether it can stream. `answer`: bad manners, for tests."""

    items: Mapping[str, Item]
    now: Callable[[], datetime]
    device: str = "Mill"
    size: int = 64
    streams: bool = True
    numbered: bool = True
    answer: Answer | None = None
    port: int = 0
    instance: int = 1
    asked: list[str] = field(default_factory=list)
    _buffer: list[Said] = field(default_factory=list, init=False)
    _next: int = field(default=1, init=False)
    _line: Loopback = field(init=False)

    def __post_init__(self) -> None:
        self._line = Loopback(self._talk)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def say(self, item: str, value: str, at: datetime | None = None, code: str = "") -> None:
        """The machine's item has this value now."""
        self._buffer.append(Said(self._next, item, value, at or self.now(), code))
        self._next += 1
        del self._buffer[: -self.size]

    def forget(self) -> None:
        """The agent was started anew: another instance, an empty buffer, nothing known yet."""
        self.instance, self._next = self.instance + 1, 1
        self._buffer.clear()
        for name, item in self.items.items():
            self.say(name, "NORMAL" if item.category == "CONDITION" else "UNAVAILABLE")

    async def start(self) -> None:
        if not self._buffer:
            self.instance -= 1
            self.forget()
        self.port = await self._line.open(self.port)

    async def stop(self) -> None:
        """Hang up on everybody; the buffer stays."""
        await self._line.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        await self._serve(head.split(b" ", 2)[1].decode(), writer)

    async def _serve(self, target: str, writer: asyncio.StreamWriter) -> None:
        parts = urlsplit(target)
        request, query = parts.path.strip("/"), {key: each[0] for key, each in parse_qs(parts.query).items()}
        self.asked.append(request)
        own = self.answer(request, query) if self.answer else None
        if own is not None:
            writer.write(own)
        elif request == "sample" and "interval" in query and self.streams:
            await self._stream(query, writer)
        else:
            writer.write(http(self.document(request, query)))
        await writer.drain()

    async def _stream(self, query: Mapping[str, str], writer: asyncio.StreamWriter) -> None:
        kind = f"multipart/x-mixed-replace;boundary={BOUNDARY}"
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n".encode())
        place, beat = int(query["from"]), int(query.get("heartbeat", "10000")) / 1000
        loop = asyncio.get_running_loop()
        told = 0.0
        while True:
            if self._next > place or loop.time() - told > beat:
                document = self.document("sample", {**query, "from": str(place)})
                head = f"--{BOUNDARY}\r\nContent-type: text/xml\r\nContent-length: {len(document)}\r\n\r\n"
                writer.write(head.encode() + document + b"\r\n")
                await writer.drain()
                place, told = min(self._next, place + int(query["count"])), loop.time()
            await asyncio.sleep(int(query["interval"]) / 1000)

    def document(self, request: str, query: Mapping[str, str]) -> bytes:
        """The answer to one request."""
        match request:
            case "probe":
                return self._probe()
            case "current":
                return self._current(query)
            case "sample":
                return self._sample(query)
            case _:
                return self._error("UNSUPPORTED", f"there is no {request}")

    def _sample(self, query: Mapping[str, str]) -> bytes:
        first = self._buffer[0].sequence if self._buffer else self._next
        start, count = int(query.get("from", str(first))), int(query.get("count", "100"))
        if not first <= start <= self._next:
            return self._error("OUT_OF_RANGE", f"'from' must be between {first} and {self._next}")
        chosen = [each for each in self._buffer if start <= each.sequence < start + count]
        return self._streams_document(chosen, min(self._next, start + count), query)

    def _current(self, query: Mapping[str, str]) -> bytes:
        latest: dict[tuple[str, str], Said] = {}
        for each in self._buffer:
            if self.items[each.item].category != "CONDITION" or (each.value == "NORMAL" and not each.code):
                latest = {key: said for key, said in latest.items() if key[0] != each.item}
            latest[each.item, each.code] = each
        return self._streams_document(list(latest.values()), self._next, query)

    def _streams_document(self, said: list[Said], following: int, query: Mapping[str, str]) -> bytes:
        wanted = set(re.findall(r'@id="([^"]+)"', query.get("path", "")))
        chosen = [each for each in said if not wanted or each.item in wanted]
        inner = "".join(self._component(each) for each in chosen)
        device = f"<DeviceStream name={quoteattr(self.device)} uuid={quoteattr(self.device)}>{inner}</DeviceStream>"
        return self._wrap("Streams", f"<Streams>{device}</Streams>", following)

    def _component(self, said: Said) -> str:
        item = self.items[said.item]
        given = f'dataItemId="{said.item}" timestamp="{said.at.isoformat().replace("+00:00", "Z")}"'
        given += f' sequence="{said.sequence}"' if self.numbered else ""
        if item.category == "CONDITION":
            code = f" nativeCode={quoteattr(said.code)}" if said.code else ""
            group, inner = "Condition", f'<{said.value.title()} {given} type="{item.type}"{code}/>'
        else:
            tag = item.type.title().replace("_", "")
            group, inner = f"{item.category.title()}s", f"<{tag} {given}>{escape(said.value)}</{tag}>"
        return (
            f'<ComponentStream component="{item.component}" componentId="c">'
            f"<{group}>{inner}</{group}></ComponentStream>"
        )

    def _probe(self) -> bytes:
        items = "".join(
            f"<{item.component} id={quoteattr('c-' + name)} name={quoteattr(item.component.lower())}><DataItems>"
            f'<DataItem id="{name}" category="{item.category}" type="{item.type}"'
            f"{f' name={quoteattr(item.name)}' if item.name else ''}/></DataItems></{item.component}>"
            for name, item in self.items.items()
        )
        name = quoteattr(self.device)
        device = f"<Device id={name} name={name} uuid={name}><Components>{items}</Components></Device>"
        return self._wrap("Devices", f"<Devices>{device}</Devices>", None)

    def _error(self, code: str, words: str) -> bytes:
        return self._wrap("Error", f'<Errors><Error errorCode="{code}">{escape(words)}</Error></Errors>', None)

    def _wrap(self, kind: str, inner: str, following: int | None) -> bytes:
        numbers = ""
        if following is not None and self.numbered:
            first = self._buffer[0].sequence if self._buffer else self._next
            numbers = f' firstSequence="{first}" lastSequence="{self._next - 1}" nextSequence="{following}"'
        header = f'<Header instanceId="{self.instance}" version="{VERSION}.0"{numbers}/>'
        space = f"urn:mtconnect.org:MTConnect{kind}:{VERSION}"
        return f'<?xml version="1.0"?><MTConnect{kind} xmlns="{space}">{header}{inner}</MTConnect{kind}>'.encode()


def http(body: bytes, status: str = "200 OK", kind: str = "text/xml") -> bytes:
    """A whole HTTP answer."""
    head = f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    return head.encode() + body
