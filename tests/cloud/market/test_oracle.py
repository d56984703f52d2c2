"""The judge against an oracle that tries every hour; and whoever asks as a near miss says gets what he asks for."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from itertools import combinations, pairwise, product
from typing import Any

from hypothesis import event, given, settings
from hypothesis import strategies as st

from cloud.market.candidate import Candidate, Match, Miss, Need, Skill, Split, Task
from cloud.market.match import judge
from gateway.capacity import Confidence

HOUR = timedelta(hours=1)
DAY = 30

SKILLS = st.builds(
    Skill,
    process=st.sampled_from([None, "3.2", "3.2.1", "3.2.3"]),
    materials=st.sampled_from([(), ("6061",), ("C45", "7075")]),
    edges=st.sampled_from([None, (3.0, 2.0, 1.0), (5.0, 5.0, 5.0)]),
    mass_kg=st.sampled_from([None, 5.0]),
    grade=st.sampled_from([None, 6, 9]),
    fine_mm=st.sampled_from([None, 0.1]),
)
TASKS = st.sampled_from(
    [
        *[Task()] * 6,
        Task(process="3.2"),
        Task(process="3.2.3"),
        Task(materials=("6061",)),
        Task(materials=("6061", "C45")),
        Task(edges=(4.0, 1.0, 1.0)),
        Task(mass_kg=9.0),
        Task(grade=7),
        Task(fine_mm=0.05),
        Task(certificates=("ISO 9001",)),
        Task(process="3.2.3", materials=("7075",), grade=9),
    ]
)
STEPS = st.lists(st.tuples(st.integers(0, 3), st.integers(1, 6), st.integers(1, 2), st.integers(2, 5)), max_size=6)
TERMS = st.fixed_dictionaries(
    {
        "notice": st.sampled_from([0, 0, 4]).map(lambda hours: hours * HOUR),
        "min_duration": st.sampled_from([0, 0, 2]).map(lambda hours: hours * HOUR),
        "max_duration": st.sampled_from([None, 3 * HOUR]),
        "min_confidence": st.sampled_from([Confidence.VERY_LOW, Confidence.MEDIUM]),
        "unit_price": st.sampled_from([Decimal(0), Decimal("0.5")]),
    }
)
WISHES = st.fixed_dictionaries(
    {
        "quantity": st.integers(1, 2),
        "min_confidence": st.sampled_from([1, 1, 2, 3, 4]).map(Confidence),
        "units": st.sampled_from([0, 7]),
        "split": st.sampled_from([None, None, Split(2, HOUR), Split(3, 2 * HOUR)]),
    }
)


def _arranged(shop: Any, parts: Any, skill: Skill, ends: int | None, terms: dict[str, Any]) -> Candidate:
    steps, moment = [], 0
    for gap, size, quantity, band in parts:
        steps.append(shop.step(moment + gap, moment + gap + size, quantity, band))
        moment += gap + size
    held = (("ISO 9001", shop.at(ends)),) if ends is not None else ()
    candidate: Candidate = shop.candidate(*steps, skill=replace(skill, certificates=held), **terms)
    return candidate


def _able(task: Task, skill: Skill) -> bool:
    process = task.process is None or (skill.process or "").startswith(task.process)
    material = not skill.materials or set(task.materials) <= set(skill.materials)
    sizes = task.edges is None or (
        skill.edges is not None and all(edge <= room for edge, room in zip(task.edges, skill.edges, strict=True))
    )
    mass = task.mass_kg is None or (skill.mass_kg is not None and task.mass_kg <= skill.mass_kg)
    grade = task.grade is None or (skill.grade is not None and skill.grade <= task.grade)
    fine = task.fine_mm is None or (skill.fine_mm is not None and skill.fine_mm <= task.fine_mm)
    return all((process, material, sizes, mass, grade, fine, not task.certificates or skill.certificates))


def _ends(shop: Any, need: Need, one: Candidate) -> list[int]:
    """The last hour of each way to do it, in whole hours."""
    band = max(need.min_confidence, one.min_confidence)
    free = set[int]()
    for step in one.steps:
        first, last = ((moment - shop.now) // HOUR for moment in (step.span.start, step.span.end))
        free |= {hour for hour in range(first, last) if step.left[band - 1] >= need.quantity}
    until = one.skill.certified_until
    begin = max((need.window.start - shop.now) // HOUR, one.notice // HOUR)
    end = min((need.window.end - shop.now) // HOUR, (until - shop.now) // HOUR if until else DAY * 3)
    whole, longest = need.duration // HOUR, (one.max_duration or DAY * HOUR) // HOUR
    if need.duration < one.min_duration:
        return []

    def fits(start: int, hours: int) -> bool:
        return start >= begin and start + hours <= end and all(hour in free for hour in range(start, start + hours))

    single = [start + whole for start in range(DAY) if whole <= longest and fits(start, whole)]
    if single or need.split is None:
        return single
    least = max(need.split.least, one.min_duration) // HOUR
    found = []
    for number in range(2, need.split.pieces + 1):
        for lengths in product(range(least, min(longest, whole) + 1), repeat=number):
            if sum(lengths) == whole:
                found += [
                    starts[-1] + lengths[-1]
                    for starts in combinations(range(DAY), number)
                    if all(fits(start, hours) for start, hours in zip(starts, lengths, strict=True))
                    # One piece a stretch: between two of them is an hour that is not free.
                    and all(set(range(a, b)) - free for a, b in pairwise(starts))
                ]
    return found


@settings(max_examples=120, deadline=None)
@given(
    parts=STEPS,
    skill=SKILLS,
    task=TASKS,
    ends=st.sampled_from([None, None, 6, 20]),
    terms=TERMS,
    wish=WISHES,
    window=st.tuples(st.integers(0, 12), st.integers(1, 14)),
    length=st.integers(1, 5),
)
def test_it_does_where_some_hours_do_and_ends_as_early_as_any(
    shop: Any, parts: Any, skill: Skill, task: Task, ends: int | None, terms: Any, wish: Any, window: Any, length: int
) -> None:
    one = _arranged(shop, parts, skill, ends, terms)
    need = shop.need(window[0], window[0] + window[1], min(length, window[1]), task=task, **wish)
    found, possible = judge(need, one), _ends(shop, need, one) if _able(task, one.skill) else []
    event(f"does: {bool(possible)}, in pieces: {isinstance(found, Match) and len(found.pieces)}")
    assert isinstance(found, Match) == bool(possible)
    if isinstance(found, Match):
        assert found.span.end == shop.at(min(possible))
        assert sum((piece.span.duration for piece in found.pieces), timedelta()) == need.duration
        assert sum(piece.price.amount for piece in found.pieces) == found.price.amount
        assert sum(piece.units for piece in found.pieces) == need.units


@settings(max_examples=300, deadline=None)
@given(
    parts=STEPS,
    skill=SKILLS,
    task=TASKS,
    ends=st.sampled_from([None, None, 6, 20]),
    terms=TERMS,
    wish=WISHES,
    window=st.tuples(st.integers(0, 20), st.integers(1, 9)),
    length=st.integers(1, 5),
    limit=st.sampled_from([None, None, "100"]),
)
def test_who_asks_as_a_near_miss_says_gets_a_match(
    shop: Any,
    parts: Any,
    skill: Skill,
    task: Task,
    ends: int | None,
    terms: Any,
    wish: Any,
    window: Any,
    length: int,
    limit: str | None,
) -> None:
    one = _arranged(shop, parts, skill, ends, terms)
    price = shop.euros(limit) if limit else None
    need = shop.need(window[0], window[0] + window[1], min(length, window[1]), task=task, max_price=price, **wish)
    miss = judge(need, one)
    event(miss.constraint if isinstance(miss, Miss) and miss.alone and miss.would_do else "no near miss")
    if isinstance(miss, Miss) and miss.alone and miss.would_do:
        again = judge(replace(_as_told(need, miss), max_price=None), one)
        assert isinstance(again, Match), again
        assert again.span == miss.would_do
        limited = judge(replace(_as_told(need, miss), max_price=again.price), one)
        assert isinstance(limited, Match)


def _as_told(need: Need, miss: Miss) -> Need:
    """The need as the remedy has it."""
    assert miss.would_do
    skill, terms, task = miss.candidate.skill, miss.candidate, need.task
    begin, end = min(need.window.start, miss.would_do.start), max(need.window.end, miss.would_do.end)
    whole = replace(need.window, start=begin, end=end)
    fineness: dict[str, Any] = {"grade": task.grade and skill.grade, "fine_mm": task.fine_mm and skill.fine_mm}
    said: dict[str, Any] = {
        "edges": task.edges if skill.edges else None,
        "mass_kg": task.mass_kg if skill.mass_kg else None,
    }
    asked: dict[str, dict[str, Any]] = {
        "process.other": {"task": replace(task, process=skill.process)},
        "process.unsaid": {"task": replace(task, process=None)},
        "material.other": {"task": replace(task, materials=())},
        "workpiece.too_large": {"task": replace(task, edges=skill.edges)},
        "workpiece.too_heavy": {"task": replace(task, mass_kg=skill.mass_kg)},
        "workpiece.unsaid": {"task": replace(task, **said)},
        "tolerance.too_coarse": {"task": replace(task, **fineness)},
        "tolerance.unsaid": {"task": replace(task, **fineness)},
        "certificate.missing": {"task": replace(task, certificates=())},
        "confidence.too_low": {"min_confidence": terms.min_confidence},
        "price.too_high": {},
        "duration.too_short": {"duration": terms.min_duration, "window": whole},
        "duration.too_long": {"duration": terms.max_duration, "window": whole},
    }
    # Else another time; what lies in the window itself would not have done.
    return replace(need, **asked.get(miss.constraint, {"window": miss.would_do, "split": None}))
