"""The calls of booking: each is one round trip to a SQL function, and answers with a value."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import asyncpg

from cloud.booking.model import Accepted, Answer, Claim, Refused, Together
from cloud.db import as_actor, reaching
from gateway.span import Span

HOLD = "SELECT ts_hold($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)"
BOOK = "SELECT ts_book($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14)"
HOLD_FOR = "SELECT ts_hold($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
BOOK_AGREED = "SELECT ts_book($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)"
"""By an agreement; and for work that makes so many."""
CANCEL = "SELECT ts_cancel($1, $2, $3, $4, $5, $6)"
CONFIRM = "SELECT ts_confirm($1, $2, $3, $4, $5)"
DECLINE = "SELECT ts_decline($1, $2, $3, $4, $5, $6)"
RELEASE = "SELECT ts_release($1, $2, $3)"
EXTEND = "SELECT ts_extend_hold($1, $2, $3, $4, $5, $6)"
AMEND = "SELECT ts_amend($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
BOOK_ALL = "SELECT ts_book_all($1, $2, $3, $4, $5, $6, $7, $8)"
CANCEL_BUNDLE = "SELECT ts_cancel_bundle($1, $2, $3, $4, $5, $6)"
ACCEPT = "SELECT ts_accept($1, $2, $3, $4, $5, $6, $7)"
EXPIRE = "SELECT ts_expire($1, $2)"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who calls, and when (business time); the idempotency key with the SHA-256 of the call's body: no key, no replay.

    A machine counts as fresh that was heard of after `fresh_after`: on any other, an instant service asks the provider.
    `actor`: who acts in the enterprise's name, for the audit trail (cloud.audit.model.actor).
    """

    enterprise_id: str
    now: datetime
    key: str | None = None
    body_hash: bytes | None = None
    fresh_after: datetime | None = None
    actor: str = ""


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted of a service: `quantity` units over a span, on one machine or on any that is free; by which
    agreement it is called off; and, for the price of a hold, how many units the work will make.
    """

    service_id: str
    span: Span
    quantity: int = 1
    machine_id: str | None = None
    agreement_id: str | None = None
    work_quantity: int | None = None


@dataclass(frozen=True, slots=True)
class Quota:
    """How many holds an enterprise may have at once, and how many each of its keys and people; None for any number."""

    most: int
    most_own: int | None = None


USUAL = Quota(100)


@dataclass(frozen=True, slots=True)
class Change:
    """What an amendment changes; None leaves it as it is."""

    start: datetime | None = None
    end: datetime | None = None
    quantity: int | None = None
    work: Mapping[str, Any] | None = None


async def hold(  # noqa: PLR0913 - who, what, until when
    pool: asyncpg.Pool, caller: Caller, claim_id: str, wish: Wish, expires_at: datetime, *, quota: Quota = USUAL
) -> Answer:
    """Reserve until `expires_at` (business time), as far as the quota goes. Raises DatabaseAway, as all of these do."""
    what = (wish.service_id, wish.machine_id, wish.span.start, wish.span.end, wish.quantity)
    asked = (claim_id, *what, expires_at, quota.most, quota.most_own, caller.now)
    if wish.agreement_id or wish.work_quantity:
        return await _ask(pool, caller, HOLD_FOR, *asked, wish.agreement_id, wish.work_quantity or 0)
    return await _ask(pool, caller, HOLD, *asked)


async def book(  # noqa: PLR0913, PLR0917 - who, what, for which work, and what to do should it fall through
    pool: asyncpg.Pool,
    caller: Caller,
    claim_id: str,
    wish: Wish | str,
    work: Mapping[str, Any],
    healing: Mapping[str, Any] | None = None,
) -> Answer:
    """Book a wish, or the hold of that id. `work` names at least its `work_master`; `healing` as in wire.Healing."""
    what: tuple[object, ...]
    match wish:
        case Wish():
            what = (None, wish.service_id, wish.machine_id, wish.span.start, wish.span.end, wish.quantity)
        case hold_id:
            what = (hold_id, None, None, None, None, None)
    asked = (claim_id, *what, work, healing, caller.now, caller.fresh_after)
    if isinstance(wish, Wish) and wish.agreement_id:
        return await _ask(pool, caller, BOOK_AGREED, *asked, wish.agreement_id)
    return await _ask(pool, caller, BOOK, *asked)


async def cancel(pool: asyncpg.Pool, caller: Caller, claim_id: str, reason: str | None) -> Answer:
    """Either side calls the booking off; what the edge has in hand, it is told to drop."""
    return await _ask(pool, caller, CANCEL, claim_id, reason, caller.now)


async def confirm(pool: asyncpg.Pool, caller: Caller, claim_id: str) -> Answer:
    """The provider takes a request on; the order goes to the edge."""
    return await _ask(pool, caller, CONFIRM, claim_id, caller.now)


async def decline(pool: asyncpg.Pool, caller: Caller, claim_id: str, reason: str | None) -> Answer:
    """The provider turns a request down."""
    return await _ask(pool, caller, DECLINE, claim_id, reason, caller.now)


async def extend(pool: asyncpg.Pool, caller: Caller, hold_id: str, expires_at: datetime) -> Answer:
    """Let a hold run until `expires_at` (business time); once."""
    return await _ask(pool, caller, EXTEND, hold_id, expires_at, caller.now)


async def amend(pool: asyncpg.Pool, caller: Caller, claim_id: str, change: Change) -> Answer:
    """Change a booking in place. More than was booked is admitted as a new booking would be."""
    what = (change.start, change.end, change.quantity, change.work)
    return await _ask(pool, caller, AMEND, claim_id, *what, caller.now, caller.fresh_after)


async def book_all(
    pool: asyncpg.Pool, caller: Caller, bundle_id: str, legs: Sequence[Mapping[str, Any]], *, whole: bool
) -> Together | Refused:
    """Book these legs in one transaction: all or, unless `whole`, those that fit; see bundle.legs_json."""
    what = (bundle_id, whole, legs, caller.now, caller.fresh_after)
    return await _ask_all(pool, caller, BOOK_ALL, *what)


async def cancel_all(pool: asyncpg.Pool, caller: Caller, bundle_id: str, reason: str | None) -> Together | Refused:
    """Call off what can still be called off of a bundle."""
    return await _ask_all(pool, caller, CANCEL_BUNDLE, bundle_id, reason, caller.now)


async def accept(pool: asyncpg.Pool, caller: Caller, claim_id: str, new_id: str) -> Answer:
    """Take the equal capacity elsewhere that is proposed for a booking; the booking `new_id` takes its place."""
    return await _ask(pool, caller, ACCEPT, claim_id, new_id, caller.now, caller.fresh_after)


async def release(pool: asyncpg.Pool, caller: Caller, hold_id: str) -> Answer:
    """Give a hold back; giving it back twice is no error."""
    async with reaching():
        told = await call(pool, caller, RELEASE, caller.enterprise_id, hold_id, caller.now)
    return answer(told)


async def expire(pool: asyncpg.Pool, now: datetime, limit: int = 500) -> int:
    """End holds and requests that ran out; how many. They take nothing before that either: this is to tell people."""
    async with reaching():
        ended: int = await pool.fetchval(EXPIRE, limit, now)
    return ended


def answer(told: Mapping[str, Any]) -> Answer:
    """The value of what a function of booking returned."""
    if told["outcome"] in {"ok", "replayed"}:
        return Accepted(Claim.of(told["claim"]), told["status"], replayed=told["outcome"] == "replayed")
    return refused(told)


async def call(pool: asyncpg.Pool, caller: Caller, query: str, *arguments: object) -> Any:
    """What the function answers that `query` calls with these arguments; its transaction says who acts."""
    if not caller.actor:
        return await pool.fetchval(query, *arguments)
    return await pool.fetchval(as_actor(query, len(arguments) + 1), *arguments, caller.actor)


async def _ask(pool: asyncpg.Pool, caller: Caller, query: str, *arguments: object) -> Answer:
    async with reaching():
        told = await call(pool, caller, query, *_who(caller), *arguments)
    return answer(told)


async def _ask_all(pool: asyncpg.Pool, caller: Caller, query: str, *arguments: object) -> Together | Refused:
    async with reaching():
        told = await call(pool, caller, query, *_who(caller), *arguments)
    if told["outcome"] not in {"ok", "replayed"}:
        return refused(told)
    found = told["bundle"]
    claims = tuple(map(Claim.of, found["claims"]))
    missed = tuple((each["leg"], refused(each)) for each in found["missed"])
    return Together(found["id"], found["whole"], datetime.fromisoformat(found["created_at"]), claims, missed)


def refused(told: Mapping[str, Any]) -> Refused:
    """The refusal that a function of booking returned."""
    facts = dict(told["refusal"])
    return Refused(facts.pop("code"), told["status"], facts)


def _who(caller: Caller) -> tuple[str, str | None, bytes | None]:
    return caller.enterprise_id, caller.key, caller.body_hash
