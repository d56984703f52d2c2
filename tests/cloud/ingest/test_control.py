"""Statements, answers and reports of the plant, and what becomes of a booking by them, up to its meter."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from cloud.booking import store as booking
from cloud.booking.model import Accepted
from cloud.booking.store import Caller, Wish
from cloud.dispatch.sweep import sweep
from cloud.ids import new_id
from cloud.settlement.service import settle
from gateway.capacity import CapacityType, Reason
from gateway.machine import ItemState
from gateway.messages import JobReport, OrderAnswer, Statement
from gateway.span import Span

HOUR = timedelta(hours=1)
PATIENCE = timedelta(minutes=5)
RUN, IDLE, BROKEN = ItemState.EXECUTING, ItemState.NOT_EXECUTING, ItemState.OUT_OF_SERVICE


@dataclass
class Job:
    """An hour of machine M1, booked from hour 2 to 3, with its plant's means to say what became of it."""

    world: Any
    said: Any
    claim: str
    span: Span

    def at(self, minutes: float) -> Any:
        return self.span.start + timedelta(minutes=minutes)

    async def plant(self, *messages: Any) -> None:
        self.world.edge.say(*messages)
        await self.world.edge.talk(self.world.intake)

    async def answer(self, answer: str) -> None:
        given = {"booking": self.claim, "revision": 1, "machine": "M1", "at": self.world.clock.at}
        await self.plant(OrderAnswer(answer=answer, **given))

    async def report(self, event: str, minutes: float, **given: Any) -> None:
        told = {"booking": self.claim, "revision": 1, "machine": "M1", "at": self.at(minutes)}
        await self.plant(JobReport(event=event, **told, **given))

    async def run(self, minutes: float, then: ItemState = IDLE) -> None:
        """The machine runs for the booking, from its start to so many minutes after."""
        first, last = 120.0, 120.0 + minutes
        await self.plant(self.said.change(first, RUN, origin=self.claim), self.said.change(last, then))

    async def state(self) -> str:
        return str(await self.world.owner.fetchval("SELECT state FROM claim WHERE id = $1", self.claim))

    async def meter(self, minutes: float) -> Any:
        self.world.clock.at = self.at(minutes)
        await settle(self.world.connections, self.world.clock.at, PATIENCE)
        return await self.world.owner.fetchval("SELECT meter FROM claim WHERE id = $1", self.claim)


def statement(world: Any, version: int, machine: str = "M1") -> Statement:
    start, end = world.clock.at, world.clock.at + 12 * HOUR
    piece = Statement.Piece(start=start, end=end, type=CapacityType.AVAILABLE, quantity=1, reason=Reason.IDLE)
    given = {"issued_at": start, "valid_until": start + HOUR, "start": start, "end": end, "spans": (piece,)}
    return Statement(machine=machine, version=version, **given)


@pytest.fixture
async def job(world: Any, said: Any, pool_api: Any) -> Job:
    world.edge.say(said.announce("M1"), statement(world, 1), said.change(0, IDLE))
    await world.edge.talk(world.intake)
    machine, service, buyer = await world.owner.fetchval("SELECT id FROM machine"), new_id("svc"), new_id("ent")
    await world.owner.execute("INSERT INTO enterprise VALUES ($1, 'Buyer', $2)", buyer, world.clock.at)
    await world.owner.execute(
        "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount, price_currency,"
        " created_at) VALUES ($1, $2, 'press', 'processing', true, 'open', 50, 'EUR', $3)",
        *(service, world.enterprise, world.clock.at),
    )
    await world.owner.execute("INSERT INTO service_machine VALUES ($1, $2)", service, machine)
    span = Span(world.clock.at + 2 * HOUR, world.clock.at + 3 * HOUR)
    work = {"work_master": "bracket", "quantity": 10}
    claim = new_id("bkg")
    answer = await booking.book(pool_api, Caller(buyer, world.clock.at), claim, Wish(service, span), work)
    assert isinstance(answer, Accepted), answer
    return Job(world, said, claim, span)


