"""A Sparkplug host with one machine, told second by second what an edge node says; no broker, no clock."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from edge.reading import Event, Gap, LinkNotice, Reading
from edge.sources.mqtt_hearing import Heard, Outcome
from edge.sources.sparkplug_host import SparkplugHost, SparkplugMachine
from edge.sources.sparkplug_schema import Payload
from edge.sources.sparkplug_topic import Node

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
NODE = Node("G", "N")
INT32 = 3


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def message(
    verb: str, seconds: float, *metrics: dict[str, Any], seq: int | None = None, bd: int | None = None
) -> Heard:
    """What node G/N (D verbs: its device D) says, stamped with the second at which it does."""
    wire: Any = Payload(timestamp=round(at(seconds).timestamp() * 1000))
    if seq is not None:
        wire.seq = seq
    if bd is not None:
        wire.metrics.add(name="bdSeq", datatype=8, long_value=bd)
    for metric in metrics:
        wire.metrics.add(**metric)
    device = "/D" if verb[0] == "D" else ""
    return Heard(f"spBv1.0/G/{verb}/N{device}", wire.SerializeToString())


def value(number: int, **keys: Any) -> dict[str, Any]:
    named = {} if "alias" in keys else {"name": "State", "datatype": INT32}
    return {**named, "int_value": number, **keys}


BORN = {"name": "State", "alias": 7, "datatype": INT32, "int_value": 1}


class Story:
    """A host with one machine (device D of node G/N, unless it is the node itself), told second by second."""

    def __init__(self, device: str | None = "D", host: str | None = "ts", **signals: str) -> None:
        machine = SparkplugMachine(NODE, device, signals or {"state": "State"})
        self.host = SparkplugHost({"M1": machine}, host, stamp=5)
        self.events: list[Event] = []
        self.letters: list[tuple[float, str]] = []
        self.notes: list[str] = []
        self.now = 0.0
        self.take(self.host.up(at(0)))

    def take(self, out: Outcome) -> list[object]:
        self.events += out.events
        self.letters += [(self.now, topic) for topic, _, _ in out.letters]
        self.notes += [note.text for note in out.notes]
        return short(out.events)

    def hear(self, verb: str, seconds: float, *metrics: dict[str, Any], **keys: Any) -> list[object]:
        self.wait(seconds)
        return self.take(self.host.hear([message(verb, seconds, *metrics, **keys)], at(seconds)))

    def wait(self, seconds: float) -> list[object]:
        """Let time pass, with a look whenever the host wants one."""
        told: list[object] = []
        while (wakes := self.host.wakes()) is not None and wakes <= at(seconds):
            self.now = (wakes - NOON).total_seconds()
            told += self.take(self.host.look(wakes))
        self.now = seconds
        return told

    def born(self, seconds: float = 0.1, bd: int = 0) -> list[object]:
        self.hear("NBIRTH", seconds, seq=0, bd=bd)
        return self.hear("DBIRTH", seconds, BORN, seq=1)

    @property
    def rebirths(self) -> list[float]:
        return [seconds for seconds, topic in self.letters if topic == "spBv1.0/G/NCMD/N"]


def short(events: Sequence[Event]) -> list[object]:
    told: list[object] = []
    for event in events:
        match event:
            case LinkNotice():
                told.append("up" if event.up else "down")
            case Reading():
                told.append((event.value, event.quality))
            case Gap():
                told.append("gap")
    return told
