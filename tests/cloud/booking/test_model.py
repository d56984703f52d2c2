"""The table of states: every legal move is made, every illegal one raises and changes nothing, in Python and in SQL."""

from itertools import product

import asyncpg
import pytest

from cloud.booking.model import INITIAL, LIVE, TRANSITIONS, State, move
from cloud.errors import IllegalMove

PAIRS = list(product(State, State))


def test_every_state_stands_in_the_table():
    assert set(TRANSITIONS) == set(State)


def test_every_state_can_be_reached():
    reached, todo = set(), set(INITIAL)
    while todo:
        reached |= todo
        todo = {target for state in todo for target in TRANSITIONS[state]} - reached
    assert reached == set(State)


def test_nothing_comes_back_to_life():
    assert not [(one, to) for one, targets in TRANSITIONS.items() for to in targets if one not in LIVE and to in LIVE]


@pytest.mark.parametrize(("current", "target"), PAIRS)
def test_a_move_is_made_or_raises(current, target):
    if target in TRANSITIONS[current]:
        assert move(current, target) is target
    else:
        with pytest.raises(IllegalMove, match=f"from {current} to {target}"):
            move(current, target)


@pytest.fixture
async def in_any_state(world, hours):
    """Puts one booking's row into any state, behind the guard's back."""
    claim = (await world.book("svc_a", hours(1, 2))).claim

    async def put(connection, state):
        await connection.execute("ALTER TABLE claim DISABLE TRIGGER claim_moved")
        await connection.execute(
            "UPDATE claim SET state = $2, expires_at = created_at, meter = '{}', settlement = '{}' WHERE id = $1",
            claim.id,
            str(state),
        )
        await connection.execute("ALTER TABLE claim ENABLE TRIGGER claim_moved")
        return claim.id

    return put


async def test_the_database_makes_the_same_moves_and_no_others(world, in_any_state):
    async with world.owner.acquire() as connection:
        for current, target in PAIRS:
            if current is target:
                continue
            claim = await in_any_state(connection, current)
            error = None
            try:
                await connection.execute("UPDATE claim SET state = $2 WHERE id = $1", claim, str(target))
            except asyncpg.PostgresError as raised:
                error = raised.sqlstate
            legal = target in TRANSITIONS[current]
            state = await connection.fetchval("SELECT state FROM claim WHERE id = $1", claim)
            assert (error, state) == (None if legal else "TS001", target if legal else current)


async def test_a_claim_can_not_be_born_later_in_life(world, hours):
    claim = (await world.book("svc_a", hours(1, 2))).claim
    copy = (
        "INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state, work,"
        " meter, price_amount, price_currency, created_at, updated_at) SELECT 'bkg_copy', machine_id, service_id,"
        " provider_id, booker_id, span, quantity, false, $2, work, '{}', price_amount, price_currency, created_at,"
        " updated_at FROM claim WHERE id = $1"
    )
    for state in sorted(set(State) - INITIAL):
        with pytest.raises(asyncpg.PostgresError) as caught:
            await world.owner.execute(copy, claim.id, str(state))
        assert caught.value.sqlstate == "TS001"


async def test_accounts_can_not_be_changed_even_by_the_superuser(world, hours):
    await world.book("svc_a", hours(1, 2))
    for table in ("ledger", "claim_history"):
        for change in ("UPDATE {} SET at = at", "DELETE FROM {}"):
            with pytest.raises(asyncpg.PostgresError) as caught:
                await world.owner.execute(change.format(table))
            assert caught.value.sqlstate == "TS002"
