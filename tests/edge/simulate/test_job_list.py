"""A simulated machine's job list answers with the return codes of the standard."""

from datetime import UTC, datetime, timedelta

from edge.orders.isa95_types import ISA95JobOrderDataType
from edge.orders.job import NO_ERROR, JobState, Move
from edge.simulate.job_list import INVALID, UNABLE, UNKNOWN_JOB, WRONG_STATE, JobList

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def held(*names: str, limit: int = 2) -> JobList:
    found = JobList(limit)
    for name in names:
        assert found.store(ISA95JobOrderDataType(JobOrderID=name)) == NO_ERROR
    return found


def test_a_job_runs_from_store_to_clear_and_keeps_its_times() -> None:
    jobs = held("a")
    moves = [Move.START, Move.RUN, Move.PAUSE, Move.RESUME, Move.FINISH]
    for minutes, move in enumerate(moves):
        assert jobs.move("a", move, NOON + timedelta(minutes=minutes)) == NO_ERROR
    job = jobs.jobs["a"]
    assert (job.state, job.started, job.ended) == (
        JobState.ENDED,
        NOON + timedelta(minutes=1),
        NOON + timedelta(minutes=4),
    )
    assert jobs.clear("a") == NO_ERROR
    assert jobs.jobs == {}


def test_what_is_full_doubled_or_nameless_is_not_stored() -> None:
    jobs = held("a", "b")
    assert jobs.store(ISA95JobOrderDataType(JobOrderID="c")) == UNABLE
    assert held("a").store(ISA95JobOrderDataType(JobOrderID="a")) == UNABLE
    assert held().store(ISA95JobOrderDataType()) == INVALID


def test_a_move_in_the_wrong_state_changes_nothing() -> None:
    jobs = held("a")
    assert jobs.move("a", Move.RUN, NOON) == WRONG_STATE
    assert jobs.clear("a") == WRONG_STATE
    assert jobs.jobs["a"].state is JobState.NOT_ALLOWED_TO_START
    assert jobs.move("zz", Move.START, NOON) == UNKNOWN_JOB


def test_a_job_aborted_before_it_ran_has_no_times() -> None:
    jobs = held("a")
    assert jobs.move("a", Move.ABORT, NOON) == NO_ERROR
    assert (jobs.jobs["a"].started, jobs.jobs["a"].ended) == (None, None)
    assert jobs.cancel("a") == WRONG_STATE
