"""All machines behind one broker: which of them a message is about, and which say nothing at all."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge.reading import Event, Gap
from edge.sources.mqtt_hearing import Heard, Note, Outcome
from edge.sources.mqtt_machine import Ear, MqttMachine
from edge.sources.mqtt_payload import Document
from edge.sources.mqtt_topics import fewest, matches

REMEMBERED = 50_000
"""Topics of which it is kept whom they concern: beyond that, somebody publishes ever new ones."""

Reader = tuple[MqttMachine, str]


@dataclass
class MqttPlant:
    """`silence`: business time in which a machine that was never heard should say something."""

    machines: Mapping[str, Mapping[str, Ear]]
    silence: timedelta = timedelta(seconds=60)
    _due: dict[str, datetime] = field(default_factory=dict)
    _said: set[tuple[str, str, bool]] = field(default_factory=set)
    _readers: dict[str, list[Reader]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._known = {name: MqttMachine(name, ears) for name, ears in self.machines.items()}
        self._wild: list[tuple[str, Reader]] = []
        for machine in self._known.values():
            for name, ear in machine.ears.items():
                if "+" in ear.filter or "#" in ear.filter:
                    self._wild.append((ear.filter, (machine, name)))
                else:
                    self._readers.setdefault(ear.filter, []).append((machine, name))
        self._plain = dict(self._readers)

    @property
    def filters(self) -> tuple[str, ...]:
        return fewest(ear.filter for ears in self.machines.values() for ear in ears.values())

    def up(self, now: datetime) -> Outcome:
        """A machine that once spoke is taken to be there, unless it tells that itself."""
        out = Outcome()
        for name, machine in self._known.items():
            if machine.ever and not machine.lives:
                out.events += machine.found(now, "the broker was found again")
            elif machine.up is not True:
                self._due[name] = now + self.silence
        return out

    def down(self, since: datetime, now: datetime, reason: str) -> Outcome:
        self._due.clear()
        events = [event for machine in self._known.values() for event in machine.lost(since, now, reason)]
        return Outcome(events)

    def dropped(self, count: int, since: datetime, now: datetime) -> Outcome:
        reason = f"{count} messages came faster than the agent could take them"
        return Outcome([Gap(name, min(since, now), now, reason) for name, each in self._known.items() if each.up])

    def hear(self, messages: Sequence[Heard], now: datetime) -> Outcome:
        out = Outcome()
        for message in messages:
            document = Document(message.payload)
            for machine, name in self._of(message.topic):
                self._sort(out, machine.hear(name, message, document, now))
                if machine.up:
                    self._due.pop(machine.name, None)
        return out

    def look(self, now: datetime) -> Outcome:
        out = Outcome()
        for name in [name for name, due in self._due.items() if due <= now]:
            del self._due[name]
            out.events.append(self._known[name].silent(now, self._silence(self._known[name])))
        return out

    def wakes(self) -> datetime | None:
        return min(self._due.values(), default=None)

    def _of(self, topic: str) -> list[Reader]:
        found = self._readers.get(topic)
        if found is None:
            if len(self._readers) > REMEMBERED:
                self._readers = dict(self._plain)
            found = [reader for filter_, reader in self._wild if matches(filter_, topic)]
            self._readers[topic] = found
        elif self._wild and topic in self._plain:
            return [*found, *(reader for filter_, reader in self._wild if matches(filter_, topic))]
        return found

    def _sort(self, out: Outcome, told: Iterator[Event | Note]) -> None:
        """Of the notes on one signal, one of each weight is said: the thousandth says what the first did."""
        for each in told:
            if not isinstance(each, Note):
                out.events.append(each)
            elif (key := (each.about, each.signal, each.usable)) not in self._said:
                self._said.add(key)
                out.notes.append(each)

    def _silence(self, machine: MqttMachine) -> str:
        filters = ", ".join(sorted({ear.filter for ear in machine.ears.values()}))
        return (
            f"nothing was heard of {machine.name} on {filters}: check that it publishes to this broker, and correct "
            "`topic` in its source or profile (upper and lower case count)"
        )
