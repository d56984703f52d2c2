"""A network that can be cut: a TCP relay on loopback."""

import asyncio
from dataclasses import dataclass, field

from edge.bench.rig import LOOPBACK

PIECE = 65_536


@dataclass
class Net:
    """Forwards `port` to `target` while it is up; `cut` breaks every connection and lets nobody through."""

    target: int
    port: int
    _server: asyncio.Server | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._carry, LOOPBACK, self.port)

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _carry(self, near: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None:
            return
        self._tasks.add(task)
        ends = [writer]
        try:
            far, out = await asyncio.open_connection(LOOPBACK, self.target)
            ends.append(out)
            await asyncio.gather(_pipe(near, out), _pipe(far, writer))
        except (OSError, asyncio.CancelledError):
            pass
        finally:
            for end in ends:
                end.transport.abort()
            self._tasks.discard(task)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(PIECE):
        writer.write(data)
        await writer.drain()
    writer.transport.abort()
