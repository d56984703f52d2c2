"""MQTT for asyncio over paho's network thread: reconnects by itself, subscribes again, never blocks, never grows.

    async with MqttClient(MqttSettings("127.0.0.1", 1883, client_id="edge-1"), will=None) as client:
        acks = client.subscribe("ts/1/7/edge-1/up-ack")          # before or after connecting; renewed at each connect
        client.watch(on_change)                                  # on_change(connected: bool), in the event loop
        await client.wait_connected()
        sent: bool = client.publish(topic, payload)              # QoS 1, returns at once; False: not sent, try later
        async for message in acks: message.topic, message.payload

It uses only what MQTT 3.1.1 brokers all have. Delivery is the link's care: what a full queue drops is sent again.
This is the only module that imports paho.
"""

import asyncio
import sys
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from random import SystemRandom
from typing import Any

import structlog
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv311
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from gateway.mqtt_causes import HUNG_UP, broken_off, cause
from gateway.steadiness import SHORT, Steadiness
from gateway.tls import Tls, tls_context

log = structlog.get_logger(__name__)

PATIENCE = 1.0
"""Real seconds that a full queue holds up the network thread, which is back-pressure, before messages are dropped."""


@dataclass(frozen=True, slots=True)
class MqttSettings:
    """Where the broker is. `keepalive` and `longest_wait` (between attempts to connect) are real seconds.

    `told_elsewhere`: whoever uses the client tells people of loss and recovery, so its own log is for debugging only.
    """

    host: str
    port: int
    client_id: str
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    tls: Tls | None = None
    keepalive: int = 30
    longest_wait: float = 30.0
    under_way: int = 1000
    told_elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Message:
    """What came in, or what the broker is to publish as our last will.

    `retained`: the broker had kept it from before, or is to keep it (as the will).
    """

    topic: str
    payload: bytes
    retained: bool = False


class Subscription:
    """A bounded queue of messages: `async for message in subscription`. Filled by paho's thread, read by the loop."""

    def __init__(self, filters: tuple[str, ...], limit: int, bell: asyncio.Event) -> None:
        self.filters = filters
        self.dropped = 0
        self._limit = limit
        self._loop = asyncio.get_running_loop()
        self._messages: deque[Message] = deque()
        self._arrived = bell
        self._room = threading.Event()
        self._choked = False

    def __aiter__(self) -> "Subscription":
        return self

    async def __anext__(self) -> Message:
        while (message := self.take()) is None:
            self._arrived.clear()
            if not self._messages:
                await self._arrived.wait()
        return message

    def take(self) -> Message | None:
        """The oldest message, or None, without waiting."""
        if not self._messages:
            return None
        message = self._messages.popleft()
        self._room.set()
        return message

    def put(self, message: Message) -> None:
        """From paho's thread: wait a little for room, then drop, and go on dropping until there is room."""
        if len(self._messages) >= self._limit:
            self._room.clear()
            if self._choked or (len(self._messages) >= self._limit and not self._room.wait(PATIENCE)):
                self._choked = True
                self.dropped += 1
                return
        self._choked = False
        self._messages.append(message)
        if not self._arrived.is_set():
            self._loop.call_soon_threadsafe(self._arrived.set)


