"""kill -9 of agent, broker, ingest or PostgreSQL at random moments: after recovery nothing is lost, nothing doubled."""

import os
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from random import Random, SystemRandom

import pytest
from under_fire import Change, theatre

SEED = int(os.environ.get("THIRDSHIFT_SEED", SystemRandom().randrange(1 << 32)))
HASTY = (sys.executable, str(Path(__file__).parents[1] / "peers" / "hasty_ingest.py"))

History = Mapping[str, Sequence[Change]]


def lost(expected: History, found: History) -> int:
    """Changes of the log that the cloud does not have."""
    return sum((Counter(expected[name]) - Counter(found.get(name, ()))).total() for name in expected)


def doubled(expected: History, found: History) -> int:
    """Changes that the cloud has and the log has not, or not as often."""
    return sum((Counter(found[name]) - Counter(expected.get(name, ()))).total() for name in found)


@pytest.mark.timeout(300)
def test_twenty_kills_with_messages_in_flight_lose_nothing_and_double_nothing() -> None:
    with theatre(machines=40, rate=180) as stage:
        stage.fire(Random(SEED), kills=20, pause=(0.2, 1.2))
        stage.hurry()
        found = stage.settle(within=180)
        message = f"THIRDSHIFT_SEED={SEED} {stage.kills}\n{stage.words()}"
        assert (lost(stage.expected, found), doubled(stage.expected, found)) == (0, 0), message
        assert {name: list(changes) for name, changes in stage.expected.items()} == found, message
        assert Counter(kill.victim for kill in stage.kills) == dict.fromkeys(
            ("agent", "broker", "ingest", "postgres"), 5
        )
        assert sum(kill.in_flight > 0 for kill in stage.kills) >= 15, message


@pytest.mark.timeout(300)
def test_control_an_ingest_that_acknowledges_before_it_commits_is_caught() -> None:
    with theatre(machines=13, rate=400, ingest=HASTY) as stage:
        stage.fire(Random(SEED), kills=2, pause=(1.2, 1.6), only="ingest")
        stage.hurry()
        found = stage.settle(within=180)
        assert lost(stage.expected, found) > 0, f"THIRDSHIFT_SEED={SEED} {stage.kills}\n{stage.words()}"


@pytest.mark.deep
@pytest.mark.timeout(900)
@pytest.mark.parametrize("amqtt", [False, True], ids=["mosquitto", "amqtt"])
def test_a_hundred_kills(amqtt: bool) -> None:
    with theatre(machines=90, rate=120, amqtt=amqtt) as stage:
        stage.fire(Random(SEED), kills=100, pause=(0.2, 3.0))
        stage.hurry()
        found = stage.settle(within=120)
        message = f"THIRDSHIFT_SEED={SEED} {stage.kills}\n{stage.words()}"
        assert {name: list(changes) for name, changes in stage.expected.items()} == found, message
        assert sum(kill.in_flight > 0 for kill in stage.kills) >= 75, message
