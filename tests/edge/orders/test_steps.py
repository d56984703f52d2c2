"""What is done next for an order: a table over record, machine and time; and what may never happen."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.orders.admission import OrderMode
from edge.orders.job import WAITING, JobState
from edge.orders.port import Unreachable
from edge.orders.record import OrderRecord, Phase
from edge.orders.steps import MOST_STORES, Absent, Ask, Finished, Seen, Step, Tell, Wait, next_step
from gateway.because import Because
from gateway.messages import Order

START = datetime(2026, 3, 1, 12, tzinfo=UTC)
NOT_AFTER = START + timedelta(minutes=15)
BEFORE, DURING, LATE = START - timedelta(hours=1), START + timedelta(minutes=1), NOT_AFTER + timedelta(seconds=1)
AWAY = Unreachable("away")
ORDER = Order(
    booking="bkg_1",
    revision=1,
    machine="Press",
    start=START,
    end=START + timedelta(hours=2),
    not_after=NOT_AFTER,
    work_master="bracket",
    quantity=5,
)


def record(phase: Phase = Phase.ACCEPTED, **more: object) -> OrderRecord:
    return OrderRecord.model_validate({"order": ORDER, "mode": OrderMode.STORE_AND_START, "phase": phase} | more)


STORED, RUNNING = record(Phase.STORED), record(Phase.RUNNING, started=START)
S = JobState


@pytest.mark.parametrize(
    ("known", "seen", "now", "step"),
    [
        (record(), Absent(), BEFORE, Ask("Store")),
        (record(), AWAY, BEFORE, Wait(NOT_AFTER)),
        (record(), AWAY, LATE, Tell("no_show", Phase.DONE, Because.UNREACHABLE)),
        (record(), Absent(), LATE, Tell("no_show", Phase.DONE, Because.NOT_STARTED)),
        (record(stores=1), S.NOT_ALLOWED_TO_START, BEFORE, Tell("stored", Phase.STORED)),
        (STORED, S.NOT_ALLOWED_TO_START, BEFORE, Wait(START)),
        (STORED, S.NOT_ALLOWED_TO_START, DURING, Ask("Start")),
        (STORED, S.ALLOWED_TO_START, DURING, Wait(NOT_AFTER)),
        (STORED, S.ALLOWED_TO_START, LATE, Ask("Cancel")),
        (STORED, Absent(), DURING, Ask("Store")),
        (record(Phase.STORED, mode="store"), S.NOT_ALLOWED_TO_START, DURING, Wait(NOT_AFTER)),
        (STORED, S.RUNNING, DURING, Tell("started", Phase.RUNNING)),
        (STORED, S.ABORTED, DURING, Tell("aborted", Phase.DONE, Because.ABORTED)),
        (RUNNING, S.RUNNING, DURING, Wait()),
        (RUNNING, S.INTERRUPTED, LATE, Wait()),
        (RUNNING, S.ENDED, LATE, Tell("ended", Phase.DONE)),
        (RUNNING, S.ABORTED, LATE, Tell("aborted", Phase.DONE, Because.ABORTED)),
        (RUNNING, Absent(), LATE, Tell("aborted", Phase.DONE, Because.LOST)),
        (RUNNING, AWAY, LATE, Wait()),
        (record(Phase.STORED, cancelled="off"), S.ALLOWED_TO_START, DURING, Ask("Cancel")),
        (
            record(Phase.STORED, cancelled="off"),
            Absent(),
            DURING,
            Tell("aborted", Phase.DONE, Because.CANCELLED, "off"),
        ),
        (record(Phase.RUNNING, cancelled="off", started=START), S.RUNNING, DURING, Ask("Abort")),
        (record(Phase.DONE), S.ENDED, LATE, Ask("Clear")),
        (record(Phase.DONE), Absent(), LATE, Finished()),
        (record(Phase.DONE), AWAY, LATE, Wait()),
        (record(Phase.DONE), S.ALLOWED_TO_START, LATE, Ask("Cancel")),
        (record(mode="off"), Absent(), DURING, Tell("aborted", Phase.DONE, Because.ORDERS_OFF)),
        (record(mode="off"), AWAY, DURING, Tell("aborted", Phase.DONE, Because.ORDERS_OFF)),
        (record(Phase.STORED, mode="off"), S.ALLOWED_TO_START, DURING, Ask("Cancel")),
        (record(Phase.STORED, mode="off"), Absent(), DURING, Tell("aborted", Phase.DONE, Because.ORDERS_OFF)),
        (record(Phase.RUNNING, mode="off", started=START), S.RUNNING, DURING, Wait()),
        (record(stores=1, refusal="full"), Absent(), LATE, Tell("no_show", Phase.DONE, Because.REFUSED, "full")),
    ],
)
def test_the_next_step(known: OrderRecord, seen: Seen, now: datetime, step: Step) -> None:
    assert next_step(known, seen, now) == step


def test_a_machine_that_will_not_keep_the_job_is_not_asked_for_ever() -> None:
    step = next_step(record(stores=MOST_STORES, refusal="unable to accept job orders"), Absent(), DURING)
    assert isinstance(step, Tell)
    assert (step.event, step.reason) == ("aborted", Because.REFUSED)
    assert "unable to accept" in (step.detail or "")


records = st.builds(
    record,
    st.sampled_from(Phase),
    stores=st.integers(0, MOST_STORES),
    cancelled=st.none() | st.just("off"),
    started=st.none() | st.just(START),
    mode=st.sampled_from(OrderMode),
)
sights: st.SearchStrategy[Seen] = st.sampled_from([*JobState, Absent(), AWAY])
moments = st.sampled_from([BEFORE, START, DURING, NOT_AFTER, LATE])


@given(records, sights, moments)
def test_nothing_is_started_early_late_cancelled_or_where_only_storing_is_allowed(
    known: OrderRecord, seen: Seen, now: datetime
) -> None:
    if next_step(known, seen, now) == Ask("Start"):
        assert START <= now <= NOT_AFTER
        assert known.mode is OrderMode.STORE_AND_START
        assert known.cancelled is None


@given(records, sights, moments)
def test_what_is_done_stays_done(known: OrderRecord, seen: Seen, now: datetime) -> None:
    if known.phase is Phase.DONE:
        assert next_step(known, seen, now) in {Ask("Clear"), Ask("Cancel"), Wait(), Finished()}


@given(records, sights, moments)
def test_a_job_that_may_not_run_any_more_is_taken_back_wherever_it_waits(
    known: OrderRecord, seen: Seen, now: datetime
) -> None:
    if known.phase in {Phase.STORED, Phase.RUNNING} and seen in WAITING and (known.cancelled or now > NOT_AFTER):
        assert next_step(known, seen, now) == Ask("Cancel")
