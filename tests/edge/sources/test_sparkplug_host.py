"""A host application: births, aliases, numbers, deaths, one rebirth request, and its own STATE."""

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.reading import Event, Gap, LinkNotice, Reading
from edge.sources.mqtt_hearing import Heard, Outcome
from edge.sources.sparkplug_host import SparkplugHost, SparkplugMachine
from edge.sources.sparkplug_payload import decode
from edge.sources.sparkplug_schema import Payload
from edge.sources.sparkplug_topic import Node, parse
from gateway.machine import Quality

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


def test_a_birth_says_all_and_data_by_alias_what_changed() -> None:
    story = Story()
    assert story.born() == ["up", (1, "good")]
    assert story.hear("DDATA", 1, value(2, alias=7), seq=2) == [(2, "good")]
    assert story.hear("DDATA", 2, value(2**32 - 3, alias=7), seq=3) == [(-3, "good")]
    assert story.rebirths == []


def test_a_node_can_be_a_machine_itself() -> None:
    story = Story(device=None)
    assert story.hear("NBIRTH", 0.1, BORN, seq=0, bd=0) == ["up", (1, "good")]
    assert story.hear("NDATA", 1, value(2, alias=7), seq=1) == [(2, "good")]


def test_a_birth_may_begin_with_any_number_and_numbers_go_around() -> None:
    story = Story(device=None)
    story.hear("NBIRTH", 0.1, BORN, seq=254, bd=0)
    for seq in (255, 0, 1):
        assert story.hear("NDATA", 1, value(seq, alias=7), seq=seq) == [(seq, "good")]


def test_a_missing_number_leaves_a_gap_and_asks_once_for_a_rebirth() -> None:
    story = Story()
    story.born()
    assert story.hear("DDATA", 5, value(2, alias=7), seq=4) == ["gap", (2, "good")]
    (gap,) = [event for event in story.events if isinstance(event, Gap)]
    assert (gap.start, gap.end, gap.reason) == (at(0.1), at(5), "edge node G/N: message 2 was due, and 4 came")
    story.hear("DDATA", 5.1, value(2, alias=7), seq=5)
    story.hear("DDATA", 5.2, value(2, alias=7), seq=9)
    story.wait(9)
    assert story.rebirths == [5.5]
    assert story.born(9.5) == [(1, "good")]
    story.wait(600)
    assert story.rebirths == [5.5]


def test_a_node_that_does_not_answer_is_asked_ever_more_rarely() -> None:
    story = Story()
    story.wait(3600)
    pauses = [later - earlier for earlier, later in pairwise(story.rebirths)]
    assert story.rebirths[0] == 2.0
    assert pauses[:6] == [10, 20, 40, 80, 160, 300]
    assert len(pauses) < 18


def test_a_birth_that_comes_by_itself_is_not_asked_for() -> None:
    story = Story()
    story.born(1.5)
    story.wait(100)
    assert story.rebirths == []


@pytest.mark.parametrize(
    ("verb", "metrics"),
    [("NDATA", []), ("DDATA", []), ("DDATA", [value(3, alias=99)])],
    ids=["node not born", "device not born", "alias unknown"],
)
def test_what_nobody_can_place_asks_for_a_rebirth_and_is_no_reading(verb: str, metrics: list[dict[str, Any]]) -> None:
    story = Story()
    if metrics:
        story.born()
    elif verb == "DDATA":
        story.hear("NBIRTH", 0.1, seq=0, bd=0)
    assert story.hear(verb, 1, *metrics, seq=2) == []
    story.wait(2.2)
    assert len(story.rebirths) == 1


def test_the_death_of_a_device_takes_the_link_down_and_leaves_its_last_values_doubted() -> None:
    story = Story()
    story.born()
    story.hear("DDATA", 1, value(2, alias=7), seq=2)
    assert story.hear("DDEATH", 9, seq=3) == ["down", (2, "uncertain")]
    last = story.events[-1]
    assert isinstance(last, Reading)
    assert last.source_time == at(1), "in the node's own time, or its next values would seem late"
    assert story.hear("DBIRTH", 20, BORN, seq=4) == ["gap", "up", (1, "good")]


def test_the_death_of_a_node_is_that_of_its_devices() -> None:
    story = Story()
    story.born(bd=4)
    assert story.hear("NDEATH", 9, bd=4) == ["down", (1, "uncertain")]
    assert "edge node G/N reports its death" in next(
        e.reason for e in story.events if isinstance(e, LinkNotice) and not e.up
    )
    assert story.born(20, bd=5) == ["gap", "up", (1, "good")]


def test_a_death_of_an_earlier_birth_is_ignored() -> None:
    """The broker may tell the will of an old connection after the node has come back."""
    story = Story()
    story.born(bd=4)
    story.born(5, bd=5)
    assert story.hear("NDEATH", 6, bd=4) == []
    assert story.hear("DDATA", 7, value(2, alias=7), seq=2) == [(2, "good")]


