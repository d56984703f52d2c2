"""What is in a machine's job list and when it is to run: read alike from a fake, a simulated and a foreign machine."""

import itertools
from datetime import UTC, datetime, timedelta

from edge.orders.isa95_codec import listed_job, order_structure
from edge.orders.job import JobOrder, JobState, ListedJob
from edge.orders.port import Done

from .conftest import Bench

NUMBERS = itertools.count()
START = datetime(2026, 3, 2, 8, tzinfo=UTC)


def job(name: str) -> JobOrder:
    return JobOrder(name, "turn", START, START + timedelta(hours=2), 7)


async def test_the_list_says_when_each_job_is_to_run_and_how_many_pieces_it_makes(bench: Bench) -> None:
    await bench.treat(ignore_start=True)
    name = f"listed-{next(NUMBERS)}"
    assert await bench.port.store(job(name)) == Done()
    found = await bench.port.listed()
    assert isinstance(found, list)
    mine = [each for each in found if each.id == name]
    assert mine == [ListedJob(name, START, START + timedelta(hours=2), JobState.NOT_ALLOWED_TO_START, 7)]
    await bench.port.cancel(name)
    after = await bench.port.listed()
    assert isinstance(after, list)
    assert name not in [each.id for each in after]


def test_a_job_without_times_or_of_no_length_is_in_no_plan() -> None:
    structure = order_structure(job("A"))
    structure.EndTime = None
    assert listed_job(structure, JobState.RUNNING) is None
    structure.EndTime = structure.StartTime
    assert listed_job(structure, JobState.RUNNING) is None
