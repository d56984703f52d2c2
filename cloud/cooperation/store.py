"""The SQL of cooperation: each write is one round trip to a function, each read a query under row-level security."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from cloud.api.paging import Ask
from cloud.booking.model import Answer, Refused
from cloud.booking.store import Caller, answer, call, refused
from cloud.cooperation.inquiry import Inquiry, InquiryRequest, Quote, QuoteRequest
from cloud.cooperation.model import Agreement, AgreementRequest, Usage, usage
from cloud.cooperation.states import AgreementState, InquiryState
from cloud.cooperation.trust import Counts, Trust, share
from cloud.db import reaching
from cloud.ids import new_id

PROPOSE = "SELECT ts_propose($1, $2, $3, $4, $5, $6, $7)"
DECIDE = "SELECT ts_decide_agreement($1, $2, $3, $4, $5, $6, $7)"
INQUIRE = "SELECT ts_inquire($1, $2, $3, $4, $5, $6, $7)"
WITHDRAW_INQUIRY = "SELECT ts_withdraw_inquiry($1, $2, $3, $4, $5)"
GIVE_QUOTE = "SELECT ts_give_quote($1, $2, $3, $4, $5, $6, $7, $8)"
WITHDRAW_QUOTE = "SELECT ts_withdraw_quote($1, $2, $3, $4, $5)"
TAKE_QUOTE = "SELECT ts_take_quote($1, $2, $3, $4, $5, $6, $7)"
END = "SELECT ts_end_cooperation($1, $2)"

_AGREEMENT = """SELECT ts_agreement_told($1, a.id) AS told, a.quota_hours, now.start, now.end, now.used
  FROM agreement a
  LEFT JOIN LATERAL ts_usage(a.id, tstzrange($2::timestamptz, $2 + interval '1 microsecond'), 1, $2) AS now
    ON a.state = 'ACTIVE'
  WHERE (a.provider_id = $1 OR a.booker_id = $1)"""
_ONE_AGREEMENT = f"{_AGREEMENT} AND a.id = $3"
_AGREEMENTS = f"""{_AGREEMENT} AND (a.created_at, a.id) > ($3, $4) AND ($6::text IS NULL OR a.state = $6)
  ORDER BY a.created_at, a.id LIMIT $5"""
_USAGE = """SELECT a.quota_hours, u.start, u.end, u.used
  FROM agreement a, ts_usage(a.id, tstzrange($3, $4), $5, $6) AS u
  WHERE a.id = $2 AND (a.provider_id = $1 OR a.booker_id = $1)"""
_ONE_INQUIRY = "SELECT ts_inquiry_told($1, id) FROM inquiry WHERE id = $2"
_INQUIRIES = """SELECT ts_inquiry_told($1, id) FROM inquiry
  WHERE (created_at, id) > ($2, $3) AND ($5::text IS NULL OR state = $5) ORDER BY created_at, id LIMIT $4"""
_TRUST = "SELECT * FROM ts_trust($1, $2, $3, $4)"

MOST_PROPOSED = 100
MOST_OPEN = 100
MOST_QUOTES = 5
"""Proposals that an enterprise may have unanswered, inquiries open, and quotes standing per inquiry."""
MOST_PERIODS = 120
LATE = timedelta(minutes=5)
"""What a job may begin after its hour and still count as kept."""


async def propose(pool: asyncpg.Pool, caller: Caller, wanted: AgreementRequest) -> Agreement | Refused:
    """Raises DatabaseAway, as all of these do."""
    told = await _ask(pool, caller, PROPOSE, new_id("agr"), wanted.terms(), MOST_PROPOSED, caller.now)
    return told if isinstance(told, Refused) else Agreement.of(told["agreement"], caller.enterprise_id)


async def decide(
    pool: asyncpg.Pool, caller: Caller, identity: str, to: AgreementState, reason: str | None
) -> Agreement | Refused:
    """Accept (ACTIVE), decline, or end (TERMINATED)."""
    told = await _ask(pool, caller, DECIDE, identity, to, reason, caller.now)
    return told if isinstance(told, Refused) else Agreement.of(told["agreement"], caller.enterprise_id)


async def agreement(rows: asyncpg.Connection, tenant: str, identity: str, now: datetime) -> Agreement | None:
    """One agreement of the tenant's, with what is used of its quota now."""
    row = await rows.fetchrow(_ONE_AGREEMENT, tenant, now, identity)
    return _agreement(row, tenant) if row else None


async def agreements(
    rows: asyncpg.Connection, tenant: str, ask: Ask, state: AgreementState | None, now: datetime
) -> list[Agreement]:
    """At most `ask.limit` + 1 of the tenant's, oldest first."""
    found = await rows.fetch(_AGREEMENTS, tenant, now, ask.moment, ask.id, ask.limit + 1, state)
    return [_agreement(row, tenant) for row in found]


