"""Where a candidate has room for a job: unbroken stretches, the first that fits, the nearest, and jobs in pieces."""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from operator import itemgetter

from cloud.market.candidate import Candidate, Need
from gateway.span import Span


def runs(need: Need, candidate: Candidate) -> Iterator[Span]:
    """The unbroken stretches over which enough is left, at the confidence that both sides ask for."""
    for start, grown in groupby(_growing(need, candidate), itemgetter(0)):
        yield Span(start, max(end for _, end in grown))


def _growing(need: Need, candidate: Candidate) -> Iterator[tuple[datetime, datetime]]:
    """The same, each as it grows: from where it starts to the end of one more step."""
    band = max(need.min_confidence, candidate.min_confidence) - 1
    start = end = None
    for step in candidate.steps:
        if step.left[band] >= need.quantity:
            span = step.span
            start = start if start and span.start == end else span.start
            end = span.end
            yield start, end


def within(need: Need, candidate: Candidate) -> Iterator[Span]:
    """Those parts of them that lie in the window, with the notice kept and before the first certificate ends."""
    whole = Span.between(need.earliest(candidate), _end(need.window.end, candidate))
    yield from (part for run in runs(need, candidate) if whole and (part := run.intersection(whole)))


def is_sold(need: Need, candidate: Candidate) -> bool:
    """Whether the service sells the duration at a stretch."""
    return candidate.max_duration is None or need.duration <= candidate.max_duration


def first(need: Need, candidate: Candidate, start: datetime, end: datetime) -> Span | None:
    """The earliest span of the asked duration in [start, end) with enough left, whatever the certificates.

    None where the service does not sell as much at a stretch.
    """
    for opens, closes in _growing(need, candidate) if is_sold(need, candidate) else ():
        begin = max(opens, start)
        if begin + need.duration <= min(closes, end):
            return Span(begin, begin + need.duration)
        if begin + need.duration > end:
            break
    return None


def inside(need: Need, candidate: Candidate) -> Span | None:
    """The earliest span in the window that keeps notice and certificates."""
    return first(need, candidate, need.earliest(candidate), _end(need.window.end, candidate))


def nearest(need: Need, candidate: Candidate) -> Span | None:
    """A span that would do in one piece: in the window, or for which it would have to begin or end the least earlier or
    later.

    As far as the steps reach; of two that are as near, the earlier.
    """
    if not candidate.steps:
        return None
    if found := inside(need, candidate):
        return found
    earliest, latest = need.now + candidate.notice, _end(candidate.steps[-1].span.end, candidate)
    later = first(need, candidate, need.earliest(candidate), latest)
    sooner = _last(need, candidate, earliest, latest)
    near = [(need.window.start - sooner.start, sooner)] if sooner else []
    near += [(later.end - need.window.end, later)] if later else []
    return min(near)[1] if near else None


def in_pieces(need: Need, candidate: Candidate) -> tuple[Span, ...] | None:
    """The whole duration in as many stretches as may be, done as early as possible; None where it can't be.

    One piece a stretch, and none longer than the service sells. Of ways that end at the same time, that of the fewest
    pieces, the longest stretches, the earlier first filled.
    """
    if need.split is None:
        return None
    least = max(need.split.least, candidate.min_duration)
    longest = candidate.max_duration or need.duration
    rooms = [run for run in within(need, candidate) if run.duration >= least]
    for place, last in enumerate(rooms):
        found = _ending_in(last, rooms[:place], need.duration, need.split.pieces, least, longest)
        if found:
            return found
    return None


def most_in_pieces(need: Need, candidate: Candidate) -> tuple[timedelta, int]:
    """How much of the duration fits into as many pieces as may be, and into how many."""
    if need.split is None:
        return timedelta(), 0
    least = max(need.split.least, candidate.min_duration)
    longest = candidate.max_duration or need.duration
    rooms = sorted(
        (min(run.duration, longest) for run in within(need, candidate) if run.duration >= least), reverse=True
    )
    taken = rooms[: need.split.pieces]
    return sum(taken, timedelta()), len(taken)


def _ending_in(  # noqa: PLR0913, PLR0917 - all of them are facts of one question
    last: Span, before: Sequence[Span], whole: timedelta, most: int, least: timedelta, longest: timedelta
) -> tuple[Span, ...] | None:
    """Pieces that add up to `whole`, the last of them at the start of `last` and as short as can be."""
    ranked = sorted(before, key=lambda run: (-min(run.duration, longest), run.start))
    best: tuple[timedelta, int] | None = None
    reach = timedelta()
    for others in range(min(most - 1, len(ranked)) + 1):
        if others:
            reach += min(ranked[others - 1].duration, longest)
        rest = max(least, whole - reach) if others else whole
        if least <= rest <= min(last.duration, longest, whole - others * least):
            best = min(best or (rest, others), (rest, others))
    if best is None:
        return None
    rest, others = best
    lengths = _shared(sorted(ranked[:others]), whole - rest, least, longest)
    pieces = (Span(run.start, run.start + each) for run, each in lengths)
    return (*pieces, Span(last.start, last.start + rest))


def _shared(
    chosen: Sequence[Span], whole: timedelta, least: timedelta, longest: timedelta
) -> list[tuple[Span, timedelta]]:
    """How much of it each stretch takes: at least `least`, the earlier ones as much as they can."""
    found, left = [], whole
    for place, run in enumerate(chosen):
        kept = least * (len(chosen) - place - 1)
        each = min(run.duration, longest, left - kept)
        found.append((run, each))
        left -= each
    return found


def _last(need: Need, candidate: Candidate, start: datetime, end: datetime) -> Span | None:
    """The latest span in [start, end) that begins before the window does."""
    whole, found = Span.between(start, end) if is_sold(need, candidate) else None, None
    for run in runs(need, candidate) if whole else ():
        part = run.intersection(whole) if whole else None
        if part and part.start < need.window.start and part.duration >= need.duration:
            begin = min(need.window.start, part.end - need.duration)
            found = Span(begin, begin + need.duration)
    return found


def _end(end: datetime, candidate: Candidate) -> datetime:
    certified = candidate.skill.certified_until
    return min(end, certified) if certified else end
