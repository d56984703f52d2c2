"""Opens the agent's doors: the socket in its data folder, and the loopback port if the config names one."""

import asyncio
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress

from edge.errors import FileInvalid
from edge.local import socket as sockets
from edge.local.door import Door
from edge.local.http import Handle, answer
from edge.local.noticeboard import Noticeboard
from edge.station import Station

AT_ONCE = 32
"""Connections served at the same time at each door; those beyond wait."""


async def serve(station: Station, broker: Callable[[], bool]) -> None:
    """Serve until cancelled. `broker`: whether it is connected. Raises FileInvalid for a port that is taken."""
    config, trouble = station.config, station.agent.trouble
    board = Noticeboard(station.book, config.agent, config.local.bookings or config.data, trouble)
    async with AsyncExitStack() as stack:
        if config.local.port is not None:
            await _open(stack, _port(config.local.port), Door(station, board, broker).handle)
        try:
            found = sockets.listening(config.data)
        except OSError as error:
            trouble.comes("socket", f"{config.data / sockets.NAME}: {error.strerror}; status comes from its file only")
        else:
            stack.callback((config.data / sockets.NAME).unlink, missing_ok=True)
            await _open(stack, found, Door(station, board, broker, may_act=True).handle)
        await board.run()


def _port(port: int) -> socket.socket:
    try:
        return sockets.loopback(port)
    except OSError as error:
        msg = f"local.port: {port} on 127.0.0.1: {error.strerror}; choose another port"
        raise FileInvalid(msg) from error


async def _open(stack: AsyncExitStack, found: socket.socket, handle: Handle) -> None:
    tasks: set[asyncio.Task[None]] = set()
    room = asyncio.Semaphore(AT_ONCE)

    async def one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        tasks.add(task)  # type: ignore[arg-type]
        try:
            async with room:
                await answer(handle, reader, writer)
        except asyncio.CancelledError:
            pass  # the agent ends; asyncio's own handler would log this as an error
        finally:
            tasks.discard(task)

    server = await asyncio.start_server(one, sock=found) if found.family == socket.AF_INET else None
    server = server or await asyncio.start_unix_server(one, sock=found)

    async def close() -> None:
        server.close()
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=2.0)
        with suppress(TimeoutError):
            await asyncio.wait_for(server.wait_closed(), 2.0)

    stack.push_async_callback(close)
