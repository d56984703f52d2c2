"""The lives of an edge node: born, numbered, missed, dead, late and asked, and its host's one rebirth request."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sparkplug_story import BORN, Story, at, message, value

from edge.reading import Gap, LinkNotice, Reading
from edge.sources.mqtt_hearing import Heard
from edge.sources.sparkplug_payload import decode
from gateway.machine import Quality


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
