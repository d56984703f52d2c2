"""Cooperation: agreements, inquiries with their quotes, trust figures; and the guards of their states."""

import sqlalchemy as sa
from alembic import op

from cloud.cooperation.sql import FILES
from cloud.cooperation.states import TABLES
from cloud.migrations.script import run_as_owner

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_as_owner(*FILES)
    columns = ("kind", "from_state", "to_state")
    table = sa.table("cooperation_transition", *(sa.column(name) for name in columns))
    moves = [
        dict(zip(columns, (kind, str(one), str(to)), strict=True))
        for kind, moves in TABLES.items()
        for one, targets in moves.items()
        for to in sorted(targets)
    ]
    op.bulk_insert(table, moves)