class MqttClient:
    """One connection to a broker, kept up for as long as the `async with` block lasts.

    `trouble`: why there is no connection, in a few words; empty while there is one, or nothing is known yet.
    """

    def __init__(self, settings: MqttSettings, *, will: Message | None = None) -> None:
        self.connected = False
        self.trouble = ""
        self._settings = settings
        self._subscriptions: list[Subscription] = []
        self._watchers: list[Callable[[bool], None]] = []
        self._up = asyncio.Event()
        self._told_lost = self._closing = self._let_in = False
        self._refusal = ""
        self._steadiness = Steadiness(self._lasts)
        self._paho = _client(settings, will)
        self._paho.on_connect = self._on_connect
        self._paho.on_connect_fail = self._on_connect_fail
        self._paho.on_disconnect = self._on_disconnect

    async def __aenter__(self) -> "MqttClient":
        self._loop = asyncio.get_running_loop()
        self._paho.connect_async(self._settings.host, self._settings.port, self._settings.keepalive)
        self._paho.loop_start()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._closing = True
        self._steadiness.down()
        self._paho.disconnect()
        await asyncio.to_thread(self._paho.loop_stop)

    def subscribe(self, *filters: str, limit: int = 1000, bell: asyncio.Event | None = None) -> Subscription:
        """A queue of at most `limit` messages that match any of the filters (QoS 1); `bell` is set when one arrives.

        No two subscriptions of one client may share a filter.
        """
        subscription = Subscription(filters, limit, bell or asyncio.Event())
        self._subscriptions.append(subscription)
        for topic in filters:
            self._paho.message_callback_add(topic, _into(subscription))
        # Asked of paho, as `connected` lags behind its thread: one of this and _on_connect does see the subscription.
        if self._paho.is_connected():
            self._paho.subscribe([(topic, 1) for topic in filters])
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._subscriptions.remove(subscription)
        for topic in subscription.filters:
            self._paho.message_callback_remove(topic)
        if self.connected:
            self._paho.unsubscribe(list(subscription.filters))

    def publish(self, topic: str, payload: bytes, *, qos: int = 1, retain: bool = False) -> bool:
        """Hand a message to the broker without waiting. False where there is no connection or no room."""
        if not self.connected:
            return False
        return self._paho.publish(topic, payload, qos, retain).rc is MQTTErrorCode.MQTT_ERR_SUCCESS

    def watch(self, on_change: Callable[[bool], None]) -> None:
        """Call `on_change(connected)` in the event loop at each change, and at once if the connection is up."""
        self._watchers.append(on_change)
        if self.connected:
            on_change(True)

    def unwatch(self, on_change: Callable[[bool], None]) -> None:
        self._watchers.remove(on_change)

    async def wait_connected(self) -> None:
        await self._up.wait()

    def _on_connect(
        self, client: Client, _data: Any, _flags: ConnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        self._refusal = f"refused: {code}; check user, password and client id" if code.is_failure else ""
        if self._refusal:
            self._tell(False, self._refusal)
            return
        wanted = [(topic, 1) for subscription in self._subscriptions for topic in subscription.filters]
        if wanted:
            client.subscribe(wanted)
        self._let_in = True
        self._tell(True, "")

    def _on_connect_fail(self, _client: Client, _data: Any) -> None:
        # paho calls this while it handles the error, and tells it in no other way.
        self._tell(False, cause(sys.exc_info()[1]))

    def _on_disconnect(
        self, _client: Client, _data: Any, _flags: DisconnectFlags, code: ReasonCode, _: Properties | None
    ) -> None:
        # A broker hangs up after its refusal too, and that would be all that is known of it.
        if not self._refusal:
            self._tell(False, broken_off(str(code)) if self._let_in else HUNG_UP)
        self._let_in, self._refusal = False, ""

    def _tell(self, up: bool, reason: str) -> None:
        if not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._change, up, reason)

    def _change(self, up: bool, reason: str) -> None:
        if up != self.connected:
            self._steadiness.up() if up else self._steadiness.down()
        if self._steadiness.shaky and not up:
            reason = self._shaken(reason)
        self._log(up, reason)
        self.trouble = reason
        if up == self.connected:
            return
        self.connected = up
        if up:
            self._up.set()
        else:
            self._up.clear()
        for watcher in self._watchers:
            watcher(up)

    def _shaken(self, reason: str) -> str:
        """Try less often from now on, and say why that may be."""
        longest, who = self._settings.longest_wait, self._settings.client_id
        self._paho.reconnect_delay_set(min(SHORT, longest), longest)  # type: ignore[arg-type]
        return f"{reason}, again and again; look for a second client named {who!r}: two push each other out"

    def _lasts(self) -> None:
        _reconnecting(self._paho, self._settings)
        self._log(True, "")

    def _log(self, up: bool, reason: str) -> None:
        where, quiet = f"{self._settings.host}:{self._settings.port}", self._settings.told_elsewhere
        if self._steadiness.known or (self._steadiness.shaky and up):
            return  # said, and not over
        if up and self._told_lost:
            (log.debug if quiet else log.info)("broker found again", broker=where)
        if not up and not self._told_lost and not self._closing:
            (log.debug if quiet else log.warning)("broker lost, trying on", broker=where, reason=reason)
        self._told_lost = not up


def _into(subscription: Subscription) -> Callable[[Client, Any, MQTTMessage], None]:
    return lambda _client, _data, message: subscription.put(
        Message(message.topic, bytes(message.payload), message.retain)
    )


def _reconnecting(client: Client, settings: MqttSettings) -> None:
    """Agents that lost one broker together must not all come back in the same second."""
    first_wait = SystemRandom().uniform(0.5, 1.5)
    client.reconnect_delay_set(first_wait, max(first_wait, settings.longest_wait))  # type: ignore[arg-type]


def _client(settings: MqttSettings, will: Message | None) -> Client:
    client = Client(CallbackAPIVersion.VERSION2, settings.client_id, clean_session=True, protocol=MQTTv311)
    client.max_inflight_messages_set(settings.under_way)
    client.max_queued_messages_set(settings.under_way)
    _reconnecting(client, settings)
    if settings.username is not None:
        client.username_pw_set(settings.username, settings.password)
    if settings.tls is not None:
        client.tls_set_context(tls_context(settings.tls))
    if will is not None:
        client.will_set(will.topic, will.payload, qos=1, retain=will.retained)
    return client
