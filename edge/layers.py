"""Layers of claims on a machine's time, painted into a ledger in which every unit of every instant has one owner."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from gateway.capacity import CapacitySpan, CapacityType, Reason, least_odds
from gateway.span import Span


@dataclass(frozen=True, slots=True)
class Layer:
    """A claim on `quantity` units (None: all that are left) over a span."""

    span: Span
    type: CapacityType
    reason: Reason
    quantity: int | None = None
    detail: str | None = None


@dataclass(slots=True)
class _Open:
    """A piece of the ledger that still grows."""

    start: datetime
    end: datetime


_Kind = tuple[CapacityType, Reason, int, str | None]


def paint(quantity: int, layers: Sequence[Layer], within: Span) -> list[CapacitySpan]:
    """The ledger of `quantity` units over `within`: earlier layers come first, and none takes what another has.

    The pieces are coalesced, and sorted by start. Time that no layer covers is in no piece.
    """
    borders = {within.start, within.end}
    starts: dict[datetime, list[int]] = defaultdict(list)
    ends: dict[datetime, list[int]] = defaultdict(list)
    for number, layer in enumerate(layers):
        start, end = max(layer.span.start, within.start), min(layer.span.end, within.end)
        if start < end:
            starts[start].append(number)
            ends[end].append(number)
            borders |= {start, end}
    active: set[int] = set()
    growing: dict[_Kind, _Open] = {}
    done: list[CapacitySpan] = []
    for moment, following in pairwise(sorted(borders)):
        active.difference_update(ends.get(moment, ()))
        active.update(starts.get(moment, ()))
        kinds = _divide(quantity, [layers[number] for number in sorted(active)])
        _grow(growing, kinds, moment, following, done)
    done += [_piece(kind, part) for kind, part in growing.items()]
    return sorted(done, key=lambda part: (part.span.start, part.type, part.reason))


def join(pieces: Iterable[CapacitySpan]) -> list[CapacitySpan]:
    """The same ledger, with pieces that differ in nothing but time made one where they touch."""
    growing: dict[tuple[object, datetime], list[CapacitySpan]] = defaultdict(list)
    for piece in sorted(pieces, key=lambda piece: piece.span.start):
        kind = (piece.type, piece.reason, piece.quantity, piece.confidence, piece.detail)
        before = growing[kind, piece.span.start].pop() if growing.get((kind, piece.span.start)) else None
        whole = _one(before, piece) if before else piece
        growing[kind, piece.span.end].append(whole)
    found = (piece for alike in growing.values() for piece in alike)
    return sorted(found, key=lambda part: (part.span.start, part.type, part.reason))


def _one(before: CapacitySpan, piece: CapacitySpan) -> CapacitySpan:
    return replace(piece, span=Span(before.span.start, piece.span.end), odds=least_odds(before, piece))


def _divide(quantity: int, layers: Sequence[Layer]) -> list[_Kind]:
    """Who has how many units, where all these layers lie over one another."""
    left = quantity
    shares: dict[tuple[CapacityType, Reason, str | None], int] = defaultdict(int)
    for layer in layers:
        if not left:
            break
        share = left if layer.quantity is None else min(left, layer.quantity)
        shares[layer.type, layer.reason, layer.detail] += share
        left -= share
    return [(kind, reason, share, detail) for (kind, reason, detail), share in shares.items() if share]


def _grow(
    growing: dict[_Kind, _Open], kinds: Sequence[_Kind], start: datetime, end: datetime, done: list[CapacitySpan]
) -> None:
    ended = [kind for kind in growing if kind not in kinds]
    done += [_piece(kind, growing.pop(kind)) for kind in ended]
    for kind in kinds:
        if kind in growing:
            growing[kind].end = end
        else:
            growing[kind] = _Open(start, end)


def _piece(kind: _Kind, part: _Open) -> CapacitySpan:
    return CapacitySpan(Span(part.start, part.end), kind[0], kind[2], kind[1], detail=kind[3])
