"""One subscription: its signals by name, its messages in order and complete, acknowledged once they are durable.

A message is acknowledged only after `emit` returned, and a number that is missing is asked for again (Republish). So
what the server still keeps is never lost: not by a cut, and not by a full disk of ours.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

from asyncua import ua
from asyncua.ua.uaerrors import UaStructParsingError

from edge.reading import Event, Gap, Reading
from edge.sources import Emit
from edge.sources.opcua_nodes import CHUNK, Missing, chunks, resolve
from edge.sources.opcua_session import OpcUaSession, SessionLost
from edge.sources.opcua_signals import Signal, machines
from edge.sources.opcua_values import content, overflowed, quality, source_time
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
        self._signals = dict(enumerate(signals, start=1))
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
        self._id = result.SubscriptionId
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
        found = await resolve(self.session, {signal.address for signal in signals.values()})
        requests = []
        for handle, signal in signals.items():
            node = found[signal.address]
            if isinstance(node, Missing):
                self.missing[signal] = node.problem
            else:
                requests.append(self._request(handle, node))
        for part in chunks(requests, CHUNK):
            await self._monitor(part)

    async def _monitor(self, requests: Sequence[ua.MonitoredItemCreateRequest]) -> None:
        parameters = ua.CreateMonitoredItemsParameters(
            SubscriptionId=self._id, TimestampsToReturn=ua.TimestampsToReturn.Both, ItemsToCreate=list(requests)
        )
        results = await self.session.services.create_monitored_items(parameters)
        for request, result in zip(requests, results, strict=True):
            if not result.StatusCode.is_good():
                self.missing[self._signals[request.RequestedParameters.ClientHandle]] = result.StatusCode.name

    def _request(self, handle: int, node: ua.NodeId) -> ua.MonitoredItemCreateRequest:
        endpoint = self.session.endpoint
        return ua.MonitoredItemCreateRequest(
            ItemToMonitor=ua.ReadValueId(NodeId=node, AttributeId=ua.AttributeIds.Value),
            MonitoringMode=ua.MonitoringMode.Reporting,
            RequestedParameters=ua.MonitoringParameters(
                ClientHandle=handle,
                SamplingInterval=endpoint.sampling_ms,
                QueueSize=endpoint.queue_size,
                DiscardOldest=True,
            ),
        )

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
                events += self._events(await self.session.services.republish(self._id, missed))
            except ua.UaStatusCodeError as error:
                if error.code != ua.StatusCodes.BadMessageNotAvailable:
                    raise
                lost += 1
        if lost:
            events[:0] = self._gaps("messages were lost that the server no longer had, or that nobody could read")
        events += self._events(message)
        return events, (number % LAST_NUMBER + 1 if message.NotificationData else number)

    def _events(self, message: ua.NotificationMessage) -> list[Event]:
        events: list[Event] = []
        now = self._clock.now()
        for part in message.NotificationData or ():
            if isinstance(part, ua.DataChangeNotification):
                for item in part.MonitoredItems:
                    events += self._item(item, now)
            elif isinstance(part, ua.StatusChangeNotification) and not part.Status.is_good():
                msg = f"the server ended our subscription ({part.Status.name})"
                raise SessionLost(msg)
        return events

    def _item(self, item: ua.MonitoredItemNotification, now: datetime) -> Iterable[Event]:
        signal = self._signals.get(item.ClientHandle)
        if signal is None:
            return
        value = item.Value
        if overflowed(value.StatusCode):
            yield self._gap(signal.machine, now, "the server's queue overflowed: raise `queue_size`", (signal.name,))
        yield Reading(signal.machine, signal.name, content(value), source_time(value), now, quality(value.StatusCode))

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
