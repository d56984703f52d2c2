"""The SQL of the audit trail: read as the tenant, written by the database's own triggers, but for refusals."""

from collections.abc import Mapping, Sequence

import asyncpg

from cloud.api.paging import Ask
from cloud.audit.model import Act, By, Filter, Outcome
from cloud.db import reaching

_ACTS = """SELECT a.id, a.at, a.source, a.key_id, k.name AS key_name, a.account_id, a.agent_id, a.action,
    a.object_id, a.code, a.times, a.request_id
  FROM audit a LEFT JOIN api_key k ON k.id = a.key_id AND k.enterprise_id = $1
  WHERE a.enterprise_id = $1 AND (NOT $5 OR (a.at, a.id) < ($2, $3::bigint))
    AND a.at >= coalesce($6, '-infinity'::timestamptz) AND a.at < coalesce($7, 'infinity'::timestamptz)
    AND ($8::text IS NULL OR $8 IN (a.key_id, a.account_id, a.agent_id))
    AND ($9::text IS NULL OR a.object_id = $9) AND ($10::text IS NULL OR a.action = $10)
    AND ($11::boolean IS NULL OR (a.code IS NULL) = $11)
  ORDER BY a.at DESC, a.id DESC LIMIT $4"""


async def acts(rows: asyncpg.Connection, tenant: str, ask: Ask, wanted: Filter) -> list[Act]:
    """At most `ask.limit` + 1 of the tenant's acts, the newest first."""
    done = None if wanted.outcome is None else wanted.outcome is Outcome.DONE
    after = int(ask.id) if ask.id.isdecimal() and len(ask.id) < 19 else 0
    which = (wanted.since, wanted.until, wanted.actor, wanted.object_id, wanted.action, done)
    found = await rows.fetch(_ACTS, tenant, ask.moment, after, ask.limit + 1, bool(ask.id), *which)
    return [_act(row) for row in found]


async def refused(pool: asyncpg.Pool, lines: Sequence[Mapping[str, object]]) -> None:
    """Write refusals down. Raises DatabaseAway."""
    async with reaching():
        await pool.execute("SELECT ts_audit_refusals($1)", lines)


def _act(row: asyncpg.Record) -> Act:
    value = dict(row)
    source = value.pop("source")
    by = (By.ACCOUNT if row["account_id"] else By.KEY) if source == "api" else By(source)
    outcome = Outcome.REFUSED if row["code"] else Outcome.DONE
    return Act.model_validate({**value, "id": str(row["id"]), "by": by, "outcome": outcome})
