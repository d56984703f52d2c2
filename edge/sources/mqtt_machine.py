"""One machine behind a broker: what its messages say, whether it is connected, and what a kept message is worth."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from edge.reading import Event, Gap, LinkNotice, Reading
from edge.signal import Unfit, key
from edge.sources.mqtt_hearing import Heard, Note
from edge.sources.mqtt_payload import Broken, Document, Found, Missing, Read
from edge.sources.mqtt_signal import MqttSignal
from gateway.machine import Quality


@dataclass(frozen=True, slots=True)
class Ear:
    """One signal: the filter of its topic, how its payload is read, and whether the agent wants its readings."""

    filter: str
    signal: MqttSignal
    read: Read
    wanted: bool = True


@dataclass
class MqttMachine:
    """`up`: whether it is connected, as far as anybody knows; None before anything was heard of it."""

    name: str
    ears: Mapping[str, Ear]
    up: bool | None = None
    ever: bool = False
    heard: datetime | None = None
    blind: datetime | None = None
    _last: dict[str, Reading] = field(default_factory=dict)
    _doubted: dict[str, Reading] = field(default_factory=dict)
    _kept: dict[str, bytes] = field(default_factory=dict)

    @property
    def lives(self) -> bool:
        """Whether it says by itself if it is connected."""
        return any(ear.signal.alive for ear in self.ears.values())

    def found(self, now: datetime, reason: str) -> Iterator[Event]:
        """The machine is connected: what may have been missed, the link, and what was doubted only for its age."""
        if self.up:
            return
        if self.blind is not None:
            yield Gap(self.name, min(self.blind, now), now, "the machine was not heard")
        self.blind, self.up, self.ever = None, True, True
        yield LinkNotice(self.name, True, now, reason)
        if self.lives:
            sure = [replace(reading, quality=Quality.GOOD, received=now) for reading in self._doubted.values()]
            yield from self._noted(sure)
        self._doubted.clear()

    def lost(self, since: datetime, now: datetime, reason: str) -> Iterator[Event]:
        """The machine, or the way to it, is gone."""
        if self.up is False:
            return
        if self.up:
            self.blind = min(since, now)
        self.up = False
        yield LinkNotice(self.name, False, now, reason)

    def silent(self, now: datetime, reason: str) -> Event:
        """The way to the machine is there, and nothing was ever heard of it: another reason, if it was lost before."""
        self.up = False
        return LinkNotice(self.name, False, now, reason)

    def hear(self, name: str, message: Heard, document: Document, now: datetime) -> Iterator[Event | Note]:
        """What a message says of one signal."""
        ear = self.ears[name]
        if message.retained and (ear.signal.retained == "ignore" or self._again(name, message)):
            return
        self._kept[name] = message.payload
        found = ear.read(document)
        if isinstance(found, Found) and ear.signal.alive:
            yield from self._told_itself(ear, message, found, now)
        elif not message.retained or (ear.signal.retained == "trust" and not self.lives):
            yield from self.found(now, f"{message.topic} was heard")
        if not message.retained:
            self.heard = now
        yield from self._read(name, ear, message, found, now)

    def _again(self, name: str, message: Heard) -> bool:
        """Whether the broker hands out once more what we know, as it does after each reconnect."""
        alive = self.ears[name].signal.alive
        return not alive and self.up is True and self._kept.get(name) == message.payload

    def _told_itself(self, ear: Ear, message: Heard, found: Found, now: datetime) -> Iterator[Event]:
        """Its last will, or the word with which it took that back."""
        word = key(found.value)
        if word in ear.signal.alive:
            yield from self.found(now, f"{message.topic} says {word!r}")
            return
        up, since = self.up, self.heard or now
        reason = f"its last will on {message.topic} says {word!r}: check that it is on and its network is up"
        yield from self.lost(since, now, reason)
        if up:
            known = [last for name, last in self._last.items() if not self.ears[name].signal.alive]
            stale = [replace(last, received=now, quality=Quality.UNCERTAIN) for last in known]
            yield from self._noted(stale)

    def _read(
        self, name: str, ear: Ear, message: Heard, found: Found | Missing | Broken, now: datetime
    ) -> Iterator[Event | Note]:
        where = f"{message.topic}: "
        match found:
            case Missing() if name in self._last:
                return
            case Missing() | Broken():
                yield Note(self.name, where + found.fault, name)
                if ear.wanted:
                    yield Reading(self.name, name, None, None, now, Quality.BAD)
            case Found():
                if found.fault:
                    yield Note(self.name, where + found.fault, name, usable=True)
                if isinstance(ear.signal.measure(found.value), Unfit) and found.quality is not Quality.BAD:
                    wrong = f"{found.value!r} is no {ear.signal.type or 'number'}"
                    yield Note(self.name, f"{where}{wrong}; correct `type` or where it is read", name)
                if ear.wanted:
                    yield from self._noted([self._reading(name, ear, message, found, now)])

    def _reading(self, name: str, ear: Ear, message: Heard, found: Found, now: datetime) -> Reading:
        """What was kept is history where it says its own time; else, nobody knows how old it is."""
        reading = Reading(self.name, name, found.value, found.at, now, found.quality)
        if not message.retained or ear.signal.alive:
            self._doubted.pop(name, None)
            return reading
        if found.at is not None:
            return replace(reading, historical=True)
        if ear.signal.retained == "trust" or (self.lives and self.up) or found.quality is not Quality.GOOD:
            return reading
        doubted = self._doubted[name] = replace(reading, quality=Quality.UNCERTAIN)
        return doubted

    def _noted(self, readings: list[Reading]) -> Iterator[Event]:
        for reading in readings:
            if reading.quality is not Quality.BAD:
                self._last[reading.signal] = reading
            yield reading
