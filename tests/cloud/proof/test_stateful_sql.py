"""Two thousand steps on PostgreSQL: after each it has what the plain values have, and in the end its accounts agree."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from typing import Any, ClassVar

import asyncpg
import pytest
from deeds import Deeds
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import invariant, run_state_machine_as_test
from pure_claims import Claim
from sql_market import CLAIMS, PLACES, SqlMarket, arrange

from cloud import db
from cloud.booking.audit import audit

STEPS = 2_000
SETTINGS = settings(
    max_examples=21,
    phases=[Phase.generate],
    stateful_step_count=100,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)


class Twins(Deeds):
    """Each deed is done to the plain values and to the database: both must answer alike, and come to have the same."""

    runner: ClassVar[asyncio.Runner]
    connection: ClassVar[asyncpg.Connection]
    done: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        # One snapshot for all of it, as the audit wants; nothing else is going on in this database.
        self.transaction = self.connection.transaction(isolation="repeatable_read")
        self.runner.run(self.transaction.start())
        self.runner.run(arrange(self.connection))
        self.sql = SqlMarket(self.connection, self.market)

    def do(self, name: str, *arguments: Any, **more: Any) -> Any:
        told = self.runner.run(getattr(self.sql, name)(*arguments, **more))
        expected = getattr(self.market, name)(*arguments, **more)
        assert (set(told) if isinstance(expected, set) else told) == expected, name
        self.done[name] += 1
        return told

    @invariant()
    def both_have_the_same(self) -> None:
        self.done["step"] += 1
        self.forget_the_refused()
        rows = self.runner.run(self.connection.fetch(CLAIMS))
        assert {row["id"]: dict(row) for row in rows} == {name: _row(c) for name, c in self.market.claims.items()}
        places = self.runner.run(self.connection.fetch(PLACES))
        assert [tuple(row) for row in places] == [(w.id, w.state, w.hold) for w in self.market.line.values()]

    def teardown(self) -> None:
        try:
            assert self.runner.run(audit(self.connection)) == []
        finally:
            self.runner.run(self.transaction.rollback())


def _row(claim: Claim) -> dict[str, Any]:
    return {
        "id": claim.id,
        "service_id": claim.service,
        "machine_id": claim.machine,
        "start": claim.span.start,
        "end": claim.span.end,
        "quantity": claim.quantity,
        "state": claim.state,
        "expires_at": claim.expires_at if claim.waits else None,
        "extended": claim.extended,
        "at_risk": claim.at_risk,
        "revision": claim.revision,
        "stopping": claim.stopping,
        "heal_at": claim.heal_at,
        "proposal": _proposal(claim),
        "heals": claim.heals,
        "healed_by": claim.healed_by,
        "price": claim.price,
        "free_until": claim.calling_off.free_until,
        "late_price": claim.calling_off.price,
        "cancel_fee": claim.fee,
    }


def _proposal(claim: Claim) -> dict[str, Any] | None:
    if claim.proposal is None:
        return None
    service, machine, price = claim.proposal
    provider = "ent_q" if machine == "mch_2" else "ent_p"
    cost = {"amount": f"{price:.2f}", "currency": "EUR"}
    return {"service_id": service, "provider_id": provider, "machine_id": machine, "price": cost}


@pytest.fixture
def connected(database: Any) -> Iterator[type[Twins]]:
    with asyncio.Runner() as runner:
        Twins.runner = runner
        Twins.connection = runner.run(_connect(database.dsn))
        Twins.done.clear()
        yield Twins
        runner.run(Twins.connection.close())


async def _connect(dsn: str) -> asyncpg.Connection:
    connection = await asyncpg.connect(dsn)
    await db.prepare(connection)
    return connection


def test_the_database_does_what_the_plain_values_say_through_any_history(connected: type[Twins]) -> None:
    while connected.done["step"] < STEPS:
        run_state_machine_as_test(connected, settings=SETTINGS)
