"""Machines behind one broker: whose message it is, who is connected, and what a kept message is worth."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.reading import Event, Gap, LinkNotice, Reading
from edge.sources.mqtt_hearing import Heard, Outcome
from edge.sources.mqtt_machine import Ear
from edge.sources.mqtt_payload import reader
from edge.sources.mqtt_plant import MqttPlant
from edge.sources.mqtt_signal import MqttSignal
from edge.sources.mqtt_topics import joined
from gateway.machine import Quality

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
POWER = {"topic": "power", "pointer": "/w", "type": "Double"}
WILL = {"topic": "online", "alive": ["true"]}


def at(seconds: float) -> datetime:
    return NOON + timedelta(seconds=seconds)


def plant(*machines: str, root: str = "plant/{machine}", **signals: dict[str, Any]) -> MqttPlant:
    made = {name: MqttSignal(**keys) for name, keys in signals.items()}
    return MqttPlant(
        {
            machine: {
                name: Ear(joined(root, signal.topic, machine), signal, reader(signal, ZoneInfo("UTC")))
                for name, signal in made.items()
            }
            for machine in machines
        }
    )


def hear(found: MqttPlant, topic: str, payload: str, seconds: float = 0, *, retained: bool = False) -> Outcome:
    return found.hear([Heard(topic, payload.encode(), retained)], at(seconds))


def short(events: Sequence[Event]) -> list[object]:
    """Events by what matters: links, values with their quality, and gaps."""
    told: list[object] = []
    for event in events:
        match event:
            case LinkNotice():
                told.append((event.machine, "up" if event.up else "down"))
            case Reading():
                told.append((event.machine, event.signal, event.value, event.quality))
            case Gap():
                told.append((event.machine, "gap", (event.end - event.start).total_seconds()))
    return told


def test_one_pattern_serves_many_machines() -> None:
    found = plant("m1", "m2", "m3", power=POWER)
    assert set(found.filters) == {"plant/m1/power", "plant/m2/power", "plant/m3/power"}
    assert short(hear(found, "plant/m2/power", '{"w": 5}').events) == [("m2", "up"), ("m2", "power", 5, "good")]
    assert hear(found, "plant/m4/power", '{"w": 5}').events == []


def test_a_wildcard_and_a_plain_topic_may_take_in_the_same_message() -> None:
    found = plant("m1", power=POWER, any={"topic": "+", "pointer": "/w"})
    assert found.filters == ("plant/m1/+",)
    told = short(hear(found, "plant/m1/power", '{"w": 5}').events)
    assert told == [("m1", "up"), ("m1", "power", 5, "good"), ("m1", "any", 5, "good")]
    assert short(hear(found, "plant/m1/other", '{"w": 6}').events) == [("m1", "any", 6, "good")]


def test_a_message_of_many_signals_is_read_once_for_each() -> None:
    found = plant("m1", power=POWER, energy={"topic": "power", "pointer": "/kwh"})
    told = short(hear(found, "plant/m1/power", '{"w": 5, "kwh": 7}').events)
    assert told == [("m1", "up"), ("m1", "power", 5, "good"), ("m1", "energy", 7, "good")]


def test_a_lost_broker_is_told_once_and_leaves_a_gap_for_those_who_spoke() -> None:
    found = plant("m1", "m2", power=POWER)
    found.up(at(0))
    hear(found, "plant/m1/power", '{"w": 5}', 1)
    told = found.down(at(2), at(10), "broker 127.0.0.1:1: gone").events
    assert short(told) == [("m1", "down"), ("m2", "down")]
    assert all(isinstance(event, LinkNotice) and "gone" in event.reason for event in told)
    assert found.down(at(3), at(11), "gone").events == []
    assert short(found.up(at(20)).events) == [("m1", "gap", 18.0), ("m1", "up")]


def test_a_machine_that_never_spoke_is_told_with_its_topics() -> None:
    found = plant("m1", power=POWER)
    found.up(at(0))
    assert found.wakes() == at(60)
    assert found.look(at(59)).events == []
    (told,) = found.look(at(60)).events
    assert isinstance(told, LinkNotice)
    assert not told.up
    assert "nothing was heard of m1 on plant/m1/power" in told.reason
    assert found.wakes() is None
    assert short(hear(found, "plant/m1/power", '{"w": 5}', 99).events)[0] == ("m1", "up")


@pytest.mark.parametrize(
    ("keys", "told"),
    [
        ({}, [("m1", "power", 5, "uncertain")]),
        ({"retained": "ignore"}, []),
        ({"retained": "trust"}, [("m1", "up"), ("m1", "power", 5, "good")]),
    ],
)
def test_a_kept_message_is_worth_what_the_profile_says(keys: dict[str, str], told: list[object]) -> None:
    found = plant("m1", power=POWER | keys)
    assert short(hear(found, "plant/m1/power", '{"w": 5}', retained=True).events) == told


def test_a_kept_message_with_its_own_time_is_history() -> None:
    found = plant("m1", power=POWER | {"time": "/t"})
    (told,) = hear(found, "plant/m1/power", '{"w": 5, "t": "2026-02-20T08:00:00Z"}', retained=True).events
    assert isinstance(told, Reading)
    assert (told.historical, told.quality, told.source_time) == (
        True,
        Quality.GOOD,
        datetime(2026, 2, 20, 8, tzinfo=UTC),
    )


def test_what_the_broker_hands_out_again_after_a_cut_says_nothing_new() -> None:
    found = plant("m1", power=POWER)
    hear(found, "plant/m1/power", '{"w": 5}')
    found.down(at(1), at(2), "gone")
    found.up(at(3))
    assert hear(found, "plant/m1/power", '{"w": 5}', 3, retained=True).events == []
    told = hear(found, "plant/m1/power", '{"w": 6}', 3, retained=True).events
    assert short(told) == [("m1", "power", 6, "uncertain")]


def test_a_last_will_takes_the_link_down_and_what_is_known_is_doubted() -> None:
    found = plant("m1", power=POWER, will=WILL)
    assert short(hear(found, "plant/m1/online", "true").events)[0] == ("m1", "up")
    hear(found, "plant/m1/power", '{"w": 5}', 1)
    told = hear(found, "plant/m1/online", "false", 9).events
    assert short(told) == [("m1", "down"), ("m1", "power", 5, "uncertain"), ("m1", "will", False, "good")]
    assert isinstance(told[0], LinkNotice)
    assert "its last will on plant/m1/online says 'false'" in told[0].reason
    assert short(hear(found, "plant/m1/online", "true", 20).events)[:2] == [("m1", "gap", 19.0), ("m1", "up")]


@pytest.mark.parametrize("will_first", [True, False])
def test_a_kept_value_is_believed_while_the_machine_says_that_it_is_connected(will_first: bool) -> None:
    found = plant("m1", power=POWER, will=WILL)
    kept = [("plant/m1/online", "true"), ("plant/m1/power", '{"w": 5}')]
    told: list[Event] = []
    for topic, payload in kept if will_first else reversed(kept):
        told += hear(found, topic, payload, retained=True).events
    powers = [event for event in told if isinstance(event, Reading) and event.signal == "power"]
    assert powers[-1].quality is Quality.GOOD
    assert [event.quality for event in powers[:-1]] == ([] if will_first else [Quality.UNCERTAIN])


def test_a_machine_that_is_dead_by_its_will_is_not_alive_for_its_kept_values() -> None:
    found = plant("m1", power=POWER, will=WILL)
    told = hear(found, "plant/m1/online", "false", retained=True).events
    told += hear(found, "plant/m1/power", '{"w": 5}', retained=True).events
    assert short(told) == [("m1", "down"), ("m1", "will", False, "good"), ("m1", "power", 5, "uncertain")]


@pytest.mark.parametrize(
    ("payload", "words", "value"),
    [
        ("12 W", "plant/m1/power: the payload is not JSON but '12 W'", None),
        ('{"power": 5}', "'/w' finds nothing: no 'w' in the whole; there: power", None),
        ('{"w": "much"}', "'much' is no Double; correct `type`", "much"),
        ('{"w": {}}', "finds an object with nothing; go on", None),
    ],
)
def test_a_payload_that_cannot_be_read_is_said_once_and_stops_nothing(payload: str, words: str, value: object) -> None:
    found = plant("m1", "m2", power=POWER)
    out = hear(found, "plant/m1/power", payload)
    (note,) = out.notes
    assert (note.about, note.signal) == ("m1", "power")
    assert words in note.text
    (bad,) = [event for event in out.events if isinstance(event, Reading)]
    assert (bad.value, bad.quality) == (value, Quality.GOOD if value else Quality.BAD)
    assert hear(found, "plant/m1/power", payload).notes == []
    assert short(hear(found, "plant/m1/power", '{"w": 5}').events) == [("m1", "power", 5, "good")]


def test_a_message_that_tells_only_what_changed_leaves_the_rest_as_it_was() -> None:
    found = plant("m1", power=POWER, energy={"topic": "power", "pointer": "/kwh"})
    hear(found, "plant/m1/power", '{"w": 5, "kwh": 7}')
    out = hear(found, "plant/m1/power", '{"kwh": 8}')
    assert short(out.events) == [("m1", "energy", 8, "good")]
    assert out.notes == []


def test_messages_that_came_too_fast_leave_a_gap() -> None:
    found = plant("m1", "m2", power=POWER)
    hear(found, "plant/m1/power", '{"w": 5}')
    assert short(found.dropped(12, at(1), at(4)).events) == [("m1", "gap", 3.0)]


@given(
    st.lists(st.tuples(st.sampled_from(["power", "online", "x"]), st.binary(max_size=20), st.booleans()), max_size=9)
)
def test_the_link_changes_only_back_and_forth_whatever_is_published(story: list[tuple[str, bytes, bool]]) -> None:
    found = plant("m1", power=POWER, will=WILL, all={"topic": "#"})
    found.up(at(0))
    events: list[Event] = []
    for number, (topic, payload, retained) in enumerate(story):
        events += found.hear([Heard(f"plant/m1/{topic}", payload, retained)], at(number)).events
    links = [event.up for event in events if isinstance(event, LinkNotice)]
    assert all(one is not other for one, other in pairwise(links))


def test_a_machine_that_stays_silent_once_the_broker_is_back_is_told_for_that() -> None:
    found = plant("m1", power=POWER)
    assert short(found.down(at(0), at(0), "broker gone").events) == [("m1", "down")]
    found.up(at(10))
    (told,) = found.look(at(70)).events
    assert isinstance(told, LinkNotice)
    assert "nothing was heard of m1" in told.reason
