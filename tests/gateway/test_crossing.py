"""The fence: nothing crosses that the plant did not name."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway.because import Because
from gateway.crossing import Disclosure, MachineDisclosure, cross
from gateway.messages import Announce, GapNotice, JobReport, OrderAnswer, Samples, StateChange, Statement, encode

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


ANNOUNCE = Announce(
    at=NOW,
    machines=tuple(
        Announce.Machine(name=name, profile="p", units={"power": "kW", "torque": "N*m"}) for name in ("M04", "M05")
    ),
)


POWER_OF_M04 = Disclosure(machines={"M04": MachineDisclosure(signals=frozenset({"power"}))})


def leaks(policy: Disclosure, said: Announce) -> set[tuple[str, str]]:
    """What an announcement tells of signals that the plant did not name."""
    told = {(machine.name, signal) for machine in said.machines for signal in machine.units or {}}
    return {(machine, signal) for machine, signal in told if signal not in policy.of(machine).signals}


@pytest.mark.parametrize(
    ("policy", "told"), [(Disclosure(), [None, None]), (POWER_OF_M04, [{"power": "kW"}, None])], ids=["none", "one"]
)
def test_of_a_signal_that_is_not_named_not_even_its_name_and_unit_cross(policy: Disclosure, told: list[object]) -> None:
    assert leaks(policy, ANNOUNCE), "the check itself must see what an open fence would let out"
    crossed = cross(policy, ANNOUNCE)
    assert isinstance(crossed, Announce)
    assert not leaks(policy, crossed)
    assert [machine.units for machine in crossed.machines] == told
    assert b"torque" not in encode(crossed)


def test_a_machine_that_names_all_it_measures_is_announced_as_it_is() -> None:
    named = Disclosure(default=MachineDisclosure(signals=frozenset({"power", "torque", "heat"})))
    assert cross(named, ANNOUNCE) is ANNOUNCE
    bare = ANNOUNCE.model_copy(update={"machines": (Announce.Machine(name="M04", profile="p"),)})
    assert cross(Disclosure(), bare) == bare


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
