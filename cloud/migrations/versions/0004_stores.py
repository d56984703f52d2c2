"""Stores: samples in numbered series, and rollups of samples, states and the ledger."""

from cloud.migrations.script import run_as_owner
from cloud.telemetry.sql import ROLLUP

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    run_as_owner("0004_stores.sql", ROLLUP)
