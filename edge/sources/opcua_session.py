"""One session with one OPC UA server: opened, watched, resumed after a cut with all that the server queued, closed.

asyncua's own supervisor is not used: it rebuilds what could be resumed, trusts old namespace indices after a restart,
and its publish loop logs a traceback a second while the server is away. What is used are its public services.
"""

import asyncio
import logging
import time
from datetime import UTC, datetime
from typing import Self

from asyncua import ua
from asyncua.client.client import Client
from asyncua.client.ua_session import UaSession
from asyncua.common.shortcuts import Shortcuts

from edge.sources import opcua_memory as memory
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_offer import PLAIN, Level
from edge.sources.opcua_pki import CERTIFICATE
from edge.sources.opcua_security import secure, user_certificate
from gateway.errors import ThirdshiftError, UsageError

CHANNEL_MS = 3_600_000
RENEW_AT = 0.75
"""Share of a channel's life after which a client should renew it (OPC 10000-4, 5.5.2.1)."""
STATE_NODE = ua.NodeId(ua.ObjectIds.Server_ServerStatus_State)
NAMESPACES_NODE = ua.NodeId(ua.ObjectIds.Server_NamespaceArray)


class ChannelRefused(UsageError):
    """The server answered the request for a channel with a fault; in practice it does not trust our certificate."""

    code = "opcua.channel_refused"


class SessionLost(ThirdshiftError):
    """The session, or what it stood for, is gone and must be built anew."""

    code = "opcua.session_lost"
    retryable = True


LOST: tuple[type[Exception], ...] = (OSError, TimeoutError, ua.UaError, SessionLost, ChannelRefused)
"""All that a request raises when the peer is away, slow, wrong, or says no (asyncua roots its errors in UaError)."""


class _QuietSession(UaSession):  # type: ignore[misc]
    """A session whose publish requests are sent by our own subscription, so that nothing runs behind its back."""

    def ensure_publish_loop(self) -> None:
        """Nothing: see OpcUaSubscription.listen."""


def quiet_library() -> None:
    """asyncua tells each loss many times over, with tracebacks; our own log tells it once."""
    library = logging.getLogger("asyncua")
    if library.level == logging.NOTSET:
        library.setLevel(logging.CRITICAL + 1)


class OpcUaSession:
    """A session that outlives its connection. Every method raises one of `LOST` when the peer fails it."""

    def __init__(self, endpoint: OpcUaEndpoint) -> None:
        self.endpoint = endpoint
        self.namespaces: tuple[str, ...] = ()
        self.level: Level = PLAIN
        self.client = Client(endpoint.url, timeout=endpoint.timeout_s)
        self.client.name = self.client.description = "Thirdshift edge"
        self.client.session_timeout = int(endpoint.bridge_s * 1000)
        self.client.secure_channel_timeout = CHANNEL_MS
        self.services = _QuietSession(self.client.uaclient)
        self.client.uaclient.session = self.services
        self.client.nodes = Shortcuts(self.services)
        self._renewed = time.monotonic()

    @classmethod
    async def open(cls, endpoint: OpcUaEndpoint) -> Self:
        """A new session on a new channel, with the server's namespaces read. Also raises UsageError (see `secure`)."""
        session = cls(endpoint)
        try:
            # Certificates live in real time, whatever clock the plant's business runs on.
            session.level = await secure(session.client, endpoint, datetime.now(UTC))
            await session._connect()
            await session.client.create_session()
            await session._activate()
            session.namespaces = await session._read_namespaces()
            if endpoint.security == "auto":
                memory.remember(endpoint.identity, endpoint.url, session.level)
        except BaseException:
            session.drop()
            raise
        return session

    async def resume(self) -> None:
        """The same session on a new channel: the server kept its subscriptions and what they queued (OPC 10000-4, 6.7).

        Raises SessionLost where the server's namespaces changed, since all node ids may then mean something else.
        """
        self.drop()
        try:
            await self._connect()
            self.services.rebind_authentication_token()
            await self._activate()
            self._compare(await self._read_namespaces())
        except BaseException:
            self.drop()
            raise

    def _compare(self, namespaces: tuple[str, ...]) -> None:
        if namespaces != self.namespaces:
            msg = "the server's namespaces changed"
            raise SessionLost(msg)

    async def watch(self) -> None:
        """Ask for a sign of life every `watchdog_s`, and renew the channel in time; ends only by raising."""
        while True:
            await asyncio.sleep(self.endpoint.watchdog_s)
            await self._read(STATE_NODE)
            if time.monotonic() - self._renewed > self.client.secure_channel_timeout / 1000 * RENEW_AT:
                await self._open_channel(renew=True)

    async def close(self) -> None:
        """Take leave, so that the server frees session and subscriptions; a server that is away is left alone."""
        try:
            await asyncio.wait_for(self.client.close_session(), self.endpoint.timeout_s)
            await self.client.close_secure_channel()
        except LOST:
            pass
        finally:
            self.drop()

    def drop(self) -> None:
        """Cut the connection at once. A socket that lingers would later report *its* end as that of its successor."""
        protocol = self.client.uaclient.protocol
        if protocol is not None:
            protocol.on_connection_lost = None
            if protocol.transport is not None:
                protocol.transport.abort()
        self.client.uaclient.disconnect_socket()

    async def _connect(self) -> None:
        await self.client.connect_socket()
        await self.client.send_hello()
        await self._open_channel()

    async def _open_channel(self, *, renew: bool = False) -> None:
        try:
            await self.client.open_secure_channel(renew=renew)
        except AssertionError as error:  # asyncua's way of saying that the answer was a fault
            raise ChannelRefused(self._refused()) from error
        self._renewed = time.monotonic()

    def _refused(self) -> str:
        if not self.level.secure:
            return f"{self.endpoint.url} refuses an unencrypted channel: mend `security`"
        return (
            f"{self.endpoint.url} refuses this agent's certificate ({self.endpoint.identity / CERTIFICATE}): "
            "accept it in the server's trust list, and compare both clocks"
        )

    async def _activate(self) -> None:
        endpoint = self.endpoint
        certificate = user_certificate(self.client, endpoint)
        password = endpoint.password.get_secret_value() if endpoint.password else None
        await self.client.activate_session(endpoint.user, password, certificate)

    async def _read(self, node: ua.NodeId) -> object:
        (value,) = await self.services.read_attributes([node], ua.AttributeIds.Value)
        value.StatusCode.check()
        return value.Value.Value

    async def _read_namespaces(self) -> tuple[str, ...]:
        found = await self._read(NAMESPACES_NODE)
        return tuple(map(str, found)) if isinstance(found, list | tuple) else ()
