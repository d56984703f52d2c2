"""Brings a database to the newest schema, and gives its roles their passwords."""

from collections.abc import Mapping
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.errors import UsageError


async def upgrade(dsn: str, passwords: Mapping[str, str]) -> None:
    """One at a time: a second process waits for the first, and then finds nothing to do."""
    engine = create_async_engine("postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn))
    try:
        async with engine.connect() as connection:
            await connection.execute(text("SELECT pg_advisory_lock(hashtextextended('thirdshift migrate', 0))"))
            await connection.commit()
            await connection.run_sync(_upgrade)
            for role, password in passwords.items():
                await connection.run_sync(_set_password, role, password)
            await connection.commit()
    finally:
        await engine.dispose()


def _upgrade(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.attributes["connection"] = connection
    try:
        command.upgrade(config, "heads")
    except CommandError as error:
        msg = f"the database is of another version of Thirdshift, probably a newer one ({error}): run that"
        raise UsageError(msg) from error


def _set_password(connection: Connection, role: str, password: str) -> None:
    """ALTER ROLE takes no parameters, so the server itself quotes them."""
    statement = connection.execute(
        text("SELECT format('ALTER ROLE %I PASSWORD %L', CAST(:role AS text), CAST(:password AS text))"),
        {"role": role, "password": password},
    ).scalar_one()
    connection.exec_driver_sql(statement)
