"""Reads a machine's states in few pieces: of the changes where they are few, else of what they were rolled up to."""

from datetime import datetime, timedelta

import asyncpg

from cloud.registry import store
from cloud.registry.model import Gap, StateBand, States
from cloud.telemetry import coarse, rollups
from cloud.telemetry.coarse import Change, Piece, Plan, Share
from cloud.telemetry.steps import floor
from gateway.machine import PLANT, ItemState, OperationMode
from gateway.span import Span

BOOKED = "booking"
"""The origin of a piece that served bookings: which, only the changes themselves tell."""


async def read(rows: asyncpg.Connection, machine_id: str, window: Span, most: int, now: datetime) -> States | None:
    """The window in about `most` pieces; None where no more changes than that are in it: then each is to be told."""
    count = await rollups.changes(rows, machine_id, window.start, window.end, coarse.FOLDED + 1)
    if count <= most:
        return None
    told = coarse.plan(window, most, count, now - rollups.MINUTES_KEPT + timedelta(days=1))
    known = Span(window.start, max(window.start + timedelta.resolution, min(window.end, now)))
    shares = await _shares(rows, machine_id, known, told)
    gaps = await store.gaps(rows, machine_id, window.start, window.end)
    joined = coarse.merged([(gap["start"], gap["end"], gap["reason"]) for gap in gaps], told.step)
    return States(
        items=tuple(map(_band, coarse.pieces(shares, known, told.step))),
        gaps=tuple(Gap(start=start, end=end, reason=reason) for start, end, reason in joined),
        step_s=int(told.step.total_seconds()),
    )


async def _shares(rows: asyncpg.Connection, machine_id: str, known: Span, told: Plan) -> list[Share]:
    """Of the rollups as far as they reach; the rest is folded from the changes: the end is right to the second."""
    if told.width is None:
        return await _folded(rows, machine_id, known, told.step)
    first, until = floor(known.start, told.step), await rollups.rolled(rows, machine_id)
    edge = min(known.end, floor(until, told.step)) if until else known.end
    if edge < known.end and await rollups.changes(rows, machine_id, edge, known.end, coarse.FOLDED + 1) > coarse.FOLDED:
        # Old history came in: until it is rolled up, what the rollups say of it has to do.
        edge = max(known.start, floor(known.end, told.step) - told.step)
    found = await rollups.coarse(rows, machine_id, told.width, told.step, (first, max(first, edge)))
    rest = Span.between(max(edge, known.start), known.end)
    shares = sorted((Share(*row) for row in found), key=lambda share: share.start)
    return shares + (await _folded(rows, machine_id, rest, told.step) if rest else [])


async def _folded(rows: asyncpg.Connection, machine_id: str, window: Span, step: timedelta) -> list[Share]:
    found = await store.states(rows, machine_id, window.start, window.end, coarse.FOLDED + 2)
    changes = [
        Change(row["start"], row["end"] or window.end, row["state"], row["mode"], row["origin"])
        for row in found
        if row["end"] != row["start"]
    ]
    return coarse.folded(changes, window, step)


def _band(piece: Piece) -> StateBand:
    return StateBand(
        start=piece.span.start,
        end=piece.span.end,
        state=ItemState(piece.state),
        mode=OperationMode(piece.mode),
        origin=BOOKED if piece.booked else PLANT,
        quality=None,
        changes=piece.changes,
        shares={ItemState(state): seconds for state, seconds in piece.shares.items()},
    )
