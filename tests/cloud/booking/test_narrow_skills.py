"""The narrowing in SQL by what services can do: it passes over nothing that would do, or that lacks one thing only."""

import random
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from cloud.market import store
from cloud.market.api import _need
from cloud.market.candidate import Match, Miss
from cloud.market.match import judge
from cloud.market.model import SearchRequest
from cloud.registry.processes import near, within

HOUR = timedelta(hours=1)
CODES = ("3.2.1", "3.2.3", "3.2", "3.3.1", None)
ALLOYS = ("EN AW-6061", "en aw-6061", "C45", "Ähnlich", "ähnlich")
PAPERS = ("ISO 9001", "EN 9100", "iso 9001")
STATIC = {"process", "material", "workpiece", "tolerance", "place"}


@pytest.fixture
async def shops(world: Any, piece: Any, monkeypatch: pytest.MonkeyPatch) -> random.Random:
    """Machines with hours here and there, and services that can do this and that."""
    for name in ("AT_ONCE", "NEAR", "KINDRED"):
        monkeypatch.setattr(store, name, 1000)
    dice = random.Random(23)
    for machine in ("mch_a", "mch_b", "mch_pool"):
        await world.states(machine, *(piece(at, at + 5, confidence=dice.randint(2, 5)) for at in range(0, 46, 6)))
    for number in range(60):
        await world.service(f"n{number}", dice.choice(("mch_a", "mch_b", "mch_pool")), **_terms(dice, world))
    return dice


def _terms(dice: random.Random, world: Any) -> dict[str, Any]:
    edges = {f"{axis}_mm": dice.choice((99.9, 300, 600.5)) for axis in "xyz"}
    grade = dice.choice((None, "IT01", "IT0", "IT6", "IT8"))
    fine = {"grade": grade, "mm": dice.choice((None, 0.01, 0.05))}
    held = [
        {"name": name, "valid_until": (world.now + dice.choice((9, 30, 900)) * HOUR).isoformat()}
        for name in dice.sample(PAPERS[:2], dice.choice((0, 1, 1, 2)))
    ]
    return {
        "process": dice.choice(CODES),
        "materials": dice.sample(ALLOYS, dice.choice((0, 1, 2))),
        "envelope": dice.choice((None, {**edges, "mass_kg": dice.choice((None, 20.0))})),
        "tolerance": fine if any(fine.values()) else None,
        "certificates": held,
        "price_amount": str(dice.randint(20, 90)),
        "unit_price": dice.choice(("0", "1.5")),
        "setup_fee_amount": dice.choice(("0", "30")),
        "min_duration": dice.choice((0, 0, 2)) * HOUR,
        "max_duration": dice.choice((None, 3 * HOUR)),
    }


def _asked(dice: random.Random, hours: Any) -> SearchRequest:
    start, length = dice.randrange(0, 30), dice.choice((1, 2, 4, 8))
    span = hours(start, start + dice.choice((8, 18)))
    sometimes: dict[str, Any] = {
        "process": dice.choice(("3.2.3", "3.2", "3")),
        "materials": (dice.choice(ALLOYS),),
        "workpiece": {"x_mm": 90.5, "y_mm": dice.choice((200, 600.5)), "z_mm": dice.choice((99.9, 310))},
        "tolerance": dice.choice(({"grade": "IT7"}, {"mm": 0.02}, {"grade": "IT0", "mm": 0.1})),
        "certificates": (dice.choice(PAPERS),),
        "near": {"latitude": 52.2, "longitude": 13.0, "km": dice.choice((1, 15, 30, 500))},
        "split": {"pieces": 3, "least": HOUR},
        "max_price": {"amount": str(dice.randint(50, 400)), "currency": "EUR"},
    }
    chosen = {name: sometimes[name] for name in dice.sample(sorted(sometimes), dice.choice((0, 1, 1, 2)))}
    plain = {"quantity": 1, "min_confidence": dice.randint(1, 3), "work_quantity": dice.choice((None, 20))}
    return SearchRequest(start=span.start, end=span.end, duration=length * HOUR, **plain, **chosen)


