"""Operations: what came in by the minute, what senders said they still hold, what was thrown away at the door."""

from cloud.migrations.script import run_as_owner

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    run_as_owner("0008_operations.sql")
