"""Keeps the place in an agent's numbered stream, and tells what was lost where the numbers do not join."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime

from edge.sources.mtconnect_model import Complaint, Document, Observation, Streams
from edge.sources.mtconnect_xml import moment

OUT_OF_RANGE = "OUT_OF_RANGE"
"""The agent's word for a place that its buffer does not have (MTConnect Part 1, ErrorCode)."""

OVERRUN = "the agent's buffer no longer had what came next"
RESTARTED = "the agent was restarted"


@dataclass(frozen=True, slots=True)
class Place:
    """The next observation to come: its number, the agent's run that gives it, and until when all is known."""

    instance: str
    next: int
    known: datetime

    def __str__(self) -> str:
        return f"{self.instance}:{self.next}:{self.known.isoformat()}"


@dataclass(frozen=True, slots=True)
class Joined:
    """All up to `place` is known now. `behind`: the agent has more already."""

    place: Place
    observations: tuple[Observation, ...]
    behind: bool = False


@dataclass(frozen=True, slots=True)
class Torn:
    """What lay between is gone, and why: the state must be read anew."""

    reason: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The agent will not answer this request, whenever it is asked."""

    reason: str


def place_of(cursor: str | None) -> Place | None:
    """What a cursor says; None for one that cannot be read."""
    if cursor is None:
        return None
    instance, _, rest = cursor.partition(":")
    number, _, known = rest.partition(":")
    at = moment(known)
    if not (number.isascii() and number.isdigit()) or len(number) > 20 or at is None:
        return None
    return Place(instance, int(number), at)


def begin(streams: Streams, now: datetime) -> Place | None:
    """The place after a `current`; None where the agent does not number its stream."""
    following = streams.header.next
    return None if following is None else Place(streams.header.instance, following, now)


def follow(place: Place, document: Document, now: datetime) -> Joined | Torn | Refused:
    """Take the next document of a sample stream."""
    header = document.header
    if header.instance and header.instance != place.instance:
        return Torn(RESTARTED)
    match document:
        case Complaint():
            return Torn(OVERRUN) if document.has(OUT_OF_RANGE) else Refused(document.shown)
        case Streams():
            return _join(place, document, now)
        case _:
            return Torn("the agent answered with its device model")


def _join(place: Place, streams: Streams, now: datetime) -> Joined | Torn:
    header, seen = streams.header, streams.observations
    if header.first is not None and header.first > place.next:
        return Torn(OVERRUN)
    following = header.next if header.next is not None else _after(place.next, seen)
    if following < place.next:
        return Torn("the agent counts from the beginning again")
    fresh = tuple(each for each in seen if each.sequence is None or each.sequence >= place.next)
    behind = header.last is not None and header.last >= following
    return Joined(replace(place, next=following, known=now), fresh, behind)


def _after(number: int, observations: Iterable[Observation]) -> int:
    return max((each.sequence + 1 for each in observations if each.sequence is not None), default=number)
