"""Asks an MTConnect agent over HTTP: whole documents, or a stream of them; a failure says in one line what to do."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx2

from edge.errors import EdgeError
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_model import Complaint, Devices, Document, NotMtconnect, Streams
from edge.sources.mtconnect_parts import LARGEST, Parts, boundary_of
from edge.sources.mtconnect_xml import read

LONGEST_PATH = 1_500
"""Characters of the filter in an address; what would need more is asked for without one."""

HEADERS = {"Accept": "text/xml, application/xml", "Accept-Encoding": "identity", "User-Agent": "thirdshift"}

_STATUS: Mapping[int, str] = {
    HTTPStatus.UNAUTHORIZED: "asks for a login, which an MTConnect agent has not: check the address",
    HTTPStatus.FORBIDDEN: "does not let this host in: allow its address in the agent or the firewall",
    HTTPStatus.NOT_FOUND: "has nothing there: check the path in `url`, which stands before /probe",
}


class AgentLost(EdgeError):
    """The agent cannot be asked, for a reason that says what to do."""

    code = "mtconnect.lost"
    retryable = True


class AgentRefuses(AgentLost):
    """The agent is there, and has no document for this request."""

    code = "mtconnect.refused"


class StreamEnded(AgentLost):
    """The agent hung up; whether it is gone, the next question will tell."""

    code = "mtconnect.ended"


@dataclass
class Agent:
    """One agent's HTTP side. `path`: the filter that asks for the wanted data items only; empty for all."""

    device: Mtconnect
    path: str = ""
    _client: httpx2.AsyncClient = field(init=False)

    async def __aenter__(self) -> Self:
        wait = self.device.timeout_s
        self._client = httpx2.AsyncClient(
            headers=HEADERS,
            timeout=httpx2.Timeout(wait, read=max(wait, self.silence_s)),
            verify=await asyncio.to_thread(_trust, self.device) if self.device.address.startswith("https") else True,
            trust_env=False,
        )
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._client.aclose()

    @property
    def silence_s(self) -> float:
        """Real seconds without a document after which a stream counts as hung."""
        return 2.5 * self.device.heartbeat_s

    def only(self, items: Sequence[str]) -> None:
        """Ask for these data items alone, where an address can hold them."""
        named = " or ".join(f'@id="{item}"' for item in items if '"' not in item)
        path = f"//DataItem[{named}]"
        self.path = path if named and len(path) <= LONGEST_PATH else ""

    async def probe(self) -> Devices:
        """The agent's devices. Raises AgentLost and NotMtconnect, as all questions do."""
        found = await self.ask("probe", {})
        if isinstance(found, Devices):
            return found
        msg = "does not answer /probe with its devices; check that the address is an MTConnect agent's"
        raise NotMtconnect(msg)

    async def current(self) -> Streams:
        """The present state; asked for without the filter from now on, if the agent does not understand it."""
        found: Document | None = None
        try:
            found = await self.ask("current", self._filtered({}))
        except AgentLost:
            if not self.path:
                raise
        if isinstance(found, Streams):
            return found
        if not self.path:
            words = found.shown if isinstance(found, Complaint) else "with its device model"
            msg = f"does not tell its present state, but answers: {words}; look at the agent's log"
            raise AgentLost(msg)
        self.path = ""
        return await self.current()

    async def sample(self, start: int) -> Document:
        return await self.ask("sample", self._filtered({"from": start, "count": self.device.count}))

    async def ask(self, request: str, query: Mapping[str, str | int]) -> Document:
        """One whole document. An agent's complaint is a document too, whatever HTTP status it has."""
        try:
            async with asyncio.timeout(3 * self.device.timeout_s), self._open(request, query) as response:
                body = await _body(response)
        except TROUBLE as error:
            raise AgentLost(explain(error)) from error
        return _document(response, body)

    @asynccontextmanager
    async def stream(self, start: int) -> AsyncIterator["Stream"]:
        """Documents from the place `start` on, as they come."""
        query = self._filtered({"from": start, "count": self.device.count, "interval": self.device.interval_ms})
        query["heartbeat"] = round(self.device.heartbeat_s * 1000)
        try:
            async with self._open("sample", query) as response:
                yield Stream(response, boundary_of(response.headers.get("Content-Type", "")), self)
        except CUT as error:
            raise StreamEnded(explain(error)) from error
        except TROUBLE as error:
            raise AgentLost(explain(error)) from error

    @asynccontextmanager
    async def _open(self, request: str, query: Mapping[str, str | int]) -> AsyncIterator[httpx2.Response]:
        async with self._client.stream("GET", f"{self.device.address}/{request}", params=dict(query)) as response:
            yield response

    def _filtered(self, query: Mapping[str, str | int]) -> dict[str, str | int]:
        return {**query, "path": self.path} if self.path else dict(query)


