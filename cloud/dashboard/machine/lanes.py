"""What the chart draws, as rows of numbers: states, ledger and bookings of a machine. Times are seconds since 1970."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

from cloud.booking.model import LIVE
from cloud.booking.wire import Booking
from cloud.dashboard.machine.seen import VOID, Seen
from cloud.dashboard.model import Meter
from cloud.registry.model import Capacity, CapacityPiece, StateBand, Taken
from cloud.telemetry.wire import Rollup

Row = list[Any]

STATES = ("Executing", "NotExecuting", "OutOfService", "NotAvailable")
"""The codes of static/machine.js, as are LEDGER and the order of a row's columns."""

LEDGER = ("Available", "Booked", "Committed", "Unattainable")
"""From the top of the stack to its foot: what is left, what bookings took, the plant's own, what cannot be had."""

TRACKS = 4
"""Bookings of a pool lie over one another in so many tracks."""


def states(seen: Seen) -> list[Row]:
    """[start, end, state, sure, changes, mode, origin, shares]: `shares` is seconds by state, or None for one state.

    What a silent machine has done since it was last heard of is drawn as unsure.
    """
    machine = seen.machine
    heard = seen.now if machine.fresh or machine.last_receipt_at is None else machine.last_receipt_at
    return [row for band in seen.states.items for row in _state(band, heard, seen)]


def _state(band: StateBand, heard: datetime, seen: Seen) -> Iterable[Row]:
    end = min(band.end or seen.now, seen.now)
    last = band.end is None or band.end >= seen.now
    edge = min(max(band.start, heard), end) if last else end
    good = band.quality in {None, "good"}
    shares = [band.shares.get(name, 0) for name in STATES] if band.shares and band.changes > 1 else None  # type: ignore[call-overload]
    for start, until, sure in ((band.start, edge, True), (edge, end, False)):
        if start < until:
            code = STATES.index(band.state)
            yield [_s(start), _s(until), code, int(sure and good), band.changes, band.mode, band.origin, shares]


def gaps(seen: Seen) -> list[Row]:
    """[start, end, reason]: between them nobody looked."""
    return [[_s(gap.start), _s(gap.end), gap.reason] for gap in seen.states.gaps]


def ledger(seen: Seen) -> list[Row]:
    """[start, end, type, confidence, low, high, quantity, reason, detail], stacked: 0 to 1 is all of the machine.

    Of a long window each day behind is one stack, without confidence: 0.
    """
    behind = [row for day in seen.days.items for row in _day(day, seen)] if seen.days else []
    return behind + pieces(seen.capacity, seen.bookings, seen.machine.quantity)


def pieces(capacity: Capacity, bookings: Iterable[Booking], quantity: int) -> list[Row]:
    """The stack between each two edges of offer and claims. Bookings that are over took what they took, too."""
    claims = [*capacity.claims, *_past(bookings, {claim.id for claim in capacity.claims})]
    edges = {edge for piece in capacity.spans for edge in (piece.start, piece.end)}
    covered = (min(edges), max(edges)) if edges else None
    if covered is None:
        return []
    edges |= {edge for claim in claims for edge in (claim.start, claim.end) if covered[0] < edge < covered[1]}
    ordered = sorted(edges)
    offers, takings = _sweep(capacity.spans, ordered), _sweep(claims, ordered)
    rows: list[Row] = []
    for (start, end), here, taken in zip(pairwise(ordered), offers, takings, strict=True):
        rows += _stack(start, end, here, sum(claim.quantity for claim in taken), quantity)
    return _joined(rows)


def _sweep(things: Sequence[CapacityPiece | Taken], edges: Sequence[datetime]) -> list[list[Any]]:
    """What lies over each piece between two neighbouring edges; every start and end within is such an edge."""
    coming = sorted(things, key=lambda thing: thing.start, reverse=True)
    here: list[Any] = []
    found = []
    for start, _ in pairwise(edges):
        while coming and coming[-1].start <= start:
            here.append(coming.pop())
        here = [thing for thing in here if thing.end > start]
        found.append(here.copy())
    return found


def _past(bookings: Iterable[Booking], known: set[str]) -> list[Taken]:
    return [
        Taken(id=each.id, start=each.start, end=each.end, quantity=each.quantity, state=each.state)
        for each in bookings
        if each.id not in known and each.state not in VOID and each.state not in LIVE
    ]


