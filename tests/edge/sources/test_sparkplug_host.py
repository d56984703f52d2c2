"""What a host application makes of births, data, history and noise, and what it says itself."""

import json

import pytest
from sparkplug_story import BORN, INT32, Story, at, value

from edge.reading import LinkNotice, Reading
from edge.sources.mqtt_hearing import Heard
from edge.sources.sparkplug_topic import parse


def test_a_birth_says_all_and_data_by_alias_what_changed() -> None:
    story = Story()
    assert story.born() == ["up", (1, "good")]
    assert story.hear("DDATA", 1, value(2, alias=7), seq=2) == [(2, "good")]
    assert story.hear("DDATA", 2, value(2**32 - 3, alias=7), seq=3) == [(-3, "good")]
    assert story.rebirths == []


def test_a_birth_tells_in_which_unit_a_metric_is() -> None:
    story = Story(device=None, load="Load", state="State")
    named = {"keys": ["engUnit"], "values": [{"type": 12, "string_value": "kN"}]}
    load = {"name": "Load", "datatype": INT32, "int_value": 3, "properties": named}
    story.hear("NBIRTH", 0.1, BORN, load, seq=0, bd=0)
    (notice,) = [event for event in story.events if isinstance(event, LinkNotice) and event.up]
    assert notice.units == {"load": "kN"}


def test_a_node_can_be_a_machine_itself() -> None:
    story = Story(device=None)
    assert story.hear("NBIRTH", 0.1, BORN, seq=0, bd=0) == ["up", (1, "good")]
    assert story.hear("NDATA", 1, value(2, alias=7), seq=1) == [(2, "good")]


def test_a_birth_may_begin_with_any_number_and_numbers_go_around() -> None:
    story = Story(device=None)
    story.hear("NBIRTH", 0.1, BORN, seq=254, bd=0)
    for seq in (255, 0, 1):
        assert story.hear("NDATA", 1, value(seq, alias=7), seq=seq) == [(seq, "good")]


def test_a_birth_of_the_number_that_died_is_asked_about_before_it_is_believed() -> None:
    """The death came first to us: was it of this birth, or does the node count from 0 at each start?"""
    story = Story()
    story.hear("NDEATH", 0.1, bd=0)
    story.hear("NBIRTH", 1, seq=0, bd=0)
    story.wait(2)
    assert story.rebirths == [1.5]
    assert story.born(2, bd=0) == ["up", (1, "good")]


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
