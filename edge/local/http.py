"""HTTP on the box: one request per connection, small heads and bodies only, answered by one function."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import aclosing, suppress
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import h11
import orjson
import structlog

PATIENCE = 10.0
"""Real seconds in which a request must be here, and in which each piece of an answer must be taken."""

LARGEST = 64 << 10
"""Bytes of a request's body at most."""

JSON, TEXT = "application/json", "text/plain; charset=utf-8"

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Request:
    """What was asked; `query` and the body's document are the caller's and not checked yet."""

    method: str
    path: str
    query: Mapping[str, str]
    host: str
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Response:
    """What is answered: a body, or `stream`, whose pieces are sent as they come until the listener goes."""

    status: int = 200
    kind: str = JSON
    body: bytes = b""
    stream: AsyncIterator[bytes] | None = field(default=None, compare=False)


Handle = Callable[[Request], Awaitable[Response]]


class NotRead(Exception):
    """A request that is none of ours to read: malformed, too long, or not finished in time."""


def told(document: Any, status: int = 200) -> Response:
    """A JSON document as an answer."""
    return Response(status, JSON, orjson.dumps(document))


async def answer(handle: Handle, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Serve one connection, whatever the peer does."""
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=16 << 10)
    try:
        await _send(connection, writer, await _handled(handle, connection, reader))
    except (OSError, TimeoutError, h11.LocalProtocolError):
        pass  # the listener has gone
    finally:
        writer.close()
        with suppress(OSError, TimeoutError):
            await asyncio.wait_for(writer.wait_closed(), 1.0)


async def _handled(handle: Handle, connection: h11.Connection, reader: asyncio.StreamReader) -> Response:
    try:
        async with asyncio.timeout(PATIENCE):
            request = await _read(connection, reader)
    except (NotRead, h11.RemoteProtocolError, TimeoutError, ValueError) as error:
        return told({"error": f"not understood: {error}"}, 400)
    try:
        return await handle(request)
    except Exception:
        log.exception("request failed for a fault in the program, please report it", path=request.path)
        return told({"error": "a fault in the program, see the agent's log"}, 500)


async def _read(connection: h11.Connection, reader: asyncio.StreamReader) -> Request:
    head: h11.Request | None = None
    body = b""
    while True:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            connection.receive_data(await reader.read(LARGEST))
        elif isinstance(event, h11.Request):
            head = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > LARGEST:
                msg = f"more than {LARGEST} bytes"
                raise NotRead(msg)
        elif isinstance(event, h11.EndOfMessage) and head is not None:
            return _request(head, body)
        else:
            msg = "closed before its end"
            raise NotRead(msg)


def _request(head: h11.Request, body: bytes) -> Request:
    target = urlsplit(head.target.decode("ascii"))
    host = next((value.decode("latin-1") for name, value in head.headers if name == b"host"), "")
    return Request(head.method.decode("ascii"), target.path, dict(parse_qsl(target.query)), host, body)


async def _send(connection: h11.Connection, writer: asyncio.StreamWriter, response: Response) -> None:
    size = [] if response.stream else [("content-length", str(len(response.body)))]
    headers = [("content-type", response.kind), *size, ("connection", "close"), ("cache-control", "no-store")]
    if connection.our_state is h11.ERROR or connection.their_state is h11.ERROR:
        connection = h11.Connection(h11.SERVER)  # a broken request still gets an answer
    await _write(writer, connection.send(h11.Response(status_code=response.status, headers=headers)))
    if response.stream is None:
        await _write(writer, connection.send(h11.Data(data=response.body)))
    else:
        async with aclosing(response.stream) as pieces:  # type: ignore[type-var]
            async for piece in pieces:
                await _write(writer, connection.send(h11.Data(data=piece)))
    await _write(writer, connection.send(h11.EndOfMessage()))


async def _write(writer: asyncio.StreamWriter, data: bytes | None) -> None:
    writer.write(data or b"")
    async with asyncio.timeout(PATIENCE):
        await writer.drain()
