"""What ingest needs: samples that can be replayed, and positions that stay small."""

from cloud.migrations.script import run_as_owner

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    run_as_owner("0003_ingest.sql")
