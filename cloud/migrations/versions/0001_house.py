"""The whole house: roles, tables, guards, row-level security, and the functions of booking."""

from cloud.booking.model import INITIAL, TRANSITIONS
from cloud.booking.sql import FILES
from cloud.migrations.script import allow, run, run_as_owner

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
    allow("claim", [("NEW", INITIAL), *TRANSITIONS.items()])
