"""What the two sides say to a meter: each is one round trip to a SQL function."""

from decimal import Decimal

import asyncpg

from cloud.booking.model import Answer
from cloud.booking.store import Caller, answer, call
from cloud.db import reaching

SETTLE = "SELECT ts_settle($1, $2, $3, $4, $5, $6)"
DISPUTE = "SELECT ts_dispute($1, $2, $3, $4, $5, $6, $7)"


async def settle(pool: asyncpg.Pool, caller: Caller, claim_id: str, due: Decimal | None = None) -> Answer:
    """Accept what is due, or what the other side proposes instead, which `due` must name. Raises DatabaseAway."""
    async with reaching():
        who = (caller.enterprise_id, caller.key, caller.body_hash)
        return answer(await call(pool, caller, SETTLE, *who, claim_id, due, caller.now))


async def dispute(pool: asyncpg.Pool, caller: Caller, claim_id: str, reason: str, due: Decimal | None) -> Answer:
    """Say no, why, and what would be right. Raises DatabaseAway."""
    async with reaching():
        who = (caller.enterprise_id, caller.key, caller.body_hash)
        return answer(await call(pool, caller, DISPUTE, *who, claim_id, reason, due, caller.now))
