"""One subscription: its signals by name, its messages in order and complete, acknowledged once they are durable.

A message is acknowledged only after `emit` returned, and a number that is missing is asked for again (Republish). So
what the server still keeps is never lost: not by a cut, and not by a full disk of ours.
"""

import asyncio
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from asyncua import ua
from asyncua.ua.uaerrors import UaStructParsingError

from edge.reading import Event, Gap
from edge.sources import Emit
from edge.sources.opcua_items import Items
from edge.sources.opcua_nodes import Missing, attributes, resolve
from edge.sources.opcua_poll import Poll
from edge.sources.opcua_reader import Reader
from edge.sources.opcua_session import OpcUaSession, SessionLost
from edge.sources.opcua_signals import Signal, machines
from edge.sources.opcua_values import overflowed
from gateway.clock import Clock

LAST_NUMBER = 0xFFFFFFFF
MOST_REPUBLISHED = 1000
SEEK_S = 60.0
LAST_WORDS = 5.0
"""Seconds that a batch under way gets to become durable when we are cancelled."""
DEAD = frozenset((ua.StatusCodes.BadNoSubscription, ua.StatusCodes.BadSubscriptionIdInvalid))


class OpcUaSubscription:
    """The signals of one endpoint in one session. `missing` names those that the server would not give, and why."""

    def __init__(self, session: OpcUaSession, signals: Sequence[Signal], clock: Clock) -> None:
        self.session = session
        self.missing: dict[Signal, str] = {}
        self.seen = clock.now()
        self.reader = Reader(session)
        self.poll = Poll(session, self.reader, clock)
        self._signals = dict(enumerate(signals, start=1))
        self._items = Items(session)
        self._heard: dict[int, tuple[ua.DataValue | None, float]] = {}
        self._clock = clock
        self._id = 0
        self._due = 1
        self._unread = 0
        self._unacknowledged: list[int] = []

    async def create(self) -> None:
        """Subscribe to all signals; what the server refuses one by one lands in `missing`. Raises one of LOST."""
        endpoint = self.session.endpoint
        parameters = ua.CreateSubscriptionParameters(
            RequestedPublishingInterval=endpoint.publishing_ms,
            RequestedLifetimeCount=self._intervals(max(endpoint.bridge_s, 3 * endpoint.watchdog_s)),
            RequestedMaxKeepAliveCount=self._intervals(endpoint.watchdog_s),
            PublishingEnabled=True,
        )
        result = await self.session.services.create_subscription(parameters, _unused)
        self._id = self._items.subscription = result.SubscriptionId
        await self._add(self._signals)
        self.seen = self._clock.now()

    async def seek_missing(self) -> None:
        """Try those in `missing` every SEEK_S: some controllers load their model late. Ends only by raising."""
        while True:
            await asyncio.sleep(SEEK_S)
            wanted = {handle: signal for handle, signal in self._signals.items() if signal in self.missing}
            self.missing.clear()
            await self._add(wanted)

    async def _add(self, signals: Mapping[int, Signal]) -> None:
        places = await resolve(self.session, {signal.address for signal in signals.values()})
        found: dict[int, tuple[Signal, ua.NodeId]] = {}
        for handle, signal in signals.items():
            node = places[signal.address]
            if isinstance(node, Missing):
                self.missing[signal] = node.problem
            else:
                found[handle] = (signal, node)
        await self.reader.prepare(dict(found.values()))
        subscribed = {handle: each for handle, each in found.items() if each[0].ask.poll_s is None}
        self.poll.nodes.update(each for handle, each in found.items() if handle not in subscribed)
        self._heard.update(dict.fromkeys(subscribed, (None, time.monotonic())))
        self.missing |= await self._items.add(subscribed)

    @property
    def patience(self) -> float:
        """Seconds that the most impatient signal may say nothing."""
        stale = [signal.ask.stale_s / 2 for signal in self._signals.values() if signal.ask.stale_s is not None]
        return min([self.session.endpoint.item_watchdog_s, *stale])

    def silent(self, at: float) -> Mapping[int, Signal]:
        """The items that have said nothing for as long as they may (see Watchdog)."""
        found = {}
        for handle in self._items.ids:
            signal, (_, since) = self._signals[handle], self._heard[handle]
            usual = self.session.endpoint.item_watchdog_s
            limit = usual if signal.ask.stale_s is None else min(usual, signal.ask.stale_s / 2)
            if at - since >= max(limit, 3 * self._items.pace[handle]):
                found[handle] = signal
        return found

    def heard(self, handle: int) -> tuple[ua.DataValue | None, float]:
        """The last value of an item, and when it came or was last confirmed (monotonic)."""
        return self._heard[handle]

    def confirm(self, handle: int, at: float) -> None:
        self._heard[handle] = (self._heard[handle][0], at)

    def grace(self, handles: Iterable[int]) -> float:
        """Seconds from a change on the server to our knowing of it, at most."""
        endpoint = self.session.endpoint
        return max(self._items.pace[each] for each in handles) + 3 * endpoint.publishing_ms / 1000 + 0.5

    async def read(self, handles: Sequence[int]) -> list[ua.DataValue]:
        return await attributes(self.session, [self._items.nodes[handle] for handle in handles])

    async def renew(self, handles: Sequence[int]) -> None:
        """Ask for these items anew: the server had let them die."""
        wanted = {handle: (self._signals[handle], self._items.nodes[handle]) for handle in handles}
        await self._items.remove(handles)
        self._heard.update(dict.fromkeys(handles, (None, time.monotonic())))
        self.missing |= await self._items.add(wanted)

    def gap(self, signal: Signal, reason: str) -> Gap:
        """From when the signal was last known to be watched until now."""
        handle = next(handle for handle, each in self._signals.items() if each is signal)
        now = self._clock.now()
        quiet = self._clock.business(timedelta(seconds=time.monotonic() - self._heard[handle][1]))
        return Gap(signal.machine, now - quiet, now, reason, (signal.name,))

    def _intervals(self, seconds: float) -> int:
        return max(3, round(seconds * 1000 / self.session.endpoint.publishing_ms))

    async def listen(self, emit: Emit) -> None:
        """Pass on what the server publishes; ends only by raising one of LOST. To be called again after a resume."""
        endpoint = self.session.endpoint
        silence = self._intervals(endpoint.watchdog_s) * endpoint.publishing_ms / 1000 + endpoint.timeout_s
        while True:
            response = await self._publish(silence)
            if response is None:
                continue
            events, due = await self._complete(response.NotificationMessage)
            if events:
                await self._deliver(emit, events, due)
            else:
                self._done(due)

    async def _publish(self, silence: float) -> ua.PublishResult | None:
        acknowledgements = [
            ua.SubscriptionAcknowledgement(SubscriptionId=self._id, SequenceNumber=number)
            for number in self._unacknowledged
        ]
        sent = len(acknowledgements)
        try:
            response = await asyncio.wait_for(self.session.services.publish(acknowledgements), silence)
        except UaStructParsingError:
            self._unread += 1
            return None
        except ua.UaStatusCodeError as error:
            if error.code in DEAD:
                msg = "the server dropped our subscription"
                raise SessionLost(msg) from error
            raise
        del self._unacknowledged[:sent]
        return response.Parameters

    async def _deliver(self, emit: Emit, events: Sequence[Event], due: int) -> None:
        """Emit, even if we are cancelled meanwhile: half-known is the one state to avoid."""
        attempt = asyncio.ensure_future(emit(events))
        try:
            await asyncio.shield(attempt)
        except asyncio.CancelledError:
            await asyncio.wait({attempt}, timeout=LAST_WORDS)
            if attempt.done() and not attempt.cancelled() and attempt.exception() is None:
                self._done(due)
            attempt.cancel()
            raise
        self._done(due)

    def _done(self, due: int) -> None:
        if due != self._due:
            self._unacknowledged.extend(_between(self._due, due))
        self._due = due
        self.seen = self._clock.now()

    async def _complete(self, message: ua.NotificationMessage) -> tuple[list[Event], int]:
        """The events of this message and of those missed before it, and the number that is due next."""
        number = int(message.SequenceNumber)
        events: list[Event] = []
        lost, self._unread = self._unread, 0
        for missed in () if lost else _between(self._due, number):
            try:
                events += await self._events(await self.session.services.republish(self._id, missed))
            except ua.UaStatusCodeError as error:
                if error.code != ua.StatusCodes.BadMessageNotAvailable:
                    raise
                lost += 1
        if lost:
            events[:0] = self._gaps("messages were lost that the server no longer had, or that nobody could read")
        events += await self._events(message)
        return events, (number % LAST_NUMBER + 1 if message.NotificationData else number)

    async def _events(self, message: ua.NotificationMessage) -> list[Event]:
        events: list[Event] = []
        now, at = self._clock.now(), time.monotonic()
        for part in message.NotificationData or ():
            if isinstance(part, ua.DataChangeNotification):
                await self.reader.learn([item.Value for item in part.MonitoredItems])
                self._take(part.MonitoredItems, now, at, events)
            elif isinstance(part, ua.StatusChangeNotification) and not part.Status.is_good():
                msg = f"the server ended our subscription ({part.Status.name})"
                raise SessionLost(msg)
        return events

    def _take(
        self, items: Iterable[ua.MonitoredItemNotification], now: datetime, at: float, events: list[Event]
    ) -> None:
        """Append what the items say; of all that runs here, this runs once a value."""
        signals, heard, reading = self._signals, self._heard, self.reader.reading
        for item in items:
            signal = signals.get(item.ClientHandle)
            if signal is None:
                continue
            value = item.Value
            heard[item.ClientHandle] = (value, at)
            if value.StatusCode is not None and overflowed(value.StatusCode):
                reason = "the server's queue overflowed: raise `queue_size`"
                events.append(self._gap(signal.machine, now, reason, (signal.name,)))
            events.append(reading(signal, value, now))

    def since(self) -> datetime:
        """From when on values may be missing if this subscription is lost: what came after the last publish."""
        interval = timedelta(milliseconds=self.session.endpoint.publishing_ms)
        return self.seen - self._clock.business(interval)

    def _gap(self, machine: str, now: datetime, reason: str, signals: tuple[str, ...]) -> Gap:
        return Gap(machine, min(self.since(), now), now, reason, signals)

    def _gaps(self, reason: str) -> list[Event]:
        now = self._clock.now()
        return [self._gap(machine, now, reason, ()) for machine in machines(self._signals.values())]


def _between(due: int, number: int) -> Sequence[int]:
    """The sequence numbers from `due` up to but not including `number`; none where it lies behind or far away."""
    ahead = number - due if number >= due else number - due + LAST_NUMBER
    if ahead > MOST_REPUBLISHED:
        return ()
    return [(due + step - 1) % LAST_NUMBER + 1 for step in range(ahead)]


def _unused(_result: ua.PublishResult) -> None:
    """asyncua wants a callback for its own publish loop, which does not run here."""
