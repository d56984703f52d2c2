"""What a service can do is held against what the job asks for; of what it lacks, it is said what would do."""

from dataclasses import replace
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloud.market.candidate import Match, Miss, Skill, Task
from cloud.market.match import judge, search
from cloud.registry.capability import Workpiece
from cloud.registry.processes import PROCESSES, code_of, near, within

CASES = [
    pytest.param(
        Task(process="3.2.3"),
        Skill(process="3.2.1"),
        ("process.other", "3.2.1 turning instead of 3.2.3 milling"),
        id="another process",
    ),
    pytest.param(Task(process="3.2.3"), Skill(), ("process.unsaid", "ask the provider"), id="no process said"),
    pytest.param(
        Task(process="3.2.3"),
        Skill(process="3.2"),
        ("process.other", "3.2 machining with defined cutting edges instead of 3.2.3 milling"),
        id="the group, whatever of it",
    ),
    pytest.param(
        Task(materials=("7075",)),
        Skill(materials=("C45", "6061")),
        ("material.other", "6061 instead of 7075"),
        id="another alloy: the one most alike",
    ),
    pytest.param(
        Task(edges=(650, 300, 200)),
        Skill(edges=(600, 500, 400)),
        ("workpiece.too_large", "600 mm instead of 650 mm"),
        id="too long",
    ),
    pytest.param(
        Task(edges=(500, 500, 500)),
        Skill(edges=(600, 500, 400)),
        ("workpiece.too_large", "400 mm instead of 500 mm"),
        id="too thick whichever way it lies",
    ),
    pytest.param(
        Task(edges=(10, 10, 10)), Skill(), ("workpiece.unsaid", "ask the provider"), id="nobody knows how large"
    ),
    pytest.param(
        Task(mass_kg=150), Skill(mass_kg=120), ("workpiece.too_heavy", "120 kg instead of 150 kg"), id="too heavy"
    ),
    pytest.param(Task(grade=7), Skill(grade=8), ("tolerance.too_coarse", "IT8 instead of IT7"), id="too coarse"),
    pytest.param(Task(grade=-1), Skill(grade=0), ("tolerance.too_coarse", "IT0 instead of IT01"), id="the finest"),
    pytest.param(
        Task(fine_mm=0.02),
        Skill(fine_mm=0.05, grade=6),
        ("tolerance.too_coarse", "0.05 mm instead of 0.02 mm"),
        id="too coarse in mm",
    ),
    pytest.param(
        Task(fine_mm=0.02),
        Skill(grade=5),
        ("tolerance.unsaid", "ask the provider"),
        id="a grade is no deviation: that hangs on the size",
    ),
    pytest.param(
        Task(certificates=("EN 9100",)),
        Skill(),
        ("certificate.missing", "without EN 9100"),
        id="not certified",
    ),
]


@pytest.mark.parametrize(("task", "skill", "told"), CASES)
def test_a_service_that_lacks_one_thing_says_which_and_what_would_do(
    shop: Any, task: Task, skill: Skill, told: tuple[str, str]
) -> None:
    miss = judge(shop.need(task=task), shop.candidate(shop.step(1, 9), skill=skill))
    assert isinstance(miss, Miss)
    assert (miss.constraint, miss.remedy) == told
    assert (miss.alone, miss.would_do) == (True, shop.span(1, 3)), "it has the hours"


@pytest.mark.parametrize(
    ("task", "skill"),
    [
        pytest.param(Task(process="3.2"), Skill(process="3.2.3"), id="a group takes any of its processes"),
        pytest.param(Task(materials=("en aw-6061",)), Skill(materials=("EN AW-6061",)), id="letters of any case"),
        pytest.param(Task(materials=("unobtainium",)), Skill(), id="no list is any material"),
        pytest.param(Task(edges=(600, 400, 300)), Skill(edges=(600, 500, 400)), id="it fits"),
        pytest.param(Task(grade=7, fine_mm=0.1), Skill(grade=7, fine_mm=0.02), id="as fine as asked, or finer"),
    ],
)
def test_what_does_does(shop: Any, task: Task, skill: Skill) -> None:
    assert isinstance(judge(shop.need(task=task), shop.candidate(shop.step(1, 9), skill=skill)), Match)


def test_its_place_may_be_too_far(shop: Any) -> None:
    far = shop.candidate(shop.step(1, 9), km=61.94)
    miss = judge(shop.need(task=Task(km=50)), far)
    assert isinstance(miss, Miss)
    assert (miss.constraint, miss.remedy) == ("place.too_far", "61.9 km instead of 50 km")
    assert isinstance(judge(shop.need(task=Task(km=62)), far), Match)


