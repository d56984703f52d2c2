"""What an ingest process gathers of its own work until it is written down: counts, latencies, what senders hold."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import NamedTuple

from cloud.operations.latency import PARTS, added, part
from cloud.telemetry.model import EPOCH, MICRO, micros
from gateway.link import Held
from gateway.messages import (
    Announce,
    GapNotice,
    JobReport,
    OrderAnswer,
    Samples,
    StateChange,
    Statement,
    Stream,
    Telemetry,
    Up,
)

MINUTE = timedelta(minutes=1)


class Said(NamedTuple):
    """One message that was taken in: `at` is UNIX time in µs of the newest thing that it tells, by its source."""

    stream: Stream
    samples: int
    at: int


@dataclass(slots=True)
class Minute:
    """What was committed for one enterprise and stream; `latency` as cloud.operations.latency has it."""

    messages: int = 0
    samples: int = 0
    latency: list[int] = field(default_factory=lambda: [0] * PARTS)


@dataclass(slots=True)
class Refusals:
    """How often packets of an agent were thrown away for one reason."""

    count: int
    first: datetime
    last: datetime


@dataclass(slots=True)
class Sheet:
    """What is to be written down. Minutes by enterprise, moment and stream; the others by agent."""

    minutes: dict[tuple[str, datetime, Stream], Minute] = field(default_factory=dict)
    held: dict[tuple[str, Stream], tuple[datetime, list[list[int]]]] = field(default_factory=dict)
    refused: dict[tuple[str, str], Refusals] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.minutes or self.held or self.refused)


class Tally:
    """Gathers. `speed` of the business clock: a minute, and how long something took, are told in real time."""

    def __init__(self, speed: float = 1.0) -> None:
        self.sheet = Sheet()
        self._speed = speed
        self._width = MINUTE * speed

    def committed(self, enterprise: str, told: Iterable[Said], now: datetime) -> None:
        """These messages are in the registry since `now`."""
        at, moment, per_second = now - (now - EPOCH) % self._width, micros(now), 1_000_000 * self._speed
        for stream, samples, spoken in told:
            minute = self.sheet.minutes.setdefault((enterprise, at, stream), Minute())
            minute.messages += 1
            minute.samples += samples
            minute.latency[part((moment - spoken) / per_second)] += 1

    def greeted(self, agent: str, stream: Stream, held: Iterable[Held], now: datetime) -> None:
        """The sender says what of a stream it still holds."""
        self.sheet.held[agent, stream] = (now, [[each.epoch, each.oldest, each.next] for each in held])

    def refused(self, counts: Mapping[str, int], reason: str, now: datetime) -> None:
        """So many packets in the name of each agent were thrown away."""
        for agent, count in counts.items():
            known = self.sheet.refused.setdefault((agent, reason), Refusals(0, now, now))
            known.count += count
            known.last = now

    def put_back(self, sheet: Sheet) -> None:
        """What could not be written down: what was thrown away meanwhile is the part that nobody can tell again."""
        for (agent, reason), each in sheet.refused.items():
            known = self.sheet.refused.setdefault((agent, reason), each)
            if known is not each:
                known.count, known.first = known.count + each.count, each.first
        self.sheet.held = sheet.held | self.sheet.held
        for key, minute in sheet.minutes.items():
            known_minute = self.sheet.minutes.setdefault(key, minute)
            if known_minute is not minute:
                known_minute.messages += minute.messages
                known_minute.samples += minute.samples
                known_minute.latency = added(known_minute.latency, minute.latency)

    def torn_off(self) -> Sheet:
        """What was gathered, which is forgotten here."""
        sheet, self.sheet = self.sheet, Sheet()
        return sheet


def said(stream: Stream, message: Up) -> Said:
    """What a message counts as."""
    match message:
        case Telemetry():
            return Said(stream, message.size, message.base + sum(message.columns[0].at))
        case Samples():
            return Said(stream, len(message.values), round(message.at[-1] * 1e6) if message.at else 0)
        case StateChange() | OrderAnswer() | JobReport() | Announce():
            return Said(stream, 0, (message.at - EPOCH) // MICRO)
        case Statement():
            return Said(stream, 0, (message.issued_at - EPOCH) // MICRO)
        case GapNotice():
            return Said(stream, 0, (message.end - EPOCH) // MICRO)
