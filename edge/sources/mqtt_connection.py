"""The connection under every source behind an MQTT broker: carries messages to its Hearing, and what follows onward."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from edge.reading import Event
from edge.sources import Emit
from edge.sources.mqtt_hearing import Heard, Hearing, Letter, Note, Outcome
from gateway.clock import Clock
from gateway.mqtt import Message, MqttClient, MqttSettings, Subscription

MOST = 500
"""Messages in one batch at most."""

WAITING = 5_000
"""Messages that may wait for the agent; a plant's broker holds back while it is full, before any is dropped."""

FIRST_LOOK = 0.5
"""Real seconds between two looks at a connection that never was."""

FIRST_PAUSE, LONGEST_PAUSE = 0.1, 5.0
"""Real seconds before a batch is offered again to an agent in trouble."""

log = structlog.get_logger()


def warn(note: Note) -> None:
    """Tell people."""
    log.warning(f"{note.signal}: {note.text}" if note.signal else note.text, machine=note.about)


@dataclass
class BrokerSource:
    """One broker for one or more machines. `hearing` makes the decisions of one run.

    `will`: what the broker says of us when we are gone, and we ourselves when we end in good order. `note`: where the
    lines for people go.
    """

    settings: MqttSettings
    clock: Clock
    hearing: Callable[[], Hearing]
    will: Letter | None = None
    note: Callable[[Note], None] = warn

    async def run(self, emit: Emit) -> None:
        """Emit batches until cancelled."""
        will = Message(*self.will) if self.will else None
        async with MqttClient(self.settings, will=will) as client:
            try:
                await _Run(self, client, self.hearing(), emit).run()
            finally:
                if self.will:
                    _publish(client, self.will)


@dataclass
class _Run:
    """One life of the source: what waits to be decided on, in the order in which it came."""

    source: BrokerSource
    client: MqttClient
    hearing: Hearing
    emit: Emit
    _bell: asyncio.Event = field(default_factory=asyncio.Event)
    _waiting: list[Message | bool] = field(default_factory=list)
    _told: bool = False
    _dropped: int = 0

    async def run(self) -> None:
        self._last = self.source.clock.now()
        inbox = self.client.subscribe(*self.hearing.filters, limit=WAITING, bell=self._bell)

        def on_change(up: bool) -> None:
            # What came before the change is decided on before it.
            self._waiting += iter(inbox.take, None)
            self._waiting.append(up)
            self._bell.set()

        self.client.watch(on_change)
        while True:
            self._bell.clear()
            if not await self._step(inbox):
                await self._rest()

    async def _step(self, inbox: Subscription) -> bool:
        """Decide on what is there; whether there was anything."""
        await self._never_there()
        while len(self._waiting) < MOST and (message := inbox.take()) is not None:
            self._waiting.append(message)
        waiting, self._waiting = self._waiting, []
        for part in _parts(waiting):
            await self._carry_out(self._decide(part))
        now = self.source.clock.now()
        if inbox.dropped > self._dropped:
            count, self._dropped = inbox.dropped - self._dropped, inbox.dropped
            await self._carry_out(self.hearing.dropped(count, self._last, now))
        wakes = self.hearing.wakes()
        if wakes is not None and wakes <= now:
            await self._carry_out(self.hearing.look(now))
        if waiting:
            self._last = now
        return bool(waiting)

    def _decide(self, part: bool | Sequence[Message]) -> Outcome:
        if isinstance(part, bool):
            self._told = True
            return self.hearing.up(self.source.clock.now()) if part else self._lost()
        heard = [Heard(message.topic, message.payload, message.retained) for message in part]
        return self.hearing.hear(heard, self.source.clock.now())

    def _lost(self) -> Outcome:
        """A broker that is gone without a word was there, at the latest, one and a half keep-alives ago."""
        clock, settings = self.source.clock, self.source.settings
        now = clock.now()
        alive = now - clock.business(timedelta(seconds=1.5 * settings.keepalive))
        trouble = self.client.trouble or "the connection was lost"
        reason = f"broker {settings.host}:{settings.port}: {trouble}"
        return self.hearing.down(max(alive, self._last), now, reason)

    async def _never_there(self) -> None:
        """A broker that could not be reached even once is a loss too."""
        if self.client.trouble and not self._told and not self.client.connected:
            self._told = True
            await self._carry_out(self._lost())

    async def _carry_out(self, outcome: Outcome) -> None:
        for letter in outcome.letters:
            _publish(self.client, letter)
        for note in outcome.notes:
            self.source.note(note)
        if outcome.events:
            await self._insist(outcome.events)

    async def _insist(self, events: Sequence[Event]) -> None:
        """Offer the batch until it is taken: the broker holds back meanwhile, as far as its queue for us goes."""
        pause = FIRST_PAUSE
        while True:
            try:
                await self.emit(events)
            except Exception:
                if pause == FIRST_PAUSE:
                    log.exception("batch not taken, offering it again", broker=self.source.settings.host)
                await asyncio.sleep(pause)
                pause = min(pause * 2, LONGEST_PAUSE)
            else:
                return

    async def _rest(self) -> None:
        try:
            async with asyncio.timeout(self._seconds(self.hearing.wakes())):
                await self._bell.wait()
        except TimeoutError:
            pass

    def _seconds(self, wakes: datetime | None) -> float | None:
        due = None if wakes is None else self.source.clock.seconds_until(wakes)
        if self._told:
            return due
        return FIRST_LOOK if due is None else min(FIRST_LOOK, due)


def _parts(waiting: Sequence[Message | bool]) -> list[bool | list[Message]]:
    """Stretches of messages, and the changes of the connection between them."""
    found: list[bool | list[Message]] = []
    for each in waiting:
        if isinstance(each, bool):
            found.append(each)
        elif found and isinstance(found[-1], list):
            found[-1].append(each)
        else:
            found.append([each])
    return found


def _publish(client: MqttClient, letter: Letter) -> None:
    topic, payload, kept = letter
    client.publish(topic, payload, qos=1 if kept else 0, retain=kept)
