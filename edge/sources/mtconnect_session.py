"""One conversation with an MTConnect agent: its model, its present state, and then its stream or its answers."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import structlog

from edge.reading import Event, Reading
from edge.sources import Emit
from edge.sources.mtconnect_agent import Agent, AgentLost, AgentRefuses
from edge.sources.mtconnect_follow import RESTARTED, Joined, Place, Refused, Torn, begin, follow
from edge.sources.mtconnect_items import Binding, Machine, bind
from edge.sources.mtconnect_model import Document, NotMtconnect, Observation, Streams
from edge.sources.mtconnect_progress import Progress
from edge.sources.mtconnect_values import Conditions, readings
from edge.sources.outage import Outage
from gateway.machine import Quality

FRESH = timedelta(seconds=30)
"""What is older while the stream is caught up with counts as history."""

PERSON_PAUSE = 60.0
"""Real seconds before an agent is asked again whose devices do not fit the config."""

log = structlog.get_logger()


@dataclass
class Session:
    """`run` follows the agent until its stream is torn. Raises AgentLost and NotMtconnect when it is gone."""

    agent: Agent
    machines: Mapping[str, Machine]
    progress: Progress
    outage: Outage
    emit: Emit
    now: Callable[[], datetime]
    _binding: Binding = field(default_factory=Binding, init=False)
    _conditions: Conditions = field(default_factory=Conditions, init=False)
    _late: bool = field(default=False, init=False)
    _since: Mapping[str, int] = field(default_factory=dict, init=False)

    async def run(self) -> str:
        """Returns why the stream is torn."""
        devices = await self.agent.probe()
        self._binding = bind(devices.devices, self.machines)
        self.agent.only(list(self._binding.bound))
        await self.emit(self._absences())
        streams = await self.agent.current()
        if not self._present:
            await asyncio.sleep(PERSON_PAUSE)
            return "no machine of ours is at this agent"
        place = await self._begin(streams)
        if place is None:
            return await self._look(streams)
        return await self._stream(place)

    @property
    def _present(self) -> list[str]:
        return [name for name in self.machines if name not in self._binding.absent]

    def _absences(self) -> list[Event]:
        """Machines whose device is not there, and signals whose data item is not."""
        events: list[Event] = []
        for name, why in self._binding.absent.items():
            events += self.outage.lost(f"{self.agent.device.address} {why}", [name])
        for (name, signal), why in self._binding.missing.items():
            events.append(Reading(name, signal, None, None, self.now(), Quality.BAD))
            if (name, signal) in self.progress.missing:
                continue
            level = logging.INFO if self.machines[name].signals[signal].optional else logging.WARNING
            log.log(level, "mtconnect.signal_missing", machine=name, signal=signal, problem=str(why))
        self.progress.missing = set(self._binding.missing)
        return events

    async def _begin(self, streams: Streams) -> Place | None:
        """Go on where each machine's stream stopped, or take its state; None if the agent numbers nothing."""
        now, present = self.now(), self._present
        self.progress.meet(streams.header)
        resumed = [name for name in present if name in self.progress.places]
        fresh = [name for name in present if name not in resumed]
        units = self._binding.units
        events: list[Event] = [
            *self.progress.gaps(present, now),
            *self.outage.found("connected", fresh, units),
            *self.outage.found("resumed without loss", resumed, units),
            *(each for each in self._read(streams.observations, {}) if each.machine in fresh),
        ]
        place = begin(streams, now)
        self.progress.at(fresh, place or Place(streams.header.instance, 0, now))
        self._late, self._since = bool(resumed), {name: each.next for name, each in self.progress.places.items()}
        await self.emit([*events, *self.progress.cursors(fresh)])
        if place is None:
            return None
        return min((self.progress.places[name] for name in present), key=lambda each: each.next, default=place)

    async def _stream(self, place: Place) -> str:
        """Take the stream's documents; ask again and again where the agent does not stream."""
        had = False
        try:
            async with self.agent.stream(place.next) as stream:
                while stream.boundary is not None or not had:
                    for document in await stream.next():
                        got = await self._take(place, document)
                        if isinstance(got, Torn):
                            return got.reason
                        if isinstance(got, Refused):
                            return await self._poll(place)
                        place, had = got.place, True
        except (AgentLost, NotMtconnect) as error:
            if had:
                raise
            log.warning("mtconnect.does_not_stream", peer=self.agent.device.address, reason=str(error))
        return await self._poll(place)

    async def _poll(self, place: Place) -> str:
        had = False
        while True:
            try:
                got = await self._take(place, await self.agent.sample(place.next))
            except (NotMtconnect, AgentRefuses) as error:
                if had:
                    raise
                got = Refused(str(error))
            if isinstance(got, Torn):
                return got.reason
            if isinstance(got, Refused):
                log.warning("mtconnect.no_samples", peer=self.agent.device.address, reason=got.reason)
                streams = await self.agent.current()
                await self.emit(self._read(streams.observations, {}))
                return await self._look(streams)
            place, had = got.place, True
            if not got.behind:
                await self._pause()

    async def _look(self, streams: Streams) -> str:
        """Of an agent without numbers: its present state again and again, and what changed in it."""
        instance, seen = streams.header.instance, {each.item: each for each in streams.observations}
        kept = self.now()
        while True:
            await self._pause()
            streams, now = await self.agent.current(), self.now()
            if streams.header.instance != instance:
                return RESTARTED
            news = [each for each in streams.observations if seen.get(each.item) != each]
            seen.update({each.item: each for each in news})
            self.progress.at(self._present, Place(instance, 0, now))
            events: list[Event] = [*self._read(news, {})]
            if events or now - kept > FRESH:
                kept = now
                await self.emit([*events, *self.progress.cursors(self._present)])

    async def _take(self, place: Place, document: Document) -> Joined | Torn | Refused:
        got = follow(place, document, self.now())
        if isinstance(got, Joined):
            events = self._read(got.observations, self._since)
            behind = [name for name in self._present if self.progress.places[name].next <= got.place.next]
            self.progress.at(behind, got.place)
            self._late = self._late and got.behind
            await self.emit([*events, *self.progress.cursors(behind)])
        return got

    def _read(self, observations: Sequence[Observation], since: Mapping[str, int]) -> list[Reading]:
        """Readings for the machines; `since`: the first sequence number that a machine has not had yet."""
        found = readings(self._binding.bound, observations, self._conditions, self.now(), since)
        return [replace(each, historical=True) if self._is_old(each) else each for each in found]

    def _is_old(self, reading: Reading) -> bool:
        at = reading.source_time
        return self._late and at is not None and reading.received - at > FRESH

    async def _pause(self) -> None:
        await asyncio.sleep(self.agent.device.interval_ms / 1000)
