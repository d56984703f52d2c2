"""Plans and calendars in a running agent: a feed that goes down, a list that does not answer, a clock that jumps."""

import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from edge import scenefile
from edge.ask import ask, document
from edge.config import read
from edge.fetch import Answer, Failed, Got
from edge.joblists import JobLists
from edge.orders.job import JobOrder, JobState, Move
from edge.planfolder import Listed, PlanFolder, folder
from edge.simulate.fake_jobs import FakeJobs
from edge.simulate.job_desk import JobDesk
from edge.trouble import Trouble
from gateway.capacity import Confidence, Reason
from gateway.clock import Clock
from gateway.span import Span

Make = Callable[..., Any]
HOUR = timedelta(hours=1)
NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)
CONFIG = """\
agent: plant-a
link: {id: k1, secret: "env:KEY"}
zone: Europe/Berlin
calendar: {ics: [{url: "http://office/shifts.ics", fresh: 2 d, stale: 30 d}]}
plan: {url: "http://office/plan.csv", fresh: 1 h, stale: 25 h, set_up: 30 min}
selling: {forecast: off, confidence: medium, repair_time: 1 h}
machines:
  M1: {profile: opcua-machinery, source: {type: opcua, url: "opc.tcp://127.0.0.1:1"}}
"""
SHIFTS = (
    b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART;TZID=Europe/Berlin:20260302T060000\r\nDURATION:PT16H\r\n"
    b"RRULE:FREQ=DAILY\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
)
PLAN = b"machine,start,end,order\nM1,2026-03-02T12:00,2026-03-02T15:00,4711\n"


class Office:
    """What an address answers, without a network."""

    def __init__(self) -> None:
        self.up = True
        self.answers: dict[str, bytes] = {"http://office/shifts.ics": SHIFTS, "http://office/plan.csv": PLAN}

    def __call__(self, url: str, *_: str | None) -> Answer:
        return Got(self.answers[url]) if self.up else Failed(f"{url}: does not answer")


@pytest.fixture
def office() -> Office:
    return Office()


@pytest.fixture
def papers(tmp_path: Path, office: Office) -> Callable[..., PlanFolder]:
    """The folder of a plant whose papers come from the office, as it starts so many hours after NOW."""
    (tmp_path / "edge.yaml").write_text(CONFIG)

    def start(hours: float = 0.0) -> PlanFolder:
        return folder(read(tmp_path / "edge.yaml"), clock_at(hours), Trouble(), None, office)

    return start


def clock_at(hours: float) -> Clock:
    """A clock that shows so many hours after NOW."""
    return Clock(1.0, time.time(), NOW + hours * HOUR)


async def fetched(found: PlanFolder) -> PlanFolder:
    for source in found.feeds.checks:
        await found.feeds.refresh(source)
    return found


async def test_what_was_never_fetched_sells_nothing(papers: Make) -> None:
    found = papers().papers("M1")
    assert found.trust(NOW) is None
    assert found.stale(NOW) == ["calendar http://office/shifts.ics", "plan http://office/plan.csv"]


@pytest.mark.parametrize(
    ("hours", "sure"),
    [(0.5, Confidence.FIRM), (2, Confidence.HIGH), (10, Confidence.MEDIUM), (18, Confidence.LOW), (26, None)],
)
async def test_a_feed_that_is_down_ages_and_confidence_falls_until_it_is_stale(
    papers: Make, office: Office, hours: float, sure: Confidence | None
) -> None:
    await fetched(papers())
    office.up = False
    later = await fetched(papers(hours))
    found = later.papers("M1")
    assert [order.order for order in found.orders] == ["4711"], "the last good plan counts"
    assert found.trust(later.clock.now()) == sure
    assert "does not answer" in later.feeds.trouble.now["feed/http://office/plan.csv"]


@pytest.mark.parametrize(
    ("hours", "reason", "band"),
    [(0.5, "idle", Confidence.FIRM), (2, "idle", Confidence.HIGH), (18, "stale-data", None), (26, "stale-data", None)],
    ids=["fresh", "old", "below the plant's threshold", "too old"],
)
async def test_the_ledger_follows_the_papers_age(
    papers: Make, office: Office, tmp_path: Path, hours: float, reason: str, band: Confidence | None
) -> None:
    await fetched(papers())
    path, clock = tmp_path / "edge.yaml", clock_at(hours)
    found = ask(path, "M1", (clock.now() + 30 * HOUR).isoformat(), clock)
    (piece,) = found.found
    assert piece.reason == reason
    assert (piece.confidence if piece.type == "Available" else None) == band
    assert ("freshness" in [step.layer for step in found.steps if step.takes]) == (band is None)


async def test_a_copy_that_got_newer_is_told_and_one_that_only_still_holds_is_no_news(
    papers: Make, office: Office
) -> None:
    found = papers()
    found.changed()
    await fetched(found)
    assert list(found.changed()) == ["M1"]
    assert found.changed() == {}
    office.answers["http://office/plan.csv"] = PLAN.replace(b"4711", b"4712")
    await fetched(found)
    assert [order.order for order in found.changed()["M1"].orders] == ["4712"]


