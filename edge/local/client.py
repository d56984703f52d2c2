"""Asks the agent that runs with a data folder, over its socket; for the command line."""

import http.client
import socket
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import orjson

from edge.errors import EdgeError
from edge.local import socket as sockets
from gateway.errors import UsageError

PATIENCE = 30.0
"""Real seconds that an agent gets to answer; a reload may take some."""


class AgentAway(EdgeError):
    """No agent runs with this data folder, or it does not answer; the same call may succeed later."""

    code = "edge.away"
    retryable = True


class _Connection(http.client.HTTPConnection):
    def __init__(self, folder: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE)
        self._folder = folder

    def connect(self) -> None:
        self.sock: socket.socket = sockets.connected(self._folder, PATIENCE)


def ask(folder: Path, path: str, document: Mapping[str, Any] | None = None, **query: str) -> tuple[int, dict[str, Any]]:
    """The status and the document that the agent answers; POST where there is something to tell. Raises AgentAway."""
    status, body = page(folder, path, None if document is None else orjson.dumps(document), **query)
    try:
        found: dict[str, Any] = orjson.loads(body)
    except orjson.JSONDecodeError:
        found = {"error": body.decode(errors="replace")}
    return status, found


def page(folder: Path, path: str, body: bytes | None = None, **query: str) -> tuple[int, bytes]:
    """The same for pages that are no documents."""
    connection = _Connection(folder)
    try:
        connection.request("GET" if body is None else "POST", _target(path, query), body)
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise _away(folder, error) from error
    finally:
        connection.close()


def lines(folder: Path, path: str, **query: str) -> Iterator[dict[str, Any]]:
    """The documents of a stream, line by line, until the agent ends. Raises AgentAway, UsageError."""
    connection = _Connection(folder)
    try:
        connection.request("GET", _target(path, query))
        opened = connection.sock
        response = connection.getresponse()
        opened.settimeout(None)
        if response.status != 200:
            raise UsageError(str(orjson.loads(response.read()).get("error")))
        for line in response:
            yield orjson.loads(line)
    except (OSError, http.client.HTTPException) as error:
        raise _away(folder, error) from error
    finally:
        connection.close()


def _target(path: str, query: Mapping[str, str]) -> str:
    return f"{path}?{urlencode(query)}" if query else path


def _away(folder: Path, error: Exception) -> AgentAway:
    if isinstance(error, PermissionError):
        return AgentAway(f"{folder / sockets.NAME}: only the agent's own user may ask it; run this as that user")
    return AgentAway(f"no agent runs with the data folder {folder}; start it with `thirdshift edge run`")
