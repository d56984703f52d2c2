"""Runs .sql files inside a migration step, as ts_owner where they define what ts_owner is to own."""

from collections.abc import Iterable
from pathlib import Path

import sqlalchemy as sa
from alembic import op

SQL = Path(__file__).parent / "sql"


def run(*files: Path | str) -> None:
    """Run each file whole, in the step's transaction; a bare name stands for a file in cloud/migrations/sql."""
    for file in files:
        execute((SQL / file).read_text(encoding="utf-8"))


def run_as_owner(*files: Path | str) -> None:
    """The same, as ts_owner, so that tables and SECURITY DEFINER functions belong to it."""
    op.execute("SET LOCAL ROLE ts_owner")
    run(*files)
    op.execute("RESET ROLE")


def allow(kind: str, moves: Iterable[tuple[str, Iterable[str]]]) -> None:
    """Tell the database the legal moves of that kind; from NEW go the states that one may be born in."""
    table = sa.table("legal_move", sa.column("kind"), sa.column("from_state"), sa.column("to_state"))
    rows = ((str(one), str(to)) for one, targets in moves for to in sorted(targets))
    op.bulk_insert(table, [{"kind": kind, "from_state": one, "to_state": to} for one, to in rows])


def execute(text: str) -> None:
    """Many statements at once, by the simple protocol: asyncpg prepares only single ones."""
    connection = op.get_bind()
    connection.exec_driver_sql("SELECT 1")  # SQLAlchemy opens the transaction at its first own statement
    adapted = connection.connection.dbapi_connection
    adapted.run_async(lambda driver: driver.execute(text))  # type: ignore[union-attr]
