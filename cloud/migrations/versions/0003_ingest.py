"""What ingest needs: positions that stay small, and the ends of jobs that nobody reports."""

from cloud.migrations.script import run_as_owner

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_as_owner("0003_ingest.sql")
