"""The listening side of the fake peers: takes connections on loopback, and hangs up on all of them at once."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
"""What is said over one connection."""


@dataclass
class Loopback:
    """A server of `talk`. A peer that hangs up ends its own talk."""

    talk: Talk
    _server: asyncio.Server | None = field(default=None, init=False)
    _talks: set["asyncio.Task[None]"] = field(default_factory=set, init=False)

    async def open(self, port: int) -> int:
        """The port on which it listens: that one, or any if it is 0."""
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", port)
        found: int = self._server.sockets[0].getsockname()[1]
        return found

    async def close(self) -> None:
        """Hang up on everybody."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        for talk in list(self._talks):
            talk.cancel()
        await asyncio.gather(*self._talks, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talk = asyncio.current_task()
        assert talk is not None  # noqa: S101 - a connection's callback is a task
        self._talks.add(talk)
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                await self.talk(reader, writer)
        except asyncio.CancelledError:
            pass
        finally:
            self._talks.discard(talk)
            writer.close()
