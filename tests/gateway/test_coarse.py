"""A coarser view of a machine's hours never offers what the fine one does not."""

import itertools
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.capacity import CapacitySpan, CapacityType, Confidence, Reason, levels
from gateway.coarse import Detail, cells, coarse
from gateway.crossing import Disclosure, MachineDisclosure, cross
from gateway.messages import Statement
from gateway.span import Span

START = datetime(2026, 3, 2, 8, 20, tzinfo=UTC)
LONG = Span(START, START + timedelta(hours=20))


def at(hours: float) -> datetime:
    return START.replace(minute=0) + timedelta(hours=hours)


def free(start: float, end: float, quantity: int = 1, confidence: Confidence = Confidence.FIRM) -> CapacitySpan:
    return CapacitySpan(Span(at(start), at(end)), CapacityType.AVAILABLE, quantity, Reason.IDLE, confidence)


def taken(start: float, end: float, quantity: int = 1) -> CapacitySpan:
    return CapacitySpan(Span(at(start), at(end)), CapacityType.COMMITTED, quantity, Reason.PLANNED, detail="4711")


def hours(ledger: list[CapacitySpan], grain: int = 1) -> list[tuple[float, float, str, int]]:
    within = Span(min(part.span.start for part in ledger), max(part.span.end for part in ledger))
    return [
        (
            (part.span.start - at(0)) / timedelta(hours=1),
            (part.span.end - at(0)) / timedelta(hours=1),
            part.reason,
            part.quantity,
        )
        for part in coarse(ledger, timedelta(hours=grain), within)
    ]


def test_only_whole_free_hours_are_told_and_no_reason_of_the_others() -> None:
    assert hours([free(0, 2.5), taken(2.5, 4.25), free(4.25, 8)]) == [
        (0, 2, "idle", 1),
        (2, 5, "withheld", 1),
        (5, 8, "idle", 1),
    ]


def test_only_whole_free_blocks_of_four_hours_are_told() -> None:
    assert hours([free(0, 9), taken(9, 12)], grain=4) == [(0, 8, "idle", 1), (8, 12, "withheld", 1)]


def test_an_hour_that_has_begun_is_not_taken_back() -> None:
    assert hours([free(0.5, 2), taken(2, 3)]) == [(0.5, 2, "idle", 1), (2, 3, "withheld", 1)]


def test_an_hour_is_as_sure_as_its_least_sure_part_and_as_many_as_are_free_all_through() -> None:
    mixed = [free(0, 0.5, 2), free(0.5, 1, 1, Confidence.LOW), taken(0.5, 1)]
    found = coarse(mixed, timedelta(hours=1), Span(at(0), at(1)))
    assert [(part.type, part.quantity, part.confidence) for part in found] == [
        (CapacityType.AVAILABLE, 1, Confidence.LOW),
        (CapacityType.UNATTAINABLE, 1, Confidence.FIRM),
    ]


def test_true_and_false_are_short_for_all_and_nothing() -> None:
    assert MachineDisclosure.model_validate({"capacity": True}).capacity is Detail.SPANS
    assert MachineDisclosure.model_validate({"capacity": False}).capacity is Detail.NONE


@st.composite
def ledgers(draw: st.DrawFn) -> list[CapacitySpan]:
    """Any ledger of up to three units over LONG, in which every instant has as many."""
    units = draw(st.integers(1, 3))
    inner = draw(st.lists(st.integers(1, 1199), max_size=12, unique=True))
    borders = [LONG.start, *(LONG.start + timedelta(minutes=minute) for minute in sorted(inner)), LONG.end]
    found: list[CapacitySpan] = []
    for start, end in itertools.pairwise(borders):
        open_ = draw(st.integers(0, units))
        if open_:
            sure = draw(st.sampled_from(Confidence))
            found.append(CapacitySpan(Span(start, end), CapacityType.AVAILABLE, open_, Reason.IDLE, sure))
        if open_ < units:
            found.append(CapacitySpan(Span(start, end), CapacityType.COMMITTED, units - open_, Reason.PLANNED))
    return found