async def test_a_statement_is_the_offer_in_force_and_the_owner_is_told(world: Any, said: Any) -> None:
    world.edge.say(said.announce("M1", "M2"), statement(world, 1), statement(world, 1, "M2"), statement(world, 2))
    await world.edge.talk(world.intake)
    rows = await world.owner.fetch(
        "SELECT m.name, s.version, s.received_at FROM statement s JOIN machine m ON m.id = s.machine_id ORDER BY 1"
    )
    assert [tuple(row) for row in rows] == [("M1", 2, world.clock.at), ("M2", 1, world.clock.at)]
    told = await world.events("capacity.changed")
    assert [(each["name"], each["version"]) for each in told] == [("M1", 1), ("M2", 1), ("M1", 2)]
    assert await world.parked() == []


async def test_a_job_that_runs_is_dispatched_running_completed_and_metered_from_the_history(job: Job) -> None:
    assert await job.state() == "CONFIRMED"
    await job.answer("accepted")
    assert await job.state() == "DISPATCHED"
    await job.report("started", 0, started=job.at(0))
    assert await job.state() == "RUNNING"
    await job.run(60)
    facts = {"started": job.at(0), "ended": job.at(60), "executing": HOUR, "ordered_quantity": 10}
    await job.report("ended", 60, good_quantity=10, **facts)
    assert await job.state() == "COMPLETED"
    meter = await job.meter(61)
    assert await job.state() == "METERED"
    shown = {name: meter[name] for name in ("outcome", "share", "booked_hours", "run_hours", "agrees")}
    assert shown == {"outcome": "COMPLETED", "share": 1.0, "booked_hours": 1.0, "run_hours": 1.0, "agrees": True}
    told = [each["state"] for each in await job.world.events("booking.changed")]
    assert told[-2:] == ["METERED", "METERED"]


async def test_a_job_that_stops_at_40_percent_is_metered_40_percent(job: Job) -> None:
    await job.answer("accepted")
    await job.run(24, BROKEN)
    facts = {"started": job.at(0), "ended": job.at(24), "executing": timedelta(minutes=24), "ordered_quantity": 10}
    await job.report("aborted", 24, good_quantity=4, **facts)
    meter = await job.meter(25)
    assert (meter["outcome"], meter["share"], meter["run_hours"], meter["agrees"]) == ("ABORTED", 0.4, 0.4, True)


async def test_a_job_that_never_starts_is_metered_zero(job: Job) -> None:
    await job.answer("accepted")
    job.world.clock.at = job.at(60)
    await job.report("no_show", 60, ordered_quantity=10)
    assert await job.meter(61) is None
    meter = await job.meter(66)
    assert (meter["outcome"], meter["share"], meter["run_hours"], meter["agrees"]) == ("NO_SHOW", 0.0, 0.0, True)


async def test_a_report_that_overtakes_the_states_waits_for_them(job: Job) -> None:
    await job.answer("accepted")
    facts = {"started": job.at(0), "ended": job.at(60), "executing": HOUR, "ordered_quantity": 10}
    job.world.clock.at = job.at(60)
    await job.report("ended", 60, good_quantity=10, **facts)
    assert await job.meter(61) is None
    await job.run(60)
    assert (await job.meter(62))["run_hours"] == 1.0


async def test_a_report_that_the_history_does_not_bear_out_is_metered_but_does_not_agree(job: Job) -> None:
    await job.answer("accepted")
    await job.run(20)
    facts = {"started": job.at(0), "ended": job.at(60), "executing": HOUR, "ordered_quantity": 10}
    job.world.clock.at = job.at(60)
    await job.report("ended", 60, good_quantity=10, **facts)
    meter = await job.meter(70)
    assert (meter["agrees"], meter["disagreements"]) == (False, ["executing"])
    assert meter["run_hours"] == pytest.approx(1 / 3)


