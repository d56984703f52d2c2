"""Whether a service can do what a job asks for, whatever the hour: process, material, workpiece, fineness, place."""

from collections.abc import Callable, Iterator
from difflib import SequenceMatcher

from cloud.market.candidate import Candidate, Miss, Task
from cloud.market.words import grade, instead, kilograms, millimetres
from cloud.registry.capability import fold
from cloud.registry.processes import name, within


def lacking(task: Task, candidate: Candidate) -> list[Miss]:
    """What the service can not do of what is asked for; none: it can do all of it."""
    return [miss for lacks in _ALL for miss in lacks(task, candidate)]


def _process(task: Task, candidate: Candidate) -> Iterator[Miss]:
    """A group that is asked for takes any process that belongs to it."""
    offered = candidate.skill.process
    if task.process is None or offered in within(task.process) or offered == task.process:
        return
    asked = name(task.process)
    if offered is None:
        yield _unsaid(candidate, "process", "which process it is", asked)
        return
    yield _miss(candidate, "process.other", f"{name(offered)} is offered, {asked} is asked for", asked, name(offered))


def _materials(task: Task, candidate: Candidate) -> Iterator[Miss]:
    worked = candidate.skill.materials
    known = set(map(fold, worked))
    for asked in task.materials if worked else ():
        if fold(asked) not in known:
            alike = max(worked, key=lambda each: _likeness(each, asked))
            yield _miss(candidate, "material.other", f"{asked} is asked for, {alike} is worked", asked, alike)


def _workpiece(task: Task, candidate: Candidate) -> Iterator[Miss]:
    """It may be laid along any axis, so the longest edge is held against the longest, and so on."""
    room = candidate.skill.edges
    if task.edges is not None and room is None:
        asked = " x ".join(f"{edge:g}" for edge in task.edges)
        yield _unsaid(candidate, "workpiece", "how large a workpiece may be", f"{asked} mm")
    elif task.edges is not None and room is not None:
        over = [(has, edge) for has, edge in zip(room, task.edges, strict=True) if edge > has]
        if over:
            has, edge = max(over, key=lambda each: each[1] - each[0])
            offered, asked = millimetres(has), millimetres(edge)
            detail = f"the workpiece has {asked} where there is room for {offered}"
            yield _miss(candidate, "workpiece.too_large", detail, asked, offered)


def _mass(task: Task, candidate: Candidate) -> Iterator[Miss]:
    most = candidate.skill.mass_kg
    if task.mass_kg is not None and most is None:
        yield _unsaid(candidate, "workpiece", "how heavy a workpiece may be", kilograms(task.mass_kg))
    elif task.mass_kg is not None and most is not None and task.mass_kg > most:
        asked, offered = kilograms(task.mass_kg), kilograms(most)
        yield _miss(candidate, "workpiece.too_heavy", f"{asked} are asked for, {offered} are carried", asked, offered)


def _fineness(task: Task, candidate: Candidate) -> Iterator[Miss]:
    skill = candidate.skill
    if task.grade is not None:
        yield from _finer(candidate, task.grade, skill.grade, grade(task.grade), grade(skill.grade or 0))
    if task.fine_mm is not None:
        asked, offered = millimetres(task.fine_mm), millimetres(skill.fine_mm or 0)
        yield from _finer(candidate, task.fine_mm, skill.fine_mm, asked, offered)


def _finer(candidate: Candidate, wanted: float, finest: float | None, asked: str, offered: str) -> Iterator[Miss]:
    if finest is None:
        yield _unsaid(candidate, "tolerance", "how fine it works", asked)
    elif finest > wanted:
        yield _miss(candidate, "tolerance.too_coarse", f"{asked} is asked for, {offered} is kept", asked, offered)


def _certificates(task: Task, candidate: Candidate) -> Iterator[Miss]:
    """That they live until the job's end is a question of hours (cloud/market/runs.py)."""
    held = {fold(name) for name, _ in candidate.skill.certificates}
    for asked in task.certificates:
        if fold(asked) not in held:
            yield Miss(
                candidate,
                "certificate.missing",
                f"{asked} is asked for, the provider does not hold it",
                asked=asked,
                remedy=f"without {asked}",
            )


def _place(task: Task, candidate: Candidate) -> Iterator[Miss]:
    if task.km is None or (candidate.km is not None and candidate.km <= task.km):
        return
    asked = f"{task.km:g} km"
    if candidate.km is None:
        yield _unsaid(candidate, "place", "where its plant is", asked)
        return
    offered = f"{candidate.km:.1f} km"
    yield _miss(candidate, "place.too_far", f"it is {offered} away, {asked} are asked for", asked, offered)


_ALL: tuple[Callable[[Task, Candidate], Iterator[Miss]], ...] = (
    *(_process, _materials, _workpiece, _mass, _fineness, _certificates, _place),
)


def _miss(candidate: Candidate, constraint: str, detail: str, asked: str, offered: str) -> Miss:
    return Miss(candidate, constraint, detail, None, asked, offered, instead(offered, asked))


def _unsaid(candidate: Candidate, what: str, open_question: str, asked: str) -> Miss:
    """Nobody knows whether it would do: the provider does."""
    detail = f"the provider does not say {open_question}"
    return Miss(candidate, f"{what}.unsaid", detail, asked=asked, remedy="ask the provider")


def _likeness(one: str, other: str) -> tuple[bool, float]:
    """Names of the same make first: 6061 is more like 7075 than C45 is."""
    return _shape(one) == _shape(other), SequenceMatcher(None, fold(one), fold(other)).ratio()


def _shape(text: str) -> str:
    return "".join("0" if letter.isdigit() else "a" if letter.isalpha() else letter for letter in text)
