"""One machine in words: what the chart shows, as lists that can be read without seeing it."""

from cloud.dashboard.figures import short
from cloud.dashboard.model import NO_STATEMENT, Plant
from cloud.dashboard.plant.bands import free_spans
from cloud.dashboard.plant.say import heard
from cloud.dashboard.when import DASH, When
from cloud.dashboard.words import Words
from cloud.registry.model import Capacity, Machine, States
from gateway.capacity import Confidence
from gateway.machine import PLANT
from gateway.span import Span

MOST = 12

Cells = list[tuple[str, ...]]


def facts(machine: Machine, capacity: Capacity, when: When) -> list[tuple[str, str]]:
    """What it is, when it was heard of, and how long its statement holds."""
    words = when.words
    kind = " ".join(part for part in (machine.manufacturer, machine.model) if part)
    units = words("row.quantity", count=machine.quantity) if machine.quantity > 1 else ""
    return [
        (words("detail.kind"), " · ".join(part for part in (kind, machine.serial, units) if part) or DASH),
        (words("detail.profile"), machine.profile or DASH),
        (words("detail.heard"), heard(machine, when)),
        (words("detail.statement"), _statement(capacity, when)),
    ]


def _statement(capacity: Capacity, when: When) -> str:
    if not capacity.version or capacity.valid_until is None:
        return when.words("detail.no_statement")
    key = "detail.version" if capacity.valid_until > when.now else "detail.lapsed"
    return when.words(key, version=capacity.version, until=when.moment(capacity.valid_until))


def free(capacity: Capacity, when: When) -> Cells:
    """The free spans ahead: when, how long, how sure, why."""
    words = when.words
    return [
        (
            when.span(span),
            when.long(span.duration),
            _surely(offer.confidence, words),
            words.term("reason", offer.reason),
        )
        for span, offer in free_spans(capacity, when.now)[:MOST]
    ]


def _surely(confidence: Confidence, words: Words) -> str:
    band = int(confidence)
    return words("tip.confidence", band=band, word=words.term("confidence", str(band)))


def past(states: States, when: When) -> Cells:
    """The latest states, newest first: when, how long, which, for whom."""
    words = when.words
    found: Cells = []
    for piece in reversed(states.items[-MOST:]):
        end = piece.end or when.now
        mode = words.term("mode", piece.mode)
        state = words.term("state", piece.state)
        origin = words("row.plant") if piece.origin == PLANT else words("row.booking", id=short(piece.origin))
        span = Span.between(piece.start, end)
        said = when.span(span) if span else when.moment(piece.start)
        found.append((said, when.long(end - piece.start), f"{state} · {mode}" if mode else state, origin))
    return found


def taken(plant: Plant, machine: Machine, when: When) -> Cells:
    """The claims on it: when, how long, in which state."""
    words = when.words
    claims = plant.capacity.get(machine.id, NO_STATEMENT).claims
    return [
        (
            when.span(Span(claim.start, claim.end)),
            when.long(claim.end - claim.start),
            words.term("booking", claim.state),
            claim.id,
        )
        for claim in claims[:MOST]
    ]
