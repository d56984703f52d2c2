"""The same deeds done to PostgreSQL, on one connection, by the statements with which the API and ingest do them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import count
from typing import Any

import asyncpg
from pure_claims import MACHINES, QUARTER, SERVICES, START, at
from pure_market import HELD_FOR, PATIENCE, RETRY, Leg, Wait
from pure_registry import Registry

from cloud.booking import heal, store
from cloud.booking.model import Accepted, Refused, State
from cloud.waiting.store import IN_LINE, LEAVE, SERVE, WAIT
from gateway.capacity import CapacitySpan
from gateway.span import Span

NOBODY = ("ent_b", None, None)
"""The booker, without an idempotency key."""
WORK = {"work_master": "x", "quantity": 1}
WORDS = {
    State.DISPATCHED: ("ts_answer", {"answer": "accepted"}),
    State.DISPLACED: ("ts_answer", {"answer": "conflict"}),
    State.RUNNING: ("ts_report", {"event": "started"}),
    State.COMPLETED: ("ts_report", {"event": "ended"}),
}

CLAIMS = """SELECT id, service_id, machine_id, lower(span) AS start, upper(span) AS "end", quantity, state,
    CASE WHEN state IN ('HELD', 'REQUESTED') THEN expires_at END AS expires_at, extended, at_risk, revision,
    cancel_asked_at IS NOT NULL AS stopping, heal_at, proposal, heals, healed_by, price_amount::float8 AS price,
    free_until, coalesce(late_price, price_amount) AS late_price, cancel_fee
  FROM claim ORDER BY seq"""
PLACES = "SELECT id, state, hold_id FROM waiting ORDER BY seq"


async def arrange(connection: asyncpg.Connection) -> None:
    """Both plants and their machines, and the booker."""
    for name in ("ent_p", "ent_q", "ent_b"):
        await connection.execute("INSERT INTO enterprise VALUES ($1, $1, $2)", name, START)
    await connection.execute("INSERT INTO site VALUES ('site_1', 'ent_p', 's', 'UTC', 0, 0, $1)", START)
    await connection.execute("INSERT INTO agent VALUES ('agt_1', 'ent_p', 'site_1', 'a', 'k', '\\x00', $1)", START)
    for machine, quantity in MACHINES.items():
        await connection.execute(
            "INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, quantity, created_at)"
            " VALUES ($1, $4, 'site_1', 'agt_1', $1, 'x', $2, $3)",
            *(machine, quantity, START, "ent_q" if machine == "mch_2" else "ent_p"),
        )
    for service in SERVICES.values():
        terms = service.terms
        await connection.execute(
            "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount, price_currency,"
            " created_at, notice, min_duration, max_duration, min_confidence, free_cancellation, cancellation_share)"
            " VALUES ($1, $2, $1, 'processing', $3, 'open', $4, 'EUR', $5, $6, $7, $8, $9, $10, $11)",
            *(service.id, service.provider, service.instant, service.rate, START),
            *(terms.notice, terms.min_duration, terms.max_duration, terms.min_confidence, service.free, service.share),
        )
        for position, machine in enumerate(service.machines):
            await connection.execute("INSERT INTO service_machine VALUES ($1, $2, $3)", service.id, machine, position)


@dataclass
class SqlMarket:
    """Each method answers as the one of that name in `pure_market.Market` must; `plain` has the time and the owners."""

    connection: asyncpg.Connection
    plain: Registry
    versions: count = field(default_factory=lambda: count(1))  # type: ignore[type-arg]

    @property
    def now(self) -> datetime:
        return self.plain.now

    async def hold(self, id: str, service: str, wish: Span, quantity: int, quarters: int) -> Refused | None:  # noqa: A002
        what = (id, service, None, wish.start, wish.end, quantity)
        return await self._ask(store.HOLD, *NOBODY, *what, self.now + quarters * QUARTER, 1_000_000, None, self.now)

    async def book(
        self,
        id: str,  # noqa: A002
        service: str,
        wish: Span,
        quantity: int,
        *,
        consent: bool,
    ) -> Refused | None:
        what = (id, None, service, None, wish.start, wish.end, quantity, WORK, _healing(consent))
        return await self._ask(store.BOOK, *NOBODY, *what, self.now, None)

    async def redeem(self, id: str, hold: str, *, consent: bool) -> Refused | None:  # noqa: A002
        what = (id, hold, None, None, None, None, None, WORK, _healing(consent))
        return await self._ask(store.BOOK, *NOBODY, *what, self.now, None)

    async def extend(self, hold: str, quarters: int) -> Refused | None:
        return await self._ask(store.EXTEND, *NOBODY, hold, self.now + quarters * QUARTER, self.now)

    async def release(self, hold: str) -> Refused | None:
        return await self._ask(store.RELEASE, "ent_b", hold, self.now)

    async def amend(self, booking: str, start: datetime | None, end: datetime | None, quantity: int) -> Refused | None:
        return await self._ask(store.AMEND, *NOBODY, booking, start, end, quantity, None, self.now, None)

    async def decide(self, booking: str, to: State) -> Refused | None:
        if to is State.CANCELLED:
            return await self._ask(store.CANCEL, *NOBODY, booking, None, self.now)
        provider = (SERVICES[self.plain.claims[booking].service].provider, None, None)
        if to is State.CONFIRMED:
            return await self._ask(store.CONFIRM, *provider, booking, self.now)
        return await self._ask(store.DECLINE, *provider, booking, None, self.now)

    async def bundle(self, legs: Sequence[Leg], *, whole: bool) -> list[tuple[int, Refused]] | Refused:
        asked = [_leg(*leg) for leg in legs]
        bundle = f"bnd_{legs[0][0]}"
        told = await self.connection.fetchval(store.BOOK_ALL, *NOBODY, bundle, whole, asked, self.now, None)
        if told["outcome"] == "refused":
            return store.refused(told)
        return [(each["leg"], store.refused(each)) for each in told["bundle"]["missed"]]

    async def wait(self, wish: Wait) -> Refused | None:
        what = (wish.id, wish.service, None, wish.span.start, wish.span.end, wish.quarters * QUARTER, wish.quantity)
        told = await self.connection.fetchval(WAIT, *NOBODY, *what, 1_000_000, self.now)
        return store.refused(told) if told["outcome"] == "refused" else None

    async def leave(self, name: str) -> None:
        await self.connection.fetchval(LEAVE, "ent_b", name, self.now)

    async def in_line(self) -> list[str]:
        return [row[0] for row in await self.connection.fetch(IN_LINE, 1_000, 0 * QUARTER, self.now)]

    async def serve(self, name: str, hold: str) -> str | None:
        became: str | None = await self.connection.fetchval(SERVE, name, hold, self.now + HELD_FOR * QUARTER, self.now)
        return became

    async def ailing(self) -> list[str]:
        return [row[0] for row in await self.connection.fetch(heal.AILING, 1_000, PATIENCE, self.now)]

    async def heal(self, booking: str, new: str) -> str:
        became: str = await self.connection.fetchval(heal.HEAL, booking, new, PATIENCE, RETRY, self.now, None)
        return became

    async def accept(self, booking: str, new: str) -> Refused | None:
        return await self._ask(store.ACCEPT, *NOBODY, booking, new, self.now, None)

    async def sweep(self) -> None:
        await self.connection.fetchval(store.EXPIRE, 1_000, self.now)

    async def plant(self, booking: str, to: State) -> str:
        claim = self.plain.claims[booking]
        function, word = WORDS[to]
        said = {"booking": booking, "revision": claim.revision, **word}
        told = await self.connection.fetchval(f"SELECT {function}($1, $2, $3)", claim.machine, said, self.now)
        outcome: str = told["outcome"]
        return outcome

    async def state(self, machine: str, window: Span, said: Sequence[CapacitySpan]) -> list[CapacitySpan]:
        inside = [(part, cut) for part in said if (cut := part.span.intersection(window))]
        message = {
            "v": 1,
            "kind": "statement",
            "machine": machine,
            "version": next(self.versions),
            "issued_at": self.now.isoformat(),
            "valid_until": at(10_000).isoformat(),
            "start": window.start.isoformat(),
            "end": window.end.isoformat(),
            "spans": [_piece(part, cut) for part, cut in inside],
        }
        told = await self.connection.fetchval("SELECT ts_apply_statement($1, $2, $3)", machine, message, self.now)
        assert told["outcome"] == "applied"
        return [CapacitySpan(cut, part.type, part.quantity, part.reason, part.confidence) for part, cut in inside]

    async def _ask(self, query: str, *arguments: object) -> Refused | None:
        told = store.answer(await self.connection.fetchval(query, *arguments))
        return None if isinstance(told, Accepted) else told


def _healing(consent: bool) -> Mapping[str, Any]:
    return {"consent": consent, "max_price": None}


def _leg(name: str, what: str, span: Span | None, quantity: int) -> dict[str, Any]:
    if span is None:
        return {"claim_id": name, "hold_id": what, "work": WORK}
    spanned = {"start": span.start.isoformat(), "end": span.end.isoformat(), "quantity": quantity}
    return {"claim_id": name, "service_id": what, **spanned, "work": WORK}


def _piece(part: CapacitySpan, cut: Span) -> dict[str, Any]:
    return {
        "start": cut.start.isoformat(),
        "end": cut.end.isoformat(),
        "type": part.type,
        "quantity": part.quantity,
        "reason": part.reason,
        "confidence": int(part.confidence),
    }
