"""What the plant says of a booking, and of its offer."""

from datetime import timedelta

import pytest

from cloud.booking import store
from cloud.booking.model import Accepted

BUYER, MAKER = "ent_buyer", "ent_maker"
GRACE, SOON = timedelta(days=7), timedelta(seconds=1)


@pytest.fixture
async def booked(world, hours):
    return (await world.book("svc_a", hours(1, 2))).claim


async def test_a_booking_is_accepted_run_and_completed(world, booked):
    assert (await world.answers(booked, "accepted"))["outcome"] == "applied"
    for event in ("stored", "started", "ended"):
        await world.reports(booked, event)
    assert await world.states_of(booked.id) == ["CONFIRMED", "DISPATCHED", "RUNNING", "COMPLETED"]
    assert [told["state"] for told in await world.told(BUYER)] == ["CONFIRMED", "DISPATCHED", "RUNNING", "COMPLETED"]


@pytest.mark.parametrize(
    ("answer", "state"), [("accepted", "DISPATCHED"), ("conflict", "DISPLACED"), ("refused", "DECLINED")]
)
async def test_the_edges_answer_is_final(world, booked, answer, state):
    await world.answers(booked, answer, reason="because")
    row = await world.claim(booked.id)
    assert (row["state"], row["live"]) == (state, state == "DISPATCHED")


@pytest.mark.parametrize(
    ("events", "states"),
    [
        (["aborted"], ["DISPATCHED", "ABORTED"]),
        (["started", "aborted"], ["DISPATCHED", "RUNNING", "ABORTED"]),
        (["no_show"], ["DISPATCHED", "NO_SHOW"]),
        (["started", "started", "ended", "ended"], ["DISPATCHED", "RUNNING", "COMPLETED"]),
    ],
)
async def test_reports_move_the_booking_on_even_if_the_answer_was_lost(world, booked, events, states):
    for event in events:
        await world.reports(booked, event)
    assert await world.states_of(booked.id) == ["CONFIRMED", *states]


async def test_repeats_change_nothing(world, booked):
    await world.answers(booked, "accepted")
    assert (await world.answers(booked, "accepted"))["outcome"] == "ignored"
    await world.reports(booked, "started")
    assert (await world.reports(booked, "stored"))["outcome"] == "ignored"
    assert await world.states_of(booked.id) == ["CONFIRMED", "DISPATCHED", "RUNNING"]


async def test_a_report_that_cannot_be_is_refused_and_changes_nothing(world, booked):
    await world.reports(booked, "started")
    assert (await world.reports(booked, "no_show"))["outcome"] == "refused"
    assert (await world.claim(booked.id))["state"] == "RUNNING"


async def test_a_booking_of_another_machine_is_unknown(world, booked):
    said = {"booking": booked.id, "revision": 1, "answer": "accepted"}
    told = await world.ingest.fetchval("SELECT ts_answer('mch_b', $1, $2)", said, world.now)
    assert told["outcome"] == "unknown"
    assert (await world.claim(booked.id))["state"] == "CONFIRMED"


async def test_the_last_report_of_a_cancelled_job_is_kept(world, booked):
    await world.answers(booked, "accepted")
    await store.cancel(world.api, world.caller(), booked.id, None)
    told = await world.reports(booked, "aborted", good_quantity=4)
    row = await world.claim(booked.id)
    assert (told["outcome"], row["state"], row["report"]["good_quantity"]) == ("ignored", "CANCELLED", 4)


async def undeliverable(world, claim):
    world.now = claim.span.start + (claim.span.end - claim.span.start) / 4
    assert await world.ingest.fetchval("SELECT ts_undeliverable(9, $1)", world.now) == 1
    return [(order["kind"], order["revision"]) for order in await world.orders()]


async def test_a_plant_that_answers_too_late_is_told_to_drop_the_job(world, booked):
    assert await undeliverable(world, booked) == [("order", 1), ("cancel_order", 2)]
    assert (await world.answers(booked, "accepted"))["outcome"] == "ignored"
    assert (await world.claim(booked.id))["state"] == "UNDELIVERABLE"


@pytest.mark.parametrize("say", ["accepted", "stored", "started"])
async def test_a_plant_that_takes_up_what_is_over_is_told_to_drop_it_once(world, booked, say):
    await world.answers(booked, "conflict")
    for _ in range(2):
        await (world.answers if say == "accepted" else world.reports)(booked, say)
    assert [(order["kind"], order["revision"]) for order in await world.orders()] == [("order", 1), ("cancel_order", 2)]
    assert (await world.claim(booked.id))["state"] == "DISPLACED"


@pytest.mark.parametrize(
    ("events", "state"), [(["stored"], "UNDELIVERABLE"), (["started"], "ABORTED")], ids=["never began", "began"]
)
async def test_a_job_of_which_the_plant_never_said_how_it_went_ends_after_a_grace(world, booked, events, state):
    for event in events:
        await world.reports(booked, event)
    end = booked.span.end
    for moment, ended in ((end, 0), (end + GRACE - SOON, 0), (end + GRACE, 1), (end + GRACE, 0)):
        assert await world.ingest.fetchval("SELECT ts_overdue(9, $1, $2)", GRACE, moment) == ended
    assert (await world.claim(booked.id))["state"] == state
    assert (await world.orders())[-1]["kind"] == "cancel_order"


