"""A small Modbus TCP server for tests and trials: units with tables of words, exceptions, and silence."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field

from edge.sources.loopback import Loopback

FUNCTIONS = {1: "coil", 2: "discrete", 3: "holding", 4: "input"}
"""Function codes that read (Modbus Application Protocol 1.1b3, 6)."""

Answer = Callable[[bytes], bytes | None]
"""Of a whole request: the whole answer in place of the right one; None for the right one, empty for none at all."""


@dataclass
class FakePlc:
    """`words`: values by (unit, table, address). Units in `deaf` never answer; `answer`: bad manners, for tests."""

    words: dict[tuple[int, str, int], int] = field(default_factory=dict)
    deaf: set[int] = field(default_factory=set)
    codes: dict[int, int] = field(default_factory=dict)
    answer: Answer | None = None
    port: int = 0
    asked: list[tuple[int, int, int, int]] = field(default_factory=list)
    connections: int = 0
    _line: Loopback = field(init=False)

    def __post_init__(self) -> None:
        self._line = Loopback(self._talk)

    def set(self, unit: int, table: str, address: int, *words: int) -> None:
        """Words or bits from `address` on take these values."""
        self.words.update({(unit, table, address + offset): word for offset, word in enumerate(words)})

    async def start(self) -> None:
        self.port = await self._line.open(self.port)

    async def stop(self) -> None:
        """Hang up on everybody; the words stay."""
        await self._line.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while True:
            head = await reader.readexactly(6)
            request = head + await reader.readexactly(int.from_bytes(head[4:6], "big"))
            writer.write(self._reply(request))
            await writer.drain()

    def _reply(self, request: bytes) -> bytes:
        unit, function = request[6], request[7]
        start, count = int.from_bytes(request[8:10], "big"), int.from_bytes(request[10:12], "big")
        self.asked.append((unit, function, start, count))
        own = self.answer(request) if self.answer else None
        if own is not None or unit in self.deaf:
            return own or b""
        code = self.codes.get(unit)
        wanted = [self.words.get((unit, FUNCTIONS.get(function, ""), start + offset)) for offset in range(count)]
        found = [word for word in wanted if word is not None]
        if code or len(found) < count:
            return frame(request, bytes([function | 0x80, code or (2 if function in FUNCTIONS else 1)]))
        body = _bits(found) if function in {1, 2} else b"".join(word.to_bytes(2, "big") for word in found)
        return frame(request, bytes([function, len(body)]) + body)


def frame(request: bytes, pdu: bytes) -> bytes:
    """An answer to the request, with its transaction and unit."""
    return request[:4] + (len(pdu) + 1).to_bytes(2, "big") + request[6:7] + pdu


def _bits(values: list[int]) -> bytes:
    packed = sum(bool(value) << index for index, value in enumerate(values))
    return packed.to_bytes(-(-len(values) // 8), "little")