def test_a_birth_that_comes_after_the_death_it_preceded_is_ignored_and_asked_about() -> None:
    story = Story()
    birth = message("NBIRTH", 0.1, seq=0, bd=4)
    story.take(story.host.hear([birth, message("DBIRTH", 0.1, BORN, seq=1), message("NDEATH", 1, bd=4)], at(1)))
    assert story.take(story.host.hear([birth], at(3))) == []
    assert story.hear("DDATA", 3.1, value(2, alias=7), seq=2) == []
    story.wait(4)
    assert story.rebirths == [3.5]
    assert story.born(5, bd=4) == ["gap", "up", (1, "good")], "whoever answers our own request is alive"


def test_a_birth_of_the_number_that_died_is_asked_about_before_it_is_believed() -> None:
    """The death came first to us: was it of this birth, or does the node count from 0 at each start?"""
    story = Story()
    story.hear("NDEATH", 0.1, bd=0)
    story.hear("NBIRTH", 1, seq=0, bd=0)
    story.wait(2)
    assert story.rebirths == [1.5]
    assert story.born(2, bd=0) == ["up", (1, "good")]


def test_a_node_that_counts_its_births_from_0_again_is_believed_by_its_clock() -> None:
    story = Story()
    story.born(0.1, bd=3)
    story.hear("NDEATH", 5, bd=3)
    assert story.born(6, bd=0) == ["gap", "up", (1, "good")]
    assert story.rebirths == []


def test_after_a_lost_broker_nothing_is_believed_until_a_birth() -> None:
    """Meanwhile the node may have been born anew, and its aliases mean something else."""
    story = Story()
    story.born()
    assert story.take(story.host.down(at(1), at(3), "gone")) == ["down"]
    story.take(story.host.up(at(10)))
    assert story.hear("DDATA", 10.1, value(9, alias=7), seq=2) == []
    assert story.born(11) == ["gap", "up", (1, "good")]
    gap = next(event for event in story.events if isinstance(event, Gap))
    assert (gap.start, gap.end) == (at(1), at(11))


def test_a_node_that_is_not_there_says_what_to_check() -> None:
    story = Story()
    assert story.wait(6) == ["down"]
    notice = story.events[-1]
    assert isinstance(notice, LinkNotice)
    assert "edge node G/N says nothing" in notice.reason
    assert "check `group` and `node`" in notice.reason


def test_a_node_without_the_device_names_those_it_has() -> None:
    story = Story(device="Press2")
    story.hear("NBIRTH", 0.1, seq=0, bd=0)
    story.hear("DBIRTH", 0.1, BORN, seq=1)
    story.wait(6)
    notice = story.events[-1]
    assert isinstance(notice, LinkNotice)
    assert notice.reason == "edge node G/N has no device 'Press2'; there: D; correct `device`"


def test_a_device_that_is_not_born_again_with_its_node_is_gone() -> None:
    story = Story()
    story.born()
    story.hear("NBIRTH", 50, seq=0, bd=0)
    assert story.wait(60) == ["down"]


def test_a_metric_that_the_birth_does_not_have_is_said_once_with_what_is_near() -> None:
    story = Story(state="State", parts="Sate")
    assert story.born() == ["up", (None, "bad"), (1, "good")]
    story.born(5)
    (note,) = story.notes
    assert note == "G/N/D has no metric 'Sate'; there: State; correct `metric` or `prefix`"


def test_history_keeps_its_time_and_a_null_is_bad() -> None:
    story = Story()
    story.born()
    old = round(at(-500).timestamp() * 1000)
    assert story.hear("DDATA", 5, value(8, alias=7, is_historical=True, timestamp=old), seq=2) == [(8, "good")]
    reading = story.events[-1]
    assert isinstance(reading, Reading)
    assert (reading.historical, reading.source_time) == (True, at(-500))
    assert story.hear("DDATA", 6, {"alias": 7, "is_null": True}, seq=3) == [(None, "bad")]


def test_a_birth_tells_its_values_as_of_now_but_what_changed_unheard_as_of_then() -> None:
    story = Story(device=None, state="State", other="Other")
    when = {"timestamp": round(at(-900).timestamp() * 1000)}
    story.hear("NBIRTH", 1, {**BORN, **when}, {"name": "Other", "datatype": INT32, "int_value": 1, **when}, seq=0, bd=0)
    assert {event.source_time for event in story.events if isinstance(event, Reading)} == {at(1)}
    story.hear("NDEATH", 10, bd=0)
    changed = {"timestamp": round(at(15).timestamp() * 1000)}
    story.hear(
        "NBIRTH", 20, {**BORN, **changed}, {"name": "Other", "datatype": INT32, "int_value": 1, **when}, seq=0, bd=1
    )
    last = [event for event in story.events if isinstance(event, Reading)][-2:]
    assert [(event.signal, event.source_time) for event in last] == [("state", at(15)), ("other", at(20))]


