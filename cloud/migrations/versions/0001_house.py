"""The whole house: roles, tables, guards, row-level security, and the functions of booking."""

import sqlalchemy as sa
from alembic import op

from cloud.booking.model import INITIAL, TRANSITIONS
from cloud.booking.sql import FILES
from cloud.migrations.script import run, run_as_owner

revision = "0001"
down_revision = None

TABLES = (
    "0001_registry.sql",
    "0001_ledger.sql",
    "0001_post.sql",
    "0001_guards.sql",
    "0001_policies.sql",
    "0001_reading.sql",
)


def upgrade() -> None:
    run("0001_roles.sql")
    run_as_owner(*TABLES, *FILES)
    born = [{"from_state": "NEW", "to_state": state} for state in sorted(INITIAL)]
    moves = [{"from_state": one, "to_state": to} for one, targets in TRANSITIONS.items() for to in sorted(targets)]
    table = sa.table("claim_transition", sa.column("from_state"), sa.column("to_state"))
    op.bulk_insert(table, born + moves)
