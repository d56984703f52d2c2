"""The control stream's effects: capacity statements, answers to orders and job reports, by the functions of booking."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import asyncpg

from cloud.ingest.model import Control, Numbered, Parked

# Booking locks the guards of several machines in this order too; else the two would wait for each other.
LOCK = "SELECT ts_lock_machines($1::text[])"

APPLY = """
SELECT CASE told.kind WHEN 'statement' THEN ts_apply_statement(told.machine, told.message, $4)
                      WHEN 'order_answer' THEN ts_answer(told.machine, told.message, $4)
                      WHEN 'job_report' THEN ts_report(told.machine, told.message, $4) END
FROM unnest($1::text[], $2::text[], $3::jsonb[]) WITH ORDINALITY AS told (kind, machine, message, place)
ORDER BY told.place
"""

PARKED = {"unknown": "booking.unknown", "refused": "claim.state"}
"""What the functions answer where they change nothing and somebody should know, and the code it is parked under."""


async def apply(
    connection: asyncpg.Connection, told: Sequence[Numbered[Control]], ids: Mapping[str, str], now: datetime
) -> list[Parked]:
    """Apply the messages in order, in one round trip; what booking refuses comes back to be parked."""
    if not told:
        return []
    machines = [ids[each.message.machine] for each in told]
    if len(set(machines)) > 1:
        await connection.execute(LOCK, sorted(set(machines)))
    kinds = [each.message.kind for each in told]
    messages = [each.message.model_dump(mode="json", exclude_none=True) for each in told]
    rows = await connection.fetch(APPLY, kinds, machines, messages, now)
    return [_park(each, row[0]) for each, row in zip(told, rows, strict=True) if row[0]["outcome"] in PARKED]


def _park(each: Numbered[Control], answer: Mapping[str, Any]) -> Parked:
    return Parked(each.delivery, PARKED[answer["outcome"]], f"{each.message.kind}: {answer['detail']}")
