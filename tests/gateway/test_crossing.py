"""The fence: nothing crosses that the plant did not name."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.because import Because
from gateway.crossing import Disclosure, MachineDisclosure, cross
from gateway.messages import GapNotice, JobReport, OrderAnswer, Samples, StateChange, Statement

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
POWER = Samples(machine="M04", signal="power", at=(1.0,), values=(3.5,))
STATE = StateChange(machine="M04", at=NOW, state="Executing")
GAP = GapNotice(machine="M04", start=NOW, end=LATER, reason="the agent did not run")
STATEMENT = Statement(
    machine="M04",
    version=1,
    issued_at=NOW,
    valid_until=LATER,
    start=NOW,
    end=LATER,
    spans=(
        Statement.Piece(
            start=NOW, end=LATER, type="Committed", quantity=1, reason="planned", detail="order 4711 for a rival"
        ),
    ),
)


def test_raw_signals_stay_in_unless_they_are_named() -> None:
    assert cross(Disclosure(), POWER) is None
    named = Disclosure(machines={"M04": MachineDisclosure(signals=frozenset({"power"}))})
    assert cross(named, POWER) == POWER
    assert cross(named, POWER.model_copy(update={"signal": "torque"})) is None
    assert cross(named, POWER.model_copy(update={"machine": "M05"})) is None


def test_an_order_number_stays_in_unless_the_plant_lets_it_out() -> None:
    crossed = cross(Disclosure(), STATEMENT)
    assert isinstance(crossed, Statement)
    assert crossed.spans[0].detail is None
    assert crossed.spans[0].reason == "planned"
    assert cross(Disclosure(default=MachineDisclosure(order_details=True)), STATEMENT) == STATEMENT


def test_a_machine_can_keep_its_states_or_its_capacity_to_itself() -> None:
    silent = Disclosure(machines={"M04": MachineDisclosure(states=False, capacity=False)})
    assert cross(silent, STATE) is None
    assert cross(silent, GAP) is None
    assert cross(Disclosure(), GAP) == GAP
    assert cross(silent, STATEMENT) is None
    assert cross(silent, STATE.model_copy(update={"machine": "M05"})) is not None


@pytest.mark.parametrize(
    "reason", ["opc.tcp://10.0.0.7:4840 went away", "broker plant-1:1883: hung up", "Line1/Press1"]
)
def test_why_a_machine_was_not_seen_names_nothing_of_the_plants_network(reason: str) -> None:
    crossed = cross(Disclosure(), GAP.model_copy(update={"reason": reason}))
    assert crossed == GAP.model_copy(update={"reason": "the machine was not seen"})


def test_a_machine_that_is_to_show_less_shows_no_more_than_the_default_in_anything_else() -> None:
    policy = Disclosure.model_validate(
        {"default": {"capacity": "none", "signals": ["power"]}, "machines": {"M04": {"states": False}}}
    )
    assert cross(policy, STATEMENT) is None
    assert cross(policy, STATE) is None
    assert cross(policy, POWER) == POWER
    assert cross(policy, STATE.model_copy(update={"machine": "M05"})) is not None


ANSWER = OrderAnswer(booking="bkg_1", revision=1, machine="M04", answer="refused", at=NOW)
REPORT = JobReport(booking="bkg_1", revision=1, machine="M04", event="aborted", at=NOW)


@pytest.mark.parametrize("message", [ANSWER, REPORT], ids=lambda message: message.kind)
def test_only_public_words_say_why_an_order_was_refused_or_a_job_ended(message: OrderAnswer | JobReport) -> None:
    for reason in (None, *Because):
        said = message.model_copy(update={"reason": reason})
        assert cross(Disclosure(), said) == said
    secret = message.model_copy(update={"reason": "allowed: secret-customer-part-77, bracket"})
    crossed = cross(Disclosure(default=MachineDisclosure(order_details=True)), secret)
    assert isinstance(crossed, OrderAnswer | JobReport)
    assert crossed.reason == "plant-keeps-its-reason"