def offered(pieces: list[CapacitySpan], least: Confidence) -> list[tuple[Span, int]]:
    return [
        (piece.span, piece.quantity)
        for piece in pieces
        if piece.type is CapacityType.AVAILABLE and piece.confidence >= least
    ]


@given(ledgers(), st.sampled_from([Detail.HOURS, Detail.BAND]), st.booleans())
def test_a_coarsened_statement_never_offers_more_than_the_exact_one(
    ledger: list[CapacitySpan], detail: Detail, part_only: bool
) -> None:
    within = Span(START + timedelta(hours=3, minutes=7), LONG.end) if part_only else LONG
    exact = [
        CapacitySpan(span, piece.type, piece.quantity, piece.reason, piece.confidence)
        for piece in ledger
        if (span := piece.span.intersection(within))
    ]
    statement = Statement(
        machine="M1",
        version=1,
        issued_at=START,
        valid_until=LONG.end,
        start=within.start,
        end=within.end,
        spans=Statement.pieces(tuple(exact)),
    )
    policy = Disclosure(default=MachineDisclosure(capacity=detail))
    crossed = cross(policy, statement)
    assert isinstance(crossed, Statement)
    told = [piece.capacity() for piece in crossed.spans]
    for band in Confidence:
        more = levels([*offered(told, band), *((span, -count) for span, count in offered(exact, band))])
        assert not [step for step in more if step.quantity > 0]
    whole = {step.quantity for step in levels((piece.span, piece.quantity) for piece in told)}
    assert len(whole) == 1, "Total stays what it was"
    assert {piece.reason for piece in told} <= {Reason.IDLE, Reason.WITHHELD}
    assert cross(policy, crossed) == crossed, "crossing twice changes nothing"


@pytest.mark.parametrize(
    ("zone", "day", "blocks"),
    [
        ("UTC", "2026-03-29", [4, 4, 4, 4, 4, 4]),
        ("Europe/Berlin", "2026-03-29", [4, 4, 4, 4, 4, 3]),
        ("Europe/Berlin", "2026-10-25", [4, 4, 4, 4, 4, 4, 1]),
        ("Asia/Kathmandu", "2026-03-29", [4, 4, 4, 4, 4, 4]),
        ("Australia/Lord_Howe", "2026-04-05", [4, 4, 4, 4, 4, 4, 0.5]),
    ],
)
def test_blocks_are_counted_from_each_midnight_of_the_plants_clock(zone: str, day: str, blocks: list[float]) -> None:
    clock = ZoneInfo(zone)
    midnight = datetime.fromisoformat(day).replace(tzinfo=clock)
    start, end = (moment.astimezone(UTC) for moment in (midnight, midnight + timedelta(days=1)))
    found = list(cells(Span(start, end), timedelta(hours=4), clock))
    assert [cell.hours for cell in found] == blocks
    assert (found[0].start, found[-1].end) == (start, end)


def test_the_policys_clock_counts_unless_a_machine_has_its_own() -> None:
    policy = Disclosure.model_validate(
        {"zone": "Asia/Kathmandu", "default": {"capacity": "hours"}, "machines": {"M2": {"zone": "UTC"}}}
    )
    assert (policy.of("M1").zone, policy.of("M2").zone) == ("Asia/Kathmandu", "UTC")
    shown = policy.of("M1").shown([free(0, 3)], Span(at(0), at(3)))
    assert [piece.span for piece in shown if piece.type is CapacityType.AVAILABLE] == [Span(at(0), at(3))]
    whole = policy.of("M1").shown([taken(0, 0.25), free(0.25, 2), taken(2, 3)], Span(at(0), at(3)))
    assert [piece.span for piece in whole if piece.type is CapacityType.AVAILABLE] == [Span(at(0.25), at(1.25))]
    with pytest.raises(ValueError, match="not a time zone"):
        Disclosure(zone="Mars/Base")


@pytest.mark.parametrize("detail", list(Detail))
def test_every_detail_has_its_grain(detail: Detail) -> None:
    assert (detail.grain is None) == (detail in {Detail.SPANS, Detail.NONE})