def test_what_misses_twice_is_not_near(shop: Any) -> None:
    task = Task(process="3.2.3", materials=("7075",))
    both = shop.candidate(shop.step(1, 9), skill=Skill(process="3.2.1", materials=("6061",)))
    busy = shop.candidate(skill=Skill(process="3.2.1"))
    assert search(shop.need(task=task), [both], 10) == ([], [])
    assert search(shop.need(task=Task(process="3.2.3")), [busy], 10) == ([], []), "nor has it the hours"


def test_a_match_says_what_of_the_wish_it_has(shop: Any) -> None:
    skill = Skill("3.2.3", ("6061",), (600, 500, 400), 200, 7, None, (("ISO 9001", shop.at(900)),))
    task = Task("3.2.3", ("6061",), (100, 100, 100), 5, 8, None, ("iso 9001",))
    match = judge(shop.need(task=task), shop.candidate(shop.step(1, 9), skill=skill))
    assert isinstance(match, Match)
    assert match.why[3:-1] == (
        "works 6061",
        "room for 600 x 500 x 400 mm",
        "as fine as IT7",
        "ISO 9001 until 2026-04-08T18:00Z",
    )


def test_work_ends_before_the_first_certificate_does(shop: Any) -> None:
    """Whatever certificates were asked for: a booking that ends later is refused."""
    skill = Skill(certificates=(("ISO 9001", shop.at(900)), ("EN 9100", shop.at(5))))
    one = shop.candidate(shop.step(4, 9), skill=skill)
    miss = judge(shop.need(), one)
    assert isinstance(miss, Miss)
    assert miss.constraint == "certificate.expires"
    assert miss.detail == "EN 9100 ends on 2026-03-02T11:00Z, before the job's end"
    assert isinstance(judge(shop.need(hours=1), one), Match), "an hour less would do"
    early = replace(one, steps=(shop.step(1, 3.5), *one.steps))
    told = judge(shop.need(start=4), early)
    assert isinstance(told, Miss)
    assert (told.would_do, told.remedy) == (shop.span(1.5, 3.5), "2 h 30 min earlier")


SIZES = st.tuples(st.integers(1, 9), st.integers(1, 9), st.integers(1, 9))


@settings(deadline=None)
@given(room=SIZES, piece=SIZES)
def test_a_workpiece_fits_where_it_fits_in_any_of_its_six_positions(
    shop: Any, room: tuple[int, int, int], piece: tuple[int, int, int]
) -> None:
    has, wants = (Workpiece(x_mm=x, y_mm=y, z_mm=z).edges for x, y, z in (room, piece))
    found = judge(shop.need(task=Task(edges=wants)), shop.candidate(shop.step(1, 9), skill=Skill(edges=has)))
    turned = any(all(edge <= gap for edge, gap in zip(way, room, strict=True)) for way in permutations(piece))
    assert isinstance(found, Match) == turned


CODES = st.sampled_from(sorted(PROCESSES))


@settings(deadline=None)
@given(asked=CODES, offered=CODES)
def test_a_process_does_where_it_is_the_one_or_of_its_group(shop: Any, asked: str, offered: str) -> None:
    skill = Skill(process=offered)
    found = judge(shop.need(task=Task(process=asked)), shop.candidate(shop.step(1, 9), skill=skill))
    assert isinstance(found, Match) == (offered == asked or offered.startswith(asked + "."))
    assert isinstance(found, Match) == (offered in within(asked))


@settings(deadline=None)
@given(CODES)
def test_what_comes_near_is_of_the_same_group_and_does_not_do(code: str) -> None:
    parent = code.rpartition(".")[0]
    assert set(near(code)).isdisjoint(within(code))
    assert all(parent and (each == parent or each.startswith(parent + ".")) for each in near(code))


def test_processes_are_named_in_three_languages_and_by_their_code() -> None:
    assert {code_of(name) for name in ("3.2.3", "milling", "Milling", "铣削", "Fräsen")} == {"3.2.3"}
    assert all(each.parent is None or each.parent in PROCESSES for each in PROCESSES.values())
    for each in PROCESSES.values():
        assert {code_of(name) for name in (each.en, each.zh, each.de)} == {each.code}, "no name means two"
    with pytest.raises(ValueError, match="GET /v1/processes"):
        code_of("wishing")
