"""One edge node as its host sees it: births, aliases, message numbers and deaths, and when only a rebirth helps."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from edge.sources.sparkplug_payload import BD_SEQ, Metric, Payload, Unreadable, worth
from edge.sources.sparkplug_topic import Node, Topic, Verb
from gateway.machine import Quality


@dataclass(frozen=True, slots=True)
class Valued:
    """One metric's value by its full name. `fault`: why it has none, where that is not simply null."""

    name: str
    value: object
    at: datetime | None
    quality: Quality
    historical: bool
    fault: str = ""
    unit: str = ""


@dataclass(frozen=True, slots=True)
class Values:
    """What a node (`device` None) or a device says; in a birth that is all it has."""

    device: str | None
    metrics: tuple[Valued, ...]
    birth: bool = False


@dataclass(frozen=True, slots=True)
class Missed:
    """Messages of the node are missing, since it was heard last."""

    since: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Died:
    """The device is gone, or (None) the node and with it all its devices; `last`: its own clock when it last spoke."""

    device: str | None
    last: datetime | None


Told = Values | Missed | Died


@dataclass
class _Table:
    """What a birth declared: each metric's data type, and the names that aliases stand for."""

    types: dict[str, int] = field(default_factory=dict)
    aliases: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, metrics: Iterable[Metric]) -> "_Table":
        table = cls()
        for metric in metrics:
            table.types[metric.name] = metric.datatype
            if metric.alias is not None:
                table.aliases[metric.alias] = metric.name
        return table


@dataclass
class NodeSession:
    """`wanting`: why the node has to be asked for a rebirth, empty where it has not. `asked` is set by who asks."""

    node: Node
    wanting: str = ""
    asked: bool = False
    alive: bool = False
    heard: datetime | None = None
    ignored: int = 0
    _bd_seq: int | None = None
    _dead_bd_seq: int | None = None
    _born: datetime | None = None
    _next: int | None = None
    _last: datetime | None = None
    _tables: dict[str | None, _Table] = field(default_factory=dict)

    @property
    def devices(self) -> list[str]:
        """The devices that are born."""
        return sorted(name for name in self._tables if name is not None)

    def doubt(self) -> None:
        """Nobody listened for a while: aliases and numbers may mean something else by now, so a birth is needed."""
        self._tables.clear()
        self._next = self._bd_seq = None
        self.alive = self.asked = False
        self.wanting = "nobody knows what it said while the broker was not there"

    def hear(self, topic: Topic, payload: Payload, now: datetime) -> list[Told]:
        """Take a message in; `now` is its receipt."""
        match topic.verb:
            case Verb.NBIRTH:
                told = self._birth(payload)
            case Verb.NDEATH:
                told = self._death(payload)
            case Verb.DBIRTH | Verb.DDEATH | Verb.DDATA | Verb.NDATA:
                told = list(self._numbered(topic, payload)) if self._known() else []
        self.heard = now
        if payload.at is not None and topic.verb is not Verb.NDEATH:
            self._last = payload.at
        return told

    def _known(self) -> bool:
        if None in self._tables:
            return True
        self.wanting = self.wanting or "it speaks, and was not born yet"
        return False

    def _birth(self, payload: Payload) -> list[Told]:
        bd_seq = payload.number(BD_SEQ)
        if self._late(payload, bd_seq):
            self.ignored += 1
            if not (self.alive and payload.at == self._born):
                self.wanting = "a birth came late, after a newer birth or its own death"
            self._born = payload.at
            return []
        self.alive, self.asked, self.wanting = True, False, ""
        self._bd_seq, self._born = bd_seq, payload.at
        self._next = _after(payload.seq)
        self._tables = {None: _Table.of(payload.metrics)}
        return [self._values(None, payload, birth=True)]

    def _late(self, payload: Payload, bd_seq: int | None) -> bool:
        """Whether the birth belongs to a past that is over. What answers our own request never does.

        Stamps decide where there are any; a node that lost its memory may count `bdSeq` from 0 again.
        """
        if self.asked:
            return False
        if payload.at is not None and self._born is not None:
            return payload.at <= self._born
        if self.alive or self._dead_bd_seq is None or bd_seq is None:
            return False
        if payload.at is not None:
            return bd_seq == self._dead_bd_seq
        return (self._dead_bd_seq - bd_seq) % 256 < 128

    def _death(self, payload: Payload) -> list[Told]:
        """A death counts for the birth that it was written for (specification 3.0, 6.4.20: the numbers must match)."""
        bd_seq = payload.number(BD_SEQ)
        if self.alive and None not in {bd_seq, self._bd_seq} and bd_seq != self._bd_seq:
            self.ignored += 1
            return []
        self.alive = self.asked = False
        self.wanting = ""
        self._dead_bd_seq, self._next = bd_seq, None
        self._tables.clear()
        return [Died(None, self._last)]

    def _numbered(self, topic: Topic, payload: Payload) -> Iterator[Told]:
        expected, self._next = self._next, _after(payload.seq)
        if payload.seq is not None and expected is not None and payload.seq != expected:
            self.wanting = f"message {expected} was due, and {payload.seq} came"
            if self.heard is not None:
                yield Missed(self.heard, f"edge node {self.node}: {self.wanting}")
        match topic.verb:
            case Verb.DBIRTH:
                self._tables[topic.device] = _Table.of(payload.metrics)
                yield self._values(topic.device, payload, birth=True)
            case Verb.DDEATH:
                self._tables.pop(topic.device, None)
                yield Died(topic.device, self._last)
            case _ if topic.device in self._tables:
                yield self._values(topic.device, payload)
            case _:
                self.wanting = f"its device {topic.device} speaks, and was not born yet"

    def _values(self, device: str | None, payload: Payload, *, birth: bool = False) -> Values:
        table = self._tables[device]
        found = [self._valued(table, metric, payload, birth=birth) for metric in payload.metrics]
        return Values(device, tuple(each for each in found if each is not None), birth)

    def _valued(self, table: _Table, metric: Metric, payload: Payload, *, birth: bool) -> Valued | None:
        name = metric.name or (table.aliases.get(metric.alias, "") if metric.alias is not None else "")
        if not name:
            self.wanting = f"no birth named the alias {metric.alias}"
            return None
        at = self._moment(metric, payload, birth=birth)
        try:
            value = worth(metric, metric.datatype or table.types.get(name, 0))
        except Unreadable as error:
            return Valued(name, None, at, Quality.BAD, metric.historical, str(error))
        quality = Quality.BAD if value is None else metric.quality
        return Valued(name, value, at, quality, metric.historical, unit=metric.unit)

    def _moment(self, metric: Metric, payload: Payload, *, birth: bool) -> datetime | None:
        """When the value was so. A birth says again, as of now, what may have changed long ago; all at one instant.

        Only what changed since the node was heard last has its own time even there: nobody else tells of it.
        """
        if birth and not metric.historical:
            new = metric.at is not None and self._last is not None and metric.at > self._last
            return metric.at if new else payload.at or metric.at
        return metric.at or payload.at


def _after(seq: int | None) -> int | None:
    """The number that comes next (0 to 255, and around again); None where this message had none."""
    return None if seq is None else (seq + 1) % 256
