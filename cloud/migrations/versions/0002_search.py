"""Search: what a caller could book, across tenants."""

from cloud.migrations.script import run_as_owner

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    run_as_owner("0002_listing.sql", "0002_search.sql")
