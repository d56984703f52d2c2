"""What a source behind an MQTT broker decides, apart from the connection that carries it: messages in, events out."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from edge.reading import Event

Letter = tuple[str, bytes, bool]
"""Topic and payload of something to be published, and whether it is a state that the broker keeps (QoS 1, retained)."""


@dataclass(frozen=True, slots=True)
class Heard:
    """One message: its topic and payload, and whether the broker had kept it from before we subscribed."""

    topic: str
    payload: bytes
    retained: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """One line for people that says what is wrong with what a machine, or an edge node, publishes, and what to do.

    `signal`: the one that it is about, if it is about one. `usable`: its value can be used all the same.
    """

    about: str
    text: str
    signal: str = ""
    usable: bool = False


@dataclass
class Outcome:
    """What follows from something heard: events for the agent, letters for the broker, and notes for people."""

    events: list[Event] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)


class Hearing(Protocol):
    """One run's decisions; all times are business time. Every method tells what follows, and does nothing itself."""

    @property
    def filters(self) -> tuple[str, ...]:
        """The subscriptions that it needs; no message matches two of them."""
        ...

    def up(self, now: datetime) -> Outcome:
        """The broker was found, and the subscriptions are on their way."""
        ...

    def down(self, since: datetime, now: datetime, reason: str) -> Outcome:
        """The broker was lost, or is not there; what came after `since` may never have reached us."""
        ...

    def dropped(self, count: int, since: datetime, now: datetime) -> Outcome:
        """So many messages were thrown away on our side, because the agent could not take them fast enough."""
        ...

    def hear(self, messages: Sequence[Heard], now: datetime) -> Outcome:
        """Messages, in their order."""
        ...

    def look(self, now: datetime) -> Outcome:
        """Time passes."""
        ...

    def wakes(self) -> datetime | None:
        """When `look` has something to do, if nothing else happens."""
        ...