@dataclass
class Stream:
    """One long answer. `boundary` is None where the agent does not stream: then it is a single document."""

    response: httpx2.Response
    boundary: bytes | None
    agent: Agent

    def __post_init__(self) -> None:
        self._chunks = self.response.aiter_bytes()
        self._parts = Parts(self.boundary or b"")

    async def next(self) -> list[Document]:
        """The documents that come next, at least one. Raises AgentLost when there are no more."""
        if self.boundary is None:
            async with asyncio.timeout(3 * self.agent.device.timeout_s):
                return [_document(self.response, await _body(self.response))]
        ready: list[bytes] = []
        async with asyncio.timeout(self.agent.silence_s):
            while not ready:
                chunk = await anext(self._chunks, None)
                if chunk is None:
                    msg = "ended its stream"
                    raise StreamEnded(msg)
                ready = self._parts.feed(chunk)
        return [read(part) for part in ready]


CUT = (httpx2.RemoteProtocolError, httpx2.ReadError)
TROUBLE = (httpx2.HTTPError, httpx2.StreamError, httpx2.InvalidURL, OSError, TimeoutError)


def explain(error: BaseException) -> str:
    """Why the agent cannot be asked."""
    roots: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in roots:
        roots.append(cause)
        cause = cause.__cause__ or cause.__context__
    known = next((text for kind, text in _KINDS if any(isinstance(root, kind) for root in roots)), None)
    return known or f"failed: {error or type(error).__name__}"


_KINDS: tuple[tuple[type[BaseException] | tuple[type[BaseException], ...], str], ...] = (
    (ssl.SSLCertVerificationError, "shows a certificate that is not trusted: name its authority's file as `ca`"),
    (ssl.SSLError, "does not speak TLS there: check the port, and whether `url` begins with https or http"),
    (socket.gaierror, "has a host name that nobody knows here: check the name, or write the address"),
    (ConnectionRefusedError, "refuses connections: check that the MTConnect agent runs, and the port"),
    (
        (httpx2.TimeoutException, TimeoutError),
        "does not answer in time: check that it is on and reachable, or raise `timeout_s`",
    ),
    (
        (httpx2.RemoteProtocolError, httpx2.DecodingError),
        "does not speak HTTP properly, or hung up in the middle: check that the port is the agent's",
    ),
    (ConnectionError, "closed the connection: the network or the agent went away"),
    ((OSError, httpx2.NetworkError), "cannot be reached: check host, port and network"),
)


def _trust(device: Mtconnect) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=device.ca)
    except OSError as error:
        msg = f"needs the authority's file {device.ca}, which cannot be used ({error}); correct `ca`"
        raise AgentLost(msg) from error


async def _body(response: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in response.aiter_bytes():
        body += chunk
        if len(body) > LARGEST:
            msg = f"sends a document of more than {LARGEST:,} bytes; lower `count`"
            raise NotMtconnect(msg)
    return bytes(body)


def _document(response: httpx2.Response, body: bytes) -> Document:
    """The answer's document. An HTTP error without one is told by its status."""
    if response.is_success:
        return read(body)
    try:
        return read(body)
    except NotMtconnect as error:
        status = f"HTTP {response.status_code}"
        if response.is_redirect:
            msg = f"redirects to {response.headers.get('Location', '?')[:200]}; write that address as `url`"
        elif response.status_code in _STATUS:
            msg = f"{_STATUS[response.status_code]} ({status})"
        else:
            msg = f"answers {status}; look at the agent's log"
        raise AgentRefuses(msg) from error
