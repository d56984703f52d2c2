"""Metering: a pure function from what was booked, what the edge reported and what the history shows."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from cloud.settlement.model import Booked, Change, FinalReport, Meter, Outcome
from gateway.machine import ItemState
from gateway.span import Span, intersection, total, union


@dataclass(frozen=True, slots=True)
class Tolerance:
    """How far the edge's own measure and the history may differ and still agree: the larger of the two."""

    absolute: timedelta = timedelta(seconds=60)
    relative: float = 0.02

    def allows(self, one: timedelta, other: timedelta) -> bool:
        return abs(one - other) <= max(self.absolute, self.relative * max(one, other))


USUAL = Tolerance()


def complete(report: FinalReport, latest_change: datetime | None, waited: timedelta, patience: timedelta) -> bool:
    """Whether the history for the job is all in: something later is known, or we waited for `patience`.

    State and control are streams of their own, so a report may overtake the last changes that prove it.
    """
    return (latest_change is not None and latest_change >= report.end) or waited >= patience


def meter(
    booked: Booked,
    report: FinalReport,
    history: Sequence[Change],
    unseen: Sequence[Span] = (),
    tolerance: Tolerance = USUAL,
) -> Meter:
    """The meter of a finished job.

    `history` is the machine's changes in any order, from the one in force at the job's start on; `unseen` are the
    gaps told for the machine. Only time of the booking's own origin counts. The last state of the job reaches to the
    next change of the machine, or to the reported end where none is known.
    """
    ours = _own(booked.claim, history, report.end)
    running = [span for span, change in ours if change.state is ItemState.EXECUTING]
    run = total(running)
    evidence = _evidence(booked, report, ours)
    dark = total(intersection([evidence], union(unseen)))
    doubts = tuple(_doubts(booked, report, run, dark, tolerance))
    return Meter(
        outcome=report.outcome,
        ordered_quantity=booked.ordered_quantity,
        good_quantity=report.good_quantity,
        share=share(report.good_quantity, booked.ordered_quantity),
        booked_hours=booked.span.hours,
        run_hours=_hours(run),
        started=running[0].start if running else report.started,
        ended=running[-1].end if running else report.ended,
        reported_executing_s=report.executing.total_seconds(),
        evidence_from=evidence.start,
        evidence_to=evidence.end,
        changes=len(ours),
        unseen_hours=_hours(dark),
        agrees=not doubts,
        disagreements=doubts,
    )


def share(good: int, ordered: int) -> float:
    """Good of ordered pieces, 0 to 1: more than was ordered is not more than all of it."""
    return min(1.0, good / ordered) if ordered > 0 else 0.0


def _own(claim: str, history: Sequence[Change], end: datetime) -> list[tuple[Span, Change]]:
    """Each state of the booking's own origin with the span that it held for, in order; empty spans left out."""
    ordered = sorted(history, key=lambda change: change.at)
    after = max([end, *(change.at for change in ordered[-1:])])
    bounded = [*pairwise(ordered), *((last, None) for last in ordered[-1:])]
    spans = ((Span.between(change.at, follows.at if follows else after), change) for change, follows in bounded)
    return [(span, change) for span, change in spans if span and change.origin == claim]


def _evidence(booked: Booked, report: FinalReport, ours: Sequence[tuple[Span, Change]]) -> Span:
    """The time that the meter rests on: the job's own states, or where there are none the time it should have run."""
    if ours:
        return Span(ours[0][0].start, ours[-1][0].end)
    return Span.between(booked.span.start, report.end) or booked.span


def _doubts(booked: Booked, report: FinalReport, run: timedelta, dark: timedelta, tolerance: Tolerance) -> list[str]:
    checks = {
        "executing": tolerance.allows(run + min(dark, max(report.executing - run, timedelta())), report.executing),
        "ordered_quantity": report.outcome is Outcome.NO_SHOW or report.ordered_quantity == booked.ordered_quantity,
        "good_quantity": report.good_quantity <= booked.ordered_quantity,
        "good_without_run": report.good_quantity == 0 or run > timedelta() or dark > timedelta(),
        "no_show_but_ran": report.outcome is not Outcome.NO_SHOW or run == timedelta(),
    }
    return [name for name, holds in checks.items() if not holds]


def _hours(duration: timedelta) -> float:
    return duration / timedelta(hours=1)