def _stack(start: datetime, end: datetime, here: Sequence[CapacityPiece], taken: int, quantity: int) -> Iterable[Row]:
    """From the foot to the top: what cannot be had, the plant's own, what bookings took of the rest, what is left."""
    free = [piece for piece in here if piece.type == "Available"]
    left = booked = min(taken, sum(piece.quantity for piece in free))
    layers = [(piece.quantity, _told(piece)) for kind in LEDGER[:1:-1] for piece in here if piece.type == kind]
    layers.append((booked, [LEDGER.index("Booked"), 5, "booked", ""]))
    for piece in sorted(free, key=lambda piece: piece.confidence):
        layers.append((piece.quantity - min(left, piece.quantity), _told(piece)))
        left -= min(left, piece.quantity)
    low = 0.0
    for much, (kind, confidence, reason, detail) in layers:
        if much:
            high = min(1.0, low + much / quantity)
            yield [_s(start), _s(end), kind, confidence, low, high, much, reason, detail]
            low = high


def _told(piece: CapacityPiece) -> Row:
    return [LEDGER.index(piece.type), int(piece.confidence), piece.reason, piece.detail or ""]


def _joined(rows: Iterable[Row]) -> list[Row]:
    """Neighbours that differ in nothing but time as one."""
    found: list[Row] = []
    open_ends: dict[tuple[Any, ...], int] = {}
    for row in rows:
        alike = tuple(row[2:])
        place = open_ends.get((row[0], *alike))
        if place is None:
            found.append(row)
            place = len(found) - 1
        else:
            found[place][1] = row[1]
        open_ends[row[1], *alike] = place
    return found


def _day(day: Rollup, seen: Seen) -> Iterable[Row]:
    offered = {share.name: share.seconds for share in day.ledger if share.kind == "offer"}
    taken = sum(share.seconds for share in day.ledger if share.kind == "claim" and share.name not in VOID)
    start, end = max(day.start, seen.window.start), min(day.start + timedelta(days=1), seen.now, seen.window.end)
    whole = (end - day.start).total_seconds() * seen.machine.quantity
    if whole <= 0 or start >= end or not offered:
        return
    left = offered.get("Available", 0.0)
    parts = {
        "Unattainable": offered.get("Unattainable", 0.0),
        "Committed": offered.get("Committed", 0.0),
        "Booked": min(taken, left),
        "Available": max(0.0, left - taken),
    }
    low = 0.0
    for name, seconds in parts.items():
        high = min(1.0, low + seconds / whole)
        if high > low:
            yield [_s(start), _s(end), LEDGER.index(name), 0, low, high, round(seconds / 3600, 2), "day", ""]
        low = high


def bookings(seen: Seen) -> list[Row]:
    """[start, end, track, tracks, live, risk, ran from, ran to, held, id, state, share, quantity]; 0: it never ran."""
    things: list[Booking | Taken] = [each for each in seen.bookings if each.state not in VOID]
    things += [claim for claim in seen.capacity.claims if not claim.id.startswith("bkg_")]
    ends: list[datetime] = []
    placed = []
    for each in sorted(things, key=lambda each: (each.start, each.end)):
        track = next((place for place, until in enumerate(ends) if until <= each.start), len(ends))
        if track == len(ends):
            ends.append(each.end)
        ends[track] = each.end
        placed.append((track % TRACKS, each))
    tracks = min(TRACKS, max(1, len(ends)))
    return [_booking(each, track, tracks, seen.now) for track, each in placed]


def taken(stacks: Iterable[Row]) -> list[Row]:
    """[start, end, share of the day], of the ledger's rows: for bookings that are too many to be drawn each."""
    return [[row[0], row[1], row[5] - row[4]] for row in stacks if row[2] == LEDGER.index("Booked")]


def _booking(each: Booking | Taken, track: int, tracks: int, now: datetime) -> Row:
    span = [_s(each.start), _s(each.end), track, tracks]
    if isinstance(each, Taken):
        return [*span, 1, 0, 0, 0, 1, each.id, each.state, None, each.quantity]
    meter = Meter.of(each)
    ran = [0, 0]
    if meter and meter.started:
        ran = [_s(meter.started), _s(meter.ended or now)]
    elif each.state == "RUNNING":
        ran = [_s(each.start), _s(min(now, each.end))]
    share = meter.share if meter else None
    return [*span, int(each.state in LIVE), int(each.at_risk), *ran, 0, each.id, each.state, share, each.quantity]


def _s(at: datetime) -> int:
    return round(at.timestamp())