async def _compare(world: Any, asked: SearchRequest) -> tuple[int, int]:
    """How many do, and how many lack one thing only; AssertionError where SQL passes one of them over."""
    call: Any = SimpleNamespace(now=world.now, fresh_after=world.now - HOUR)
    need = _need(call, asked)
    wide = {"latitude": 52.2, "longitude": 13.0, "km": 20_000}
    open_to_all = SearchRequest.model_validate(
        {**asked.model_dump(include={"start", "end", "duration", "quantity", "min_confidence"}), "near": wide}
    )
    every = (await store.neighbours(world.api, "ent_buyer", open_to_all, world.now)).candidates
    verdicts = {(one.service_id, one.machine_id): judge(need, one) for one in every}
    some = await store.candidates(world.api, "ent_buyer", asked, world.now, 0, 1000)
    passed = {(one.service_id, one.machine_id) for one in some.candidates}
    do = {key for key, verdict in verdicts.items() if isinstance(verdict, Match)}
    assert do <= passed, do - passed
    assert some.complete
    lacking = {key for key, verdict in verdicts.items() if isinstance(verdict, Miss) and _near(asked, verdict)}
    if lacking:
        page = await store.kindred(world.api, "ent_buyer", asked, world.now)
        found = {(one.service_id, one.machine_id) for one in page.candidates}
        assert lacking <= found, lacking - found
        assert not found & do
    return len(do), len(lacking)


def _near(asked: SearchRequest, miss: Miss) -> bool:
    """Whether kindred promises to find it: it lacks one thing, and does something near it, not too far away."""
    what, one = miss.constraint.partition(".")[0], miss.candidate
    if not miss.alone or (what not in STATIC and miss.constraint != "certificate.missing"):
        return False
    kin = asked.process is None or one.skill.process in (*within(asked.process), *near(asked.process))
    reach = asked.near is None or (one.km is not None and one.km <= asked.near.km * store.FARTHER)
    return kin and reach


async def _compare_all(world: Any, hours: Any, dice: random.Random) -> list[tuple[int, int]]:
    return [await _compare(world, _asked(dice, hours)) for _ in range(100)]


async def test_nothing_that_can_do_it_is_passed_over(world: Any, hours: Any, shops: random.Random) -> None:
    told = await _compare_all(world, hours, shops)
    assert sum(do > 0 for do, _ in told) > 20
    assert sum(near > 0 for _, near in told) > 10


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("l.grade <= a.grade", "l.grade < a.grade - 1"),
        ("l.fine_mm <= a.fine_mm", "l.fine_mm < 0.01"),
        ("l.long_mm >= a.long_mm", "l.long_mm > a.long_mm + 300"),
        ("l.materials @> a.materials", "l.materials = a.materials"),
        ("l.certificates @> a.certificates", "l.certificates = '{}'"),
        ("l.process = ANY (a.processes)", "l.process = '3.2.1'"),
    ],
)
async def test_control_a_filter_that_is_too_narrow_is_noticed(
    world: Any, hours: Any, shops: random.Random, right: str, wrong: str
) -> None:
    filters = await world.owner.fetchval("SELECT pg_get_functiondef('ts_is_asked'::regproc)")
    assert right in filters
    await world.owner.execute(filters.replace(right, wrong))
    with pytest.raises(AssertionError):
        await _compare_all(world, hours, shops)


async def test_one_partners_service_is_seen_by_him_alone_as_long_as_he_is_one(world: Any, hours: Any) -> None:
    await world.service("dear", "mch_a", visibility="partner", partner_id="ent_buyer", price_amount="1")
    span = hours(1, 9)
    asked = SearchRequest(start=span.start, end=span.end, service_id="svc_dear")

    async def seen(who: str) -> bool:
        found = bool((await store.neighbours(world.api, who, asked, world.now)).candidates)
        told = await world.hold("svc_dear", hours(1, 2), who=who)
        assert found == (getattr(told, "code", "") != "service.unknown"), "search and booking see the same"
        return found

    assert [await seen(who) for who in ("ent_maker", "ent_buyer", "ent_rival")] == [True, False, False]
    await world.owner.execute("INSERT INTO partner VALUES ('ent_maker', 'ent_buyer', $1)", world.now)
    await world.owner.execute("INSERT INTO partner VALUES ('ent_maker', 'ent_rival', $1)", world.now)
    assert [await seen(who) for who in ("ent_maker", "ent_buyer", "ent_rival")] == [True, True, False]
