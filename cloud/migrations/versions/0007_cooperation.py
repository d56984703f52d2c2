"""Cooperation: agreements, inquiries with their quotes, trust figures; and the guards of their states."""

from cloud.cooperation.sql import FILES
from cloud.cooperation.states import TABLES
from cloud.migrations.script import allow, run_as_owner

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    run_as_owner(*FILES)
    for kind, moves in TABLES.items():
        allow(kind, moves.items())
