"""The audit trail: who did what when to which object."""

from cloud.migrations.script import run_as_owner

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    run_as_owner("0006_audit.sql")