def test_data_sets_and_templates_are_passed_over_with_a_word() -> None:
    story = Story(state="State", table="Table")
    story.hear("NBIRTH", 0.1, seq=0, bd=0)
    table = {"name": "Table", "datatype": 16, "dataset_value": b"\x08\x01"}
    assert story.hear("DBIRTH", 0.1, BORN, table, seq=1) == ["up", (1, "good"), (None, "bad")]
    assert story.notes == ["the metric 'Table' is a data set; name one that is a number, text or truth"]


def test_malformed_bytes_are_counted_said_once_and_stop_nothing() -> None:
    story = Story()
    story.born()
    for seconds in (1, 2, 3):
        story.take(story.host.hear([Heard("spBv1.0/G/DDATA/N/D", b"\xff\x00")], at(seconds)))
    assert story.host.counts["malformed"] == 3
    (note,) = story.notes
    assert "spBv1.0/G/DDATA/N/D: 2 bytes that are no Sparkplug B payload" in note
    assert story.hear("DDATA", 4, value(2, alias=7), seq=2) == [(2, "good")]


def test_the_host_says_that_it_is_there_and_insists() -> None:
    story = Story()
    assert story.letters == [(0.0, "spBv1.0/STATE/ts")]
    said = json.loads(story.host.up(at(1)).letters[0][1])
    assert said == {"online": True, "timestamp": 5}
    for gone in (b'{"online": false, "timestamp": 4}', b"OFFLINE", b"[]"):
        out = story.host.hear([Heard("spBv1.0/STATE/ts", gone)], at(2))
        assert [topic for topic, _, kept in out.letters if kept] == ["spBv1.0/STATE/ts"]
    assert story.host.hear([Heard("spBv1.0/STATE/ts", b'{"online": true, "timestamp": 5}')], at(2)).letters == []
    assert story.host.hear([Heard("spBv1.0/STATE/ts", b"OFFLINE", retained=True)], at(2)).letters == []


def test_a_host_that_only_looks_says_nothing_of_itself() -> None:
    story = Story(host=None)
    assert story.letters == []
    assert not any("STATE" in filter_ for filter_ in story.host.filters)
    story.wait(3)
    assert story.rebirths == [2.0], "but it asks: a birth harms nobody"


@pytest.mark.parametrize(
    "topic",
    ["spBv1.0/G/NCMD/N", "spBv1.0/G/DDATA/N", "spBv1.0/G/NDATA/N/D", "spAv1.0/G/NDATA/N", "spBv1.0/STATE/x", "a", ""],
)
def test_other_topics_are_nobodys(topic: str) -> None:
    assert parse(topic) is None


VERBS = st.sampled_from(["NBIRTH", "NDEATH", "NDATA", "DBIRTH", "DDEATH", "DDATA", "noise"])


@given(st.lists(st.tuples(VERBS, st.integers(0, 255), st.integers(0, 3), st.integers(0, 9)), max_size=12))
def test_links_alternate_and_readings_come_while_up_in_any_order_of_messages(
    tale: list[tuple[str, int, int, int]],
) -> None:
    story = Story()
    for number, (verb, seq, bd, alias) in enumerate(tale):
        if verb == "noise":
            story.take(story.host.hear([Heard("spBv1.0/G/DDATA/N/D", bytes([seq, bd, alias]))], at(number)))
            continue
        metrics = [BORN] if verb.endswith("BIRTH") else [value(1, alias=alias)]
        story.hear(verb, number, *metrics, seq=None if verb == "NDEATH" else seq, bd=bd if verb[0] == "N" else None)
    links = [event for event in story.events if isinstance(event, LinkNotice)]
    for one, other in pairwise(links):
        assert one.up is not other.up or (not one.up and one.reason != other.reason)
    up = False
    for event in story.events:
        if isinstance(event, LinkNotice):
            up = event.up
        elif isinstance(event, Reading):
            assert up or event.quality is Quality.UNCERTAIN
    assert decode(message("NBIRTH", 0, seq=0, bd=0).payload).number("bdSeq") == 0


def test_a_node_that_stays_away_once_the_broker_is_back_is_told_for_that() -> None:
    story = Story()
    story.born()
    story.take(story.host.down(at(1), at(1), "broker gone"))
    story.take(story.host.up(at(10)))
    assert story.wait(60) == ["down"]
    assert isinstance(story.events[-1], LinkNotice)
    assert "says nothing" in story.events[-1].reason
    assert story.born(70) == ["gap", "up", (1, "good")]
