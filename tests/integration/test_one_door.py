"""The plant's one door, with real processes: kills, a lost cache, an hour without a line, an agent without a route."""

import os
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom
from time import monotonic, sleep, time

import pytest
from fire_door import DoorTheatre, door_theatre
from fire_evidence import Change, look
from hosts_apart import hosts_apart

from gateway.clock import VARIABLE, Clock

SEED = int(os.environ.get("THIRDSHIFT_SEED", SystemRandom().randrange(1 << 32)))
HOUR = 8.0
"""Real seconds of an hour on the scaled clock."""
HASTY = (sys.executable, str(Path(__file__).parents[1] / "peers" / "hasty_gateway.py"), "run")

History = Mapping[str, Sequence[Change]]


def told(stage: DoorTheatre, within: float) -> tuple[int, int, str]:
    """Changes lost and changes doubled, once all is told; and what to say of it."""
    found = stage.settle(within)
    lost = sum((Counter(stage.expected[name]) - Counter(found.get(name, ()))).total() for name in stage.expected)
    doubled = sum((Counter(found[name]) - Counter(stage.expected.get(name, ()))).total() for name in found)
    return lost, doubled, f"THIRDSHIFT_SEED={SEED} {stage.kills}\n{stage.words()}"


def waiting(stage: DoorTheatre) -> int:
    """Bytes that the gateway keeps."""
    return int(stage.status()["cache"]["bytes"])


def an_hour_in(seconds: float) -> dict[str, str]:
    """A business clock on which an hour passes in so many real seconds."""
    return {VARIABLE: str(Clock(3600 / seconds, time(), datetime.now(UTC)))}


def until(stage: DoorTheatre, condition: Callable[[], bool], within: float = 60.0) -> None:
    deadline = monotonic() + within
    while not condition():
        assert monotonic() < deadline, stage.words()
        sleep(0.1)


@pytest.mark.timeout(330)
def test_three_rounds_of_kills_on_both_sides_of_the_door_lose_nothing_and_double_nothing() -> None:
    with door_theatre(machines=40, rate=150) as stage:
        stage.storm(Random(SEED), rounds=3, pause=(0.1, 0.9))
        stage.hurry()
        lost, doubled, words = told(stage, within=180)
        assert (lost, doubled) == (0, 0), words
        assert len(stage.kills) == 18
        assert sum(kill.in_flight > 0 for kill in stage.kills) >= 11, words


@pytest.mark.timeout(180)
@pytest.mark.parametrize("hasty", [False, True], ids=["sound", "control: acknowledges itself"])
def test_a_gateway_that_loses_all_its_copies_loses_nothing_of_the_plants(hasty: bool) -> None:
    with door_theatre(machines=13, rate=300, **({"door": HASTY} if hasty else {})) as stage:
        stage.broker.kill()
        until(stage, lambda: waiting(stage) > 20_000)
        stage.door.kill()
        for part in (stage.folder / "gateway-data").glob("cache.sqlite*"):
            part.unlink()
        stage.broker.start()
        stage.door.start()
        stage.hurry()
        lost, doubled, words = told(stage, within=60)
        assert (lost > 0) == hasty, words
        assert hasty or doubled == 0, words


@pytest.mark.timeout(330)
def test_a_plant_that_is_cut_off_for_an_hour_comes_back_with_all_of_it_even_while_its_agent_is_switched_off() -> None:
    with door_theatre(machines=13, rate=60, environment=an_hour_in(HOUR)) as stage:
        stage.broker.kill()
        until(stage, lambda: not stage.status()["outside"]["connected"])
        sleep(HOUR)
        before = sum(map(len, stage.history().values()))
        stage.agent.kill()
        appended = look(stage.folder).unacknowledged
        kept = waiting(stage)
        stage.broker.start()
        # The agent is off: what arrives now was kept by the gateway.
        until(stage, lambda: waiting(stage) == 0)
        until(stage, lambda: sum(map(len, stage.history().values())) >= before + 0.9 * appended)
        assert (appended > 0.8 * 60 * HOUR, kept > 20_000) == (True, True), stage.words()
        stage.hurry()
        assert told(stage, within=60)[:2] == (0, 0), stage.words()


@pytest.mark.timeout(330)
def test_an_agent_without_a_route_out_is_told_of_through_the_door_and_a_pulled_cable_costs_nothing() -> None:
    with hosts_apart() as hosts, door_theatre(machines=13, rate=60, environment=an_hour_in(HOUR), hosts=hosts) as stage:
        port = stage.broker.port or 0
        assert hosts.reaches(hosts.door, hosts.outside, port) == ""
        assert hosts.reaches(hosts.plant, hosts.outside, port) == "Network is unreachable"
        assert hosts.reaches(hosts.plant, hosts.inside, stage.inner.port or 0) == ""
        before = sum(map(len, stage.history().values()))
        hosts.cut()
        sleep(HOUR)
        kept = waiting(stage)
        hosts.plug()
        stage.hurry()
        lost, doubled, words = told(stage, within=180)
        assert (lost, doubled, kept > 20_000) == (0, 0, True), words
        assert sum(map(len, stage.history().values())) > before


@pytest.mark.deep
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("amqtt", [False, True], ids=["mosquitto outside", "amqtt outside"])
def test_twenty_rounds_of_kills(amqtt: bool) -> None:
    with door_theatre(machines=90, rate=120, amqtt=amqtt) as stage:
        stage.storm(Random(SEED), rounds=20, pause=(0.1, 2.0))
        stage.hurry()
        lost, doubled, words = told(stage, within=180)
        assert (lost, doubled) == (0, 0), words
