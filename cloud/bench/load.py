"""Calls of an HTTP server, at a pace or as fast as it answers, over lasting connections; how long each took."""

import asyncio
import re
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import orjson

_LENGTH = re.compile(rb"content-length: (\d+)", re.IGNORECASE)

Ask = Callable[[], bytes | None]
"""The next request, whole; None where there is nothing more to ask."""


@dataclass(slots=True)
class Taken:
    """What a run came to: seconds of each answer, their statuses, and the first body that was no success."""

    seconds: float = 0.0
    times: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    refused: bytes = b""

    def note(self, began: float, status: int, body: bytes) -> None:
        self.times.append(time.perf_counter() - began)
        self.statuses[status] += 1
        if status >= 300 and not self.refused:
            self.refused = body[:500]

    def add(self, other: "Taken") -> None:
        self.seconds += other.seconds
        self.times += other.times
        self.statuses += other.statuses
        self.refused = self.refused or other.refused

    @property
    def succeeded(self) -> int:
        return sum(number for status, number in self.statuses.items() if status < 300)

    @property
    def rate(self) -> float:
        """Successes a second."""
        return self.succeeded / self.seconds if self.seconds else 0.0

    def ms(self, share: float) -> float:
        """The time within which this share of the answers came, in milliseconds."""
        ordered = sorted(self.times)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else float("inf")


class _Line(asyncio.Protocol):
    """One connection; one request at a time."""

    def __init__(self) -> None:
        self._got = bytearray()
        self._answer: asyncio.Future[tuple[int, bytes]] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - TCP's is one
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._got += data
        head = self._got.find(b"\r\n\r\n")
        if head < 0:
            return
        length = _LENGTH.search(self._got, 0, head)
        end = head + 4 + int(length[1] if length else 0)
        if len(self._got) >= end and self._answer:
            status, body = int(self._got[9:12]), bytes(self._got[head + 4 : end])
            self._got.clear()
            self._answer.set_result((status, body))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answer and not self._answer.done():
            self._answer.set_exception(error or ConnectionResetError("the server closed the connection"))

    async def ask(self, request: bytes) -> tuple[int, bytes]:
        assert self._transport  # noqa: S101 - it was made before it was given
        self._answer = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport:
            self._transport.close()


@dataclass(frozen=True, slots=True)
class Server:
    """Where to call, and as whom."""

    port: int
    secret: str

    def post(self, path: str, body: object, key: str | None = None) -> bytes:
        """A request as it goes over the line."""
        text = orjson.dumps(body)
        keyed = f"Idempotency-Key: {key}\r\n" if key else ""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: bench\r\nAuthorization: Bearer {self.secret}\r\n{keyed}"
            f"Content-Type: application/json\r\nContent-Length: {len(text)}\r\n\r\n"
        )
        return head.encode() + text

    @asynccontextmanager
    async def lines(self, number: int) -> AsyncIterator[list[_Line]]:
        loop = asyncio.get_running_loop()
        made = [(await loop.create_connection(_Line, "127.0.0.1", self.port))[1] for _ in range(number)]
        try:
            yield made
        finally:
            for line in made:
                line.close()


async def flat_out(server: Server, ask: Ask, seconds: float, lines: int) -> Taken:
    """As fast as it answers, so many at a time."""
    taken = Taken()
    async with server.lines(lines) as made:
        began = time.perf_counter()

        async def caller(line: _Line) -> None:
            while time.perf_counter() - began < seconds and (request := ask()):
                asked = time.perf_counter()
                taken.note(asked, *await line.ask(request))

        await asyncio.gather(*map(caller, made))
        taken.seconds = time.perf_counter() - began
    return taken


async def paced(server: Server, ask: Ask, seconds: float, rate: float, lines: int = 32) -> Taken:
    """So many a second, whether the server keeps up or not: a call's time counts from when it was due."""
    taken, due = Taken(), _moments(seconds, rate)
    async with server.lines(lines) as made:
        began = time.perf_counter()

        async def caller(line: _Line) -> None:
            for moment in due:
                await asyncio.sleep(max(0.0, began + moment - time.perf_counter()))
                if request := ask():
                    taken.note(began + moment, *await line.ask(request))

        await asyncio.gather(*map(caller, made))
        taken.seconds = time.perf_counter() - began
    return taken


def _moments(seconds: float, rate: float) -> Iterator[float]:
    yield from (each / rate for each in range(int(seconds * rate)))