async def test_an_explanation_says_what_everybody_can_check(papers: Make, tmp_path: Path) -> None:
    await fetched(papers())
    found = ask(tmp_path / "edge.yaml", "M1", "2026-03-02T11:40", clock_at(0.1))
    assert [piece.reason for piece in found.told] == [Reason.PLANNED]
    assert [step.text for step in found.steps if step.takes] == [
        "set-up of order 4711: 2026-03-02T10:30:00Z/2026-03-02T11:00:00Z"
    ]
    told = document(found)
    assert (told["for_sale"], told["pieces"][0]["detail"], told["told"][0]["detail"]) == (False, "4711 (set-up)", None)


@pytest.fixture
def machine() -> FakeJobs:
    return FakeJobs(JobDesk(clock_at(0)))


@pytest.fixture
def lists(tmp_path: Path, machine: FakeJobs) -> JobLists:
    path = tmp_path / "edge.yaml"
    path.write_text(CONFIG.replace('plan: {url: "http://office/plan.csv", ', "plan: {job_list: true, "))
    found = folder(read(path), clock_at(0), Trouble(), None, Office())
    plan = found.plan("M1")
    assert plan
    return JobLists({"M1": plan}, {"M1": machine}, found.listed, found.clock, found.feeds.trouble)


def job(name: str, start: float, hours: float, pieces: int = 10) -> JobOrder:
    return JobOrder(name, "turn", NOW + start * HOUR, NOW + (start + hours) * HOUR, pieces)


async def test_a_machines_own_job_list_is_its_plan(lists: JobLists, machine: FakeJobs) -> None:
    for each in (job("A", 1, 2), job("B", 5, 1), job("bkg_1-1", 8, 1), job("C", 10, 1)):
        await machine.store(each)
    await machine.abort("C")
    await lists.ask("M1")
    orders = lists.listed["M1"].orders
    assert [(order.order, order.span.start) for order in orders] == [
        ("A", NOW + HOUR),
        ("B", NOW + 5 * HOUR),
        ("bkg_1-1", NOW + 8 * HOUR),
    ]
    assert [order.serves_a_booking for order in orders] == [False, False, True]


async def test_a_running_jobs_remainder_follows_from_its_pieces(lists: JobLists, machine: FakeJobs) -> None:
    await machine.store(job("A", -1, 5, pieces=10))
    await machine.start("A")
    await machine.desk.move("A", Move.RUN)
    machine.desk.held.jobs["A"].good = 8
    await lists.ask("M1")
    (order,) = lists.listed["M1"].orders
    assert order.progress
    assert abs(order.progress.end - (NOW + HOUR)) < timedelta(minutes=1), "two pieces of half an hour each"


async def test_a_machine_that_does_not_answer_leaves_its_last_list_which_ages(
    lists: JobLists, machine: FakeJobs
) -> None:
    await machine.store(job("A", 1, 2))
    await lists.ask("M1")
    before = lists.listed["M1"]
    machine.reachable = False
    await lists.ask("M1")
    assert lists.listed["M1"] == before
    assert "its job list cannot be read" in lists.trouble.now["plan/M1"]
    machine.reachable = True
    await lists.ask("M1")
    assert not lists.trouble.now
    assert JobState.NOT_ALLOWED_TO_START in (await machine.jobs()).values()


async def test_what_an_explanation_needs_of_a_running_agent_comes_back_as_it_was(plant: Any) -> None:
    await plant.see("M1", "Executing")
    plant.agent._shown = 0.0
    plant.agent.step(plant.at(seconds=4))
    desk = plant.agent.desks["M1"]
    found = scenefile.read(plant.config.data, "M1")
    assert found
    assert (found[0].watch, found[0].diary) == (desk.watch, desk.diary)
    listed = Listed((), plant.at())
    kept = scenefile.Kept(desk.watch, desk.present(plant.at()), listed, desk.diary)
    assert scenefile.load(scenefile.dump(kept)) == replace(kept, present=replace(kept.present, paused=False))


async def test_explain_agrees_with_the_statement_of_the_running_agent(plant: Any) -> None:
    await plant.see("M1", "Executing")
    plant.agent._shown = 0.0
    plant.agent.step(plant.at(seconds=4))
    (statement, *_) = plant.statements()
    for hours in (0.2, 0.9, 1.5, 20.0, 130.0):
        at = plant.at(hours=hours)
        found = ask(plant.path, "M1", at.isoformat(), plant.clock)
        said = [piece for piece in statement.spans if at in Span(piece.start, piece.end)]
        assert [(piece.type, piece.reason) for piece in said] == [(piece.type, piece.reason) for piece in found.told]


async def test_a_clock_that_was_set_back_makes_the_agent_say_all_again(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    before = len(plant.statements())
    plant.agent.desks["M1"].dirty = True
    plant.agent.step(plant.at(hours=-5))
    said = plant.statements()[before:]
    assert len(said) == 1
    assert said[0].start < plant.at(hours=-4.9)
    assert said[0].end - said[0].start > timedelta(days=27)


async def test_a_clock_that_jumps_ahead_keeps_the_ledger_whole(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    plant.agent.step(plant.at(days=40))
    statement = plant.statements()[-1]
    assert statement.end - statement.start > timedelta(days=27)
    assert statement.valid_until > plant.at(days=40)