async def test_a_finished_job_is_metered_once(world, booked):
    for event in ("started", "ended"):
        await world.reports(booked, event)
    meter = {"outcome": "COMPLETED", "share": 1.0}
    told = [await world.meter(booked.id, meter) for _ in range(2)]
    assert [each["outcome"] for each in told] == ["applied", "ignored"]
    row = await world.claim(booked.id)
    assert (row["state"], row["meter"]) == ("METERED", meter)


async def test_a_running_job_can_not_be_metered(world, booked):
    await world.reports(booked, "started")
    told = await world.meter(booked.id, {})
    assert told["outcome"] == "refused"


async def test_a_job_that_ended_early_gives_the_rest_back(world, booked, hours):
    for event in ("started", "ended"):
        await world.reports(booked, event)
    world.now = hours(1.5, 2).start
    assert isinstance(await world.book("svc_a", hours(1.5, 2)), Accepted)


async def offer(world, machine="mch_a"):
    rows = await world.owner.fetch(
        "SELECT span, type, quantity, reason FROM offer_span WHERE machine_id = $1 ORDER BY lower(span), type", machine
    )
    return [(row["span"].lower, row["span"].upper, row["type"], row["reason"]) for row in rows]


async def test_a_statement_replaces_what_was_said_in_its_window_and_nothing_else(world, hours, piece):
    await world.states("mch_a", piece(4, 5, type="Committed", reason="planned"), start=4, end=6)
    edges = [hours(*pair) for pair in ((0, 4), (4, 5), (6, 48))]
    assert [(start, end) for start, end, _, _ in await offer(world)] == [(edge.start, edge.end) for edge in edges]


async def test_an_older_statement_is_ignored(world, piece):
    before = await offer(world)
    told = await world.states("mch_a", version=1, start=0, end=48)
    assert (told["outcome"], await offer(world)) == ("ignored", before)


async def test_after_a_lost_disk_versions_may_start_again(world, hours, piece):
    world.now = hours(1, 2).start
    told = await world.states("mch_a", version=1, start=1, end=48)
    assert told["outcome"] == "applied"


async def test_statement_after_statement_the_past_stays_one_piece(world, hours, piece):
    for start in range(1, 10):
        world.now = hours(start, 48).start
        await world.states("mch_a", piece(start, 48), start=start, end=48)
    assert [(start, end) for start, end, _, _ in await offer(world)] == [
        (hours(0, 9).start, hours(0, 9).end),
        (hours(9, 48).start, hours(9, 48).end),
    ]


@pytest.mark.parametrize(("before", "after"), [(2, 1), (1, 2), (2, 2), (3, 2)])
async def test_alike_pieces_over_one_hour_still_add_up_when_the_past_is_joined(world, hours, piece, before, after):
    await world.states("mch_pool", *[piece(0, 2)] * before, start=0, end=2)
    await world.states("mch_pool", *[piece(2, 4)] * after, start=2, end=4)
    await world.states("mch_pool", piece(4, 48), start=4, end=48)
    for span, offered in ((hours(0, 2), before), (hours(2, 4), after)):
        answer = await world.book("svc_pool", span, quantity=5)
        assert answer.facts["left"] == offered


async def test_the_owner_is_told_of_each_new_offer(world, piece):
    before = len(await world.told(MAKER, "capacity.changed"))
    await world.states("mch_a", piece(0, 48))
    told = await world.told(MAKER, "capacity.changed")
    assert (len(told) - before, told[-1]["machine_id"]) == (1, "mch_a")
    assert await world.told(BUYER, "capacity.changed") == []


async def test_a_statement_of_a_part_concerns_only_bookings_in_it(world, booked, piece):
    await world.states("mch_a", piece(4, 6, type="Committed", reason="planned"), start=4, end=6)
    assert not (await world.claim(booked.id))["at_risk"]
    await world.states("mch_a", piece(1, 3, type="Committed", reason="planned"), start=1, end=3)
    assert (await world.claim(booked.id))["at_risk"]
    await world.states("mch_a", piece(1, 3), start=1, end=3)
    assert not (await world.claim(booked.id))["at_risk"]


async def test_statements_that_come_together_take_effect_in_their_order(world, hours, piece):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    withdrawn = piece(0, 48, type="Committed", reason="planned")
    said = [
        ("mch_a", world.said("mch_a", [withdrawn], 7)),
        ("mch_pool", world.said("mch_pool", [piece(0, 48)], 7)),
        ("mch_a", world.said("mch_a", [withdrawn], 6)),
        ("mch_a", world.said("mch_a", [piece(0, 6)], 8)),
    ]
    told = await world.ingest.fetch(
        "SELECT told FROM ts_apply_statements($1, $2, $3) ORDER BY place",
        *map(list, zip(*said, strict=True)),
        world.now,
    )
    assert [(each["told"]["outcome"], each["told"].get("at_risk"), each["told"].get("cleared")) for each in told] == [
        ("applied", [booked.id], []),
        ("applied", [], []),
        ("ignored", None, None),
        ("applied", [], [booked.id]),
    ]
    assert [(start, end) for start, end, _, _ in await offer(world)] == [(hours(0, 6).start, hours(0, 6).end)]


async def test_a_word_about_other_hours_leaves_a_booking_at_risk(world, hours, piece):
    booked = (await world.book("svc_a", hours(1, 2))).claim
    await world.states("mch_a", piece(0, 4, type="Committed", reason="planned"), start=0, end=4)
    told = await world.states("mch_a", piece(6, 8), start=6, end=8)
    assert (told["at_risk"], told["cleared"], (await world.claim(booked.id))["at_risk"]) == ([], [], True)