async def usages(
    rows: asyncpg.Connection, tenant: str, identity: str, window: tuple[datetime, datetime], now: datetime
) -> list[Usage]:
    """The periods that the window touches while the agreement holds."""
    found = await rows.fetch(_USAGE, tenant, identity, *window, MOST_PERIODS, now)
    return [_usage(row) for row in found]


async def inquire(pool: asyncpg.Pool, caller: Caller, wanted: InquiryRequest) -> Inquiry | Refused:
    """Ask named providers, or all."""
    told = await _ask(pool, caller, INQUIRE, new_id("inq"), wanted.ask(), MOST_OPEN, caller.now)
    return told if isinstance(told, Refused) else Inquiry.of(told["inquiry"])


async def withdraw_inquiry(pool: asyncpg.Pool, caller: Caller, identity: str) -> Inquiry | Refused:
    """Its standing quotes are lost."""
    told = await _ask(pool, caller, WITHDRAW_INQUIRY, identity, caller.now)
    return told if isinstance(told, Refused) else Inquiry.of(told["inquiry"])


async def inquiry(rows: asyncpg.Connection, tenant: str, identity: str) -> Inquiry | None:
    """One that the tenant asked or was asked."""
    told = await rows.fetchval(_ONE_INQUIRY, tenant, identity)
    return Inquiry.of(told) if told else None


async def inquiries(rows: asyncpg.Connection, tenant: str, ask: Ask, state: InquiryState | None) -> list[Inquiry]:
    """At most `ask.limit` + 1, oldest first."""
    found = await rows.fetch(_INQUIRIES, tenant, ask.moment, ask.id, ask.limit + 1, state)
    return [Inquiry.of(row[0]) for row in found]


async def give_quote(pool: asyncpg.Pool, caller: Caller, inquiry_id: str, wanted: QuoteRequest) -> Quote | Refused:
    """Answer an inquiry."""
    offer = wanted.model_dump(mode="json")
    told = await _ask(pool, caller, GIVE_QUOTE, new_id("quo"), inquiry_id, offer, MOST_QUOTES, caller.now)
    return told if isinstance(told, Refused) else Quote.model_validate(told["quote"])


async def withdraw_quote(pool: asyncpg.Pool, caller: Caller, identity: str) -> Quote | Refused:
    """The provider takes its quote back."""
    told = await _ask(pool, caller, WITHDRAW_QUOTE, identity, caller.now)
    return told if isinstance(told, Refused) else Quote.model_validate(told["quote"])


async def take_quote(pool: asyncpg.Pool, caller: Caller, identity: str, claim_id: str) -> Answer:
    """Book what is quoted, whole and at its price, as `claim_id`."""
    told = await _ask(pool, caller, TAKE_QUOTE, identity, claim_id, caller.now, caller.fresh_after)
    return told if isinstance(told, Refused) else answer(told)


async def trust(rows: asyncpg.Connection, tenant: str, since: datetime, now: datetime) -> list[Trust]:
    """Per partner and side, from the tenant's own bookings alone; by name."""
    found = await rows.fetch(_TRUST, tenant, since, LATE, now)
    ids = list({row["partner_id"] for row in found})
    names = dict(await rows.fetch("SELECT id, name FROM ts_names($1, $2)", tenant, ids))
    figures = [_trust(row, names.get(row["partner_id"], row["partner_id"])) for row in found]
    return sorted(figures, key=lambda one: (one.partner_name, one.role))


async def end(pool: asyncpg.Pool, now: datetime, limit: int = 100) -> int:
    """End agreements, inquiries and quotes that ran out; how many. Nothing depends on it: this is to tell people."""
    async with reaching():
        ended: int = await pool.fetchval(END, limit, now)
    return ended


async def _ask(pool: asyncpg.Pool, caller: Caller, query: str, *arguments: object) -> Mapping[str, Any] | Refused:
    async with reaching():
        told = await call(pool, caller, query, caller.enterprise_id, caller.key, caller.body_hash, *arguments)
    found: Mapping[str, Any] = told
    return found if found["outcome"] in {"ok", "replayed"} else refused(found)


def _agreement(row: asyncpg.Record, tenant: str) -> Agreement:
    return Agreement.of(row["told"], tenant, _usage(row) if row["start"] else None)


def _usage(row: asyncpg.Record) -> Usage:
    return usage(float(row["quota_hours"]), row["start"], row["end"], float(row["used"]))


def _trust(row: asyncpg.Record, name: str) -> Trust:
    counts = Counts.model_validate({field: row[field] for field in Counts.model_fields})
    same = ("at_risk", "disputed", "requests", "answered", "partner_id", "bookings")
    return Trust(
        partner_name=name,
        role="provider" if row["provides"] else "booker",
        due=counts.due,
        counts=counts,
        kept_share=share(counts.kept, counts.due),
        at_risk_share=share(row["at_risk"], row["bookings"]),
        booked_hours=round(row["booked_hours"], 3),
        metered_hours=round(row["metered_hours"], 3),
        answer_s=round(row["answer_s"], 3) if row["answer_s"] is not None else None,
        **{field: row[field] for field in same},
    )
