"""All the SQL of metering: which jobs are due, what is known about them, and the meter's way into the booking."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from cloud.settlement.due import Agreed, Bill
from cloud.settlement.model import Booked, Change, FinalReport, Outcome
from gateway.machine import ItemState, Quality
from gateway.messages import JobReport
from gateway.money import Money
from gateway.span import Span

DUE = """
SELECT claim.id, claim.machine_id, lower(claim.span) AS start_at, upper(claim.span) AS end_at, claim.state, claim.work,
       claim.report, claim.updated_at, claim.price_amount, claim.price_currency, claim.cancel_fee, claim.units,
       claim.unit_price, CASE WHEN booker_id = provider_id THEN 0
         ELSE greatest(coalesce(late_price - price_amount, 0), 0) * cancel_share END AS late_fee,
       (SELECT max(at) FROM state_history WHERE machine_id = claim.machine_id) AS latest
FROM claim
WHERE (state IN ('COMPLETED', 'ABORTED', 'NO_SHOW') OR state = 'CANCELLED' AND report ->> 'started' IS NOT NULL)
  AND NOT id = ANY($2)
ORDER BY updated_at LIMIT $1
"""

# From the change that was in force before the job could begin, to the first one at or after its end.
HISTORY = """
SELECT at, state, origin, quality FROM state_history
WHERE machine_id = $1
  AND at >= coalesce((SELECT max(at) FROM state_history WHERE machine_id = $1 AND at <= $2), $2)
  AND at <= coalesce((SELECT min(at) FROM state_history WHERE machine_id = $1 AND at >= $3), $3)
ORDER BY at, epoch, seq
"""
UNSEEN = "SELECT start_at, end_at FROM gap WHERE machine_id = $1 AND start_at < $3 AND end_at > $2"
METER = "SELECT ts_meter($1, $2, $3, $4, $5)"
SETTLE_DUE = "SELECT ts_settle_due($1, $2)"

OUTCOMES = {"ended": Outcome.COMPLETED, "aborted": Outcome.ABORTED, "no_show": Outcome.NO_SHOW}

EARLY = timedelta(hours=1)
"""A job may begin before its hour; what the machine did then is read as well, and counts if it is the booking's."""


@dataclass(frozen=True, slots=True)
class Due:
    """A finished job that is not metered. `latest` is the machine's last known change, `finished_at` business time."""

    machine: str
    booked: Booked
    agreed: Agreed
    report: FinalReport
    finished_at: datetime
    latest: datetime | None


async def due(connection: asyncpg.Connection, limit: int, doubtful: Collection[str]) -> list[asyncpg.Record]:
    """The jobs that wait for their meter, the oldest first, without the doubtful ones."""
    found: list[asyncpg.Record] = await connection.fetch(DUE, limit, list(doubtful))
    return found


async def history(connection: asyncpg.Connection, job: Due) -> list[Change]:
    """What the machine did around the job."""
    begin = min(job.booked.span.start, job.report.started or job.booked.span.start) - EARLY
    rows = await connection.fetch(HISTORY, job.machine, begin, job.report.end)
    return [Change(row["at"], ItemState(row["state"]), row["origin"], Quality(row["quality"])) for row in rows]


async def unseen(connection: asyncpg.Connection, job: Due) -> list[Span]:
    """When nobody could see the machine, around the job."""
    end = max(job.report.end, job.booked.span.end)
    rows = await connection.fetch(UNSEEN, job.machine, job.booked.span.start - EARLY, end)
    return [Span(row["start_at"], row["end_at"]) for row in rows]


async def store(connection: asyncpg.Connection, job: Due, bill: Bill, now: datetime) -> bool:
    """Put the meter, and what is owed, into the booking, which becomes METERED; whether it did."""
    what = (bill.meter.as_json(), bill.due.amount, bill.settle_by)
    answer: Mapping[str, Any] = await connection.fetchval(METER, job.booked.claim, *what, now)
    return bool(answer["outcome"] == "applied")


async def settle_due(connection: asyncpg.Connection, limit: int, now: datetime) -> int:
    """Settle what nobody said no to in time; how many bookings."""
    done: int = await connection.fetchval(SETTLE_DUE, limit, now)
    return done


def read(row: asyncpg.Record) -> Due:
    """The job in the row. Raises ValueError where its work or its report cannot be read."""
    booked = Booked(row["id"], Span(row["start_at"], row["end_at"]), int((row["work"] or {}).get("quantity", 0)))
    price = Money(amount=row["price_amount"], currency=row["price_currency"])
    agreed = Agreed(price, row["cancel_fee"], row["units"], row["unit_price"], row["late_fee"])
    return Due(row["machine_id"], booked, agreed, _final(row, booked), row["updated_at"], row["latest"])


def _final(row: asyncpg.Record, booked: Booked) -> FinalReport:
    """The plant's last word; where none ever came, that nothing good is known of the job."""
    if row["report"] is None:
        silence = (booked.span.end, None, None, timedelta(), booked.ordered_quantity, 0)
        return FinalReport(Outcome(row["state"]), *silence)
    report = JobReport.model_validate(row["report"])
    return FinalReport(
        OUTCOMES[report.event],
        report.at,
        report.started,
        report.ended,
        report.executing,
        report.ordered_quantity,
        report.good_quantity,
    )