async def test_one_job_that_cannot_be_metered_keeps_no_other_waiting(job: Job) -> None:
    await job.answer("accepted")
    job.world.clock.at = job.at(60)
    await job.report("no_show", 60, ordered_quantity=10)
    broken = 'UPDATE claim SET report = \'{"event": "no_show"}\' RETURNING updated_at'
    copy = (
        "INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state, work,"
        " report, price_amount, price_currency, created_at, updated_at) SELECT 'bkg_good', machine_id, service_id,"
        " provider_id, booker_id, span, quantity, exclusive, 'CONFIRMED', work, report, price_amount, price_currency,"
        " created_at, updated_at + interval '1 second' FROM claim"
    )
    await job.world.owner.execute(copy)
    await job.world.owner.execute("UPDATE claim SET state = 'DISPATCHED' WHERE id = 'bkg_good'")
    await job.world.owner.execute("UPDATE claim SET state = 'NO_SHOW' WHERE id = 'bkg_good'")
    await job.world.owner.execute(broken.replace("RETURNING", "WHERE id <> 'bkg_good' RETURNING"))
    doubtful: set[str] = set()
    with capture_logs() as logs:
        for _ in range(2):
            await settle(job.world.connections, job.at(70), PATIENCE, doubtful)
    assert doubtful == {job.claim}
    assert [entry["event"] for entry in logs] == ["a job cannot be metered"]
    assert await job.world.owner.fetchval("SELECT state FROM claim WHERE id = 'bkg_good'") == "METERED"


async def test_a_job_that_ran_although_it_was_cancelled_is_metered(job: Job, pool_api: Any) -> None:
    await job.answer("accepted")
    booker = await job.world.owner.fetchval("SELECT booker_id FROM claim")
    await booking.cancel(pool_api, Caller(booker, job.world.clock.at), job.claim, "too late")
    await job.run(24)
    job.world.clock.at = job.at(25)
    facts = {"started": job.at(0), "ended": job.at(24), "executing": timedelta(minutes=24), "ordered_quantity": 10}
    await job.report("aborted", 24, good_quantity=4, **facts)
    meter = await job.meter(26)
    assert (meter["outcome"], meter["share"], await job.state()) == ("ABORTED", 0.4, "METERED")


async def test_a_job_that_never_began_and_was_cancelled_is_not_metered(job: Job, pool_api: Any) -> None:
    await job.answer("accepted")
    booker = await job.world.owner.fetchval("SELECT booker_id FROM claim")
    await booking.cancel(pool_api, Caller(booker, job.world.clock.at), job.claim, None)
    await job.report("no_show", 1, ordered_quantity=10)
    assert (await job.meter(70), await job.state()) == (None, "CANCELLED")


async def test_a_running_job_of_a_plant_that_is_gone_is_metered_from_what_was_seen(job: Job) -> None:
    await job.answer("accepted")
    await job.report("started", 0, started=job.at(0))
    await job.run(30)
    assert await sweep(job.world.connections, job.at(60) + timedelta(days=7)) == 1
    meter = await job.meter(60 + 8 * 24 * 60)
    shown = (meter["outcome"], meter["share"], meter["run_hours"], meter["agrees"])
    assert (await job.state(), *shown) == ("METERED", "ABORTED", 0.0, 0.5, False)


async def test_the_plants_own_need_displaces_a_booking(job: Job) -> None:
    await job.answer("conflict")
    assert await job.state() == "DISPLACED"


async def test_a_word_about_a_booking_that_is_not_on_this_machine_is_parked(job: Job) -> None:
    job.claim = "bkg_nobody"
    await job.answer("accepted")
    assert [row["code"] for row in await job.world.parked()] == ["booking.unknown"]


async def test_an_impossible_step_is_parked_and_changes_nothing(job: Job) -> None:
    await job.answer("accepted")
    await job.report("ended", 60, ordered_quantity=10)
    await job.report("started", 61)
    assert await job.state() == "COMPLETED"
    assert {row["code"] for row in await job.world.parked()} <= {"claim.state"}


async def test_an_order_that_no_edge_accepted_by_its_latest_start_is_undeliverable(job: Job) -> None:
    order = await job.world.owner.fetchval("SELECT payload FROM outgoing")
    latest = datetime.fromisoformat(order["not_after"])
    assert await sweep(job.world.connections, latest - timedelta(minutes=1)) == 0
    assert await sweep(job.world.connections, latest) == 1
    assert await job.state() == "UNDELIVERABLE"
    assert (await job.world.events("booking.changed"))[-1]["state"] == "UNDELIVERABLE"


async def test_an_accepted_order_is_not_swept(job: Job) -> None:
    await job.answer("accepted")
    assert await sweep(job.world.connections, job.at(600)) == 0
