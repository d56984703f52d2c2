"""Accounts: people who log in with a password, or through an identity provider."""

from cloud.migrations.script import run_as_owner

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    run_as_owner("0005_accounts.sql")
