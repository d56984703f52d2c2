"""The control stream's effects: capacity statements, answers to orders and job reports, by the functions of booking."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import asyncpg

from cloud.ingest.model import Control, Known, Numbered, Parked, named
from gateway.messages import Statement

# Booking locks the guards of several machines in this order too; else the two would wait for each other.
LOCK = "SELECT ts_lock_machines($1::text[])"

STATE = "SELECT told FROM ts_apply_statements($1, $2, $3) ORDER BY place"

APPLY = """
SELECT CASE told.kind WHEN 'order_answer' THEN ts_answer(told.machine, told.message, $4)
                      WHEN 'job_report' THEN ts_report(told.machine, told.message, $4) END
FROM unnest($1::text[], $2::text[], $3::jsonb[]) WITH ORDINALITY AS told (kind, machine, message, place)
ORDER BY told.place
"""

PARKED = {"unknown": "booking.unknown", "refused": "claim.state"}
"""What the functions answer where they change nothing and somebody should know, and the code it is parked under."""


async def apply(
    connection: asyncpg.Connection, told: Sequence[Numbered[Control]], known: Known, now: datetime
) -> list[Parked]:
    """Apply the messages in order; what booking refuses comes back to be parked.

    Statements that follow one another, as they nearly all do, take one round trip, and so do the other messages.
    Statements alone lock their guards by themselves, in that order.
    """
    machines = {known[named(each)].id for each in told}
    runs = [(kind, list(run)) for kind, run in groupby(told, lambda each: isinstance(each.message, Statement))]
    if len(machines) > 1 and any(not of_offers for of_offers, _ in runs):
        await connection.execute(LOCK, sorted(machines))
    parked: list[Parked] = []
    for of_offers, alike in runs:
        answers = await (_state if of_offers else _apply)(connection, alike, known, now)
        parked += [
            _park(each, answer) for each, answer in zip(alike, answers, strict=True) if answer["outcome"] in PARKED
        ]
    return parked


async def _state(
    connection: asyncpg.Connection, told: Sequence[Numbered[Control]], known: Known, now: datetime
) -> list[Mapping[str, Any]]:
    return [row[0] for row in await connection.fetch(STATE, *_columns(told, known), now)]


async def _apply(
    connection: asyncpg.Connection, told: Sequence[Numbered[Control]], known: Known, now: datetime
) -> list[Mapping[str, Any]]:
    kinds = [each.message.kind for each in told]
    return [row[0] for row in await connection.fetch(APPLY, kinds, *_columns(told, known), now)]


def _columns(told: Sequence[Numbered[Control]], known: Known) -> tuple[list[str], list[dict[str, Any]]]:
    machines = [known[named(each)].id for each in told]
    return machines, [each.message.model_dump(mode="json", exclude_none=True) for each in told]


def _park(each: Numbered[Control], answer: Mapping[str, Any]) -> Parked:
    return Parked(each.delivery, PARKED[answer["outcome"]], f"{each.message.kind}: {answer['detail']}")
