"""The narrowing in SQL: nothing that would do is passed over, and what is known of offers in short is what they say."""

import random
from datetime import timedelta
from typing import Any

from cloud.booking import store as store_of_bookings
from cloud.market import store
from cloud.market.candidate import Match, Need
from cloud.market.match import judge
from cloud.market.model import SearchRequest
from cloud.market.store import Page

SHORT = """
SELECT s.machine_id FROM statement s LEFT JOIN LATERAL (
  SELECT coalesce(range_agg(span) FILTER (WHERE confidence >= 1), '{}') AS o1,
         coalesce(range_agg(span) FILTER (WHERE confidence >= 2), '{}') AS o2,
         coalesce(range_agg(span) FILTER (WHERE confidence >= 3), '{}') AS o3,
         coalesce(range_agg(span) FILTER (WHERE confidence >= 4), '{}') AS o4,
         coalesce(range_agg(span) FILTER (WHERE confidence >= 5), '{}') AS o5
  FROM offer_span o WHERE o.machine_id = s.machine_id AND o.type = 'Available' AND o.quantity > 0) AS full_ ON true
WHERE (open_1, open_2, open_3, open_4, open_5) <> (o1, o2, o3, o4, o5)
"""
SOLD = """
SELECT s.machine_id FROM statement s LEFT JOIN LATERAL (
  SELECT coalesce(range_agg(span), '{}') AS spans FROM claim c
  WHERE c.machine_id = s.machine_id AND c.exclusive AND c.state IN ('CONFIRMED', 'DISPATCHED', 'RUNNING')
) AS taken ON true
WHERE s.sold <> taken.spans
"""
HOUR = timedelta(hours=1)


async def test_what_the_guard_says_in_short_is_what_the_offer_says_in_full(world: Any, piece: Any) -> None:
    chance = random.Random(5)
    for _ in range(60):
        start = chance.randrange(0, 40)
        said, moment = [], start
        while moment < start + 8:
            length = chance.choice((1, 2, 3))
            kind = chance.choice(("Available", "Available", "Committed"))
            said.append(
                piece(moment, moment + length, chance.choice((0, 1, 1)), type=kind, confidence=chance.randint(1, 5))
            )
            moment += length + chance.choice((0, 1))
        await world.states(chance.choice(("mch_a", "mch_b", "mch_pool")), *said, start=start, end=moment)
        assert await world.owner.fetch(SHORT) == []


async def test_what_the_guard_says_is_sold_is_what_confirmed_bookings_take(world: Any, hours: Any) -> None:
    first, second, third = [(await world.book("svc_a", hours(at, at + 1))).claim for at in (1, 2, 5)]
    held = (await world.hold("svc_a", hours(7, 8))).claim
    await world.book("svc_pool", hours(1, 2))
    assert await world.owner.fetch(SOLD) == []
    await world.answers(first, "accepted")
    await world.reports(first, "started")
    await store_of_bookings.cancel(world.api, world.caller(), second.id, None)
    await world.book(held.id)
    longer = store_of_bookings.Change(end=hours(5, 7).end)
    await store_of_bookings.amend(world.api, world.caller(), third.id, longer)
    assert await world.owner.fetch(SOLD) == []
    sold = await world.owner.fetchval("SELECT sold FROM statement WHERE machine_id = 'mch_a'")
    assert [(span.lower, span.upper) for span in sold] == [
        (hours(1, 2).start, hours(1, 2).end),
        (hours(5, 8).start, hours(5, 8).end),
    ]
    await world.reports(first, "ended")
    await world.answers((await store_of_bookings.amend(world.api, world.caller(), third.id, longer)).claim, "conflict")
    assert await world.owner.fetch(SOLD) == []


async def test_nothing_that_would_do_is_passed_over(world: Any, piece: Any, hours: Any) -> None:
    chance = random.Random(11)
    for machine in ("mch_a", "mch_b", "mch_pool"):
        said = [piece(at, at + 2, chance.randint(0, 2), confidence=chance.randint(1, 5)) for at in range(0, 46, 3)]
        await world.states(machine, *said)
    await world.service("late", "mch_b", notice=5 * HOUR, min_duration=HOUR, min_confidence=3, max_duration=2 * HOUR)
    for _ in range(8):
        start = chance.randrange(0, 44)
        await world.hold(chance.choice(("svc_a", "svc_either", "svc_pool")), hours(start, start + 1))
    found = {True: 0, False: 0}
    for _ in range(40):
        start, length = chance.randrange(0, 40), chance.choice((1, 2))
        span = hours(start, start + chance.choice((3, 6)))
        asked = SearchRequest(
            start=span.start,
            end=span.end,
            duration=length * HOUR,
            min_confidence=chance.randint(1, 4),
            quantity=chance.choice((1, 1, 2)),
        )
        need = Need(span, length * HOUR, asked.quantity, asked.min_confidence, None, world.now, world.now)
        every = await store.neighbours(world.api, "ent_buyer", asked, world.now)
        some = await store.candidates(world.api, "ent_buyer", asked, world.now, 0, 100)
        do, passed = _named(every, need), {(one.service_id, one.machine_id) for one in some.candidates}
        assert do <= passed
        assert some.complete
        assert {each for each in passed if each[1] != "mch_pool"} <= do
        found[bool(do)] += 1
    assert min(found.values()) > 3


def _named(page: Page, need: Need) -> set[tuple[str, str]]:
    return {(one.service_id, one.machine_id) for one in page.candidates if isinstance(judge(need, one), Match)}
