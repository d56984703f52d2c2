"""What whoever runs a registry reads when a command cannot do its work: what is wrong, and what to mend."""

import asyncio
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from cloud.cli import app
from gateway.errors import UsageError


def told(*arguments: str, database: str | None = None) -> str:
    environment = {"THIRDSHIFT_DATABASE": database} if database else {}
    ended = CliRunner().invoke(app, list(arguments), env=environment)
    assert isinstance(ended.exception, UsageError), ended.exception
    return str(ended.exception)


COMMANDS = (["verify"], ["parked"], ["enterprise", "create", "m"], ["account", "create", "ada", "--enterprise", "m"])


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_folder_that_was_mistyped_does_not_become_a_registry(command: list[str], tmp_path: Path) -> None:
    folder = tmp_path / "typo"
    asked = [*command, "--provider"] if command[0] == "account" else command
    assert f"no registry in {folder}: name its folder with --data" in told(*asked, "--data", str(folder))
    assert not list(folder.glob("*/*")), "nothing was made in it"


@pytest.mark.parametrize("url", ["mysql://x/y", "db.example:5432", "postgresql://x:y/z"])
def test_an_address_that_is_no_postgresql_is_told_before_anything_is_done(url: str, tmp_path: Path) -> None:
    assert "THIRDSHIFT_DATABASE: Value error" in told("serve", "--data", str(tmp_path), database=url)


@pytest.mark.parametrize("command", ["verify", "migrate"])
def test_who_is_kept_out_is_told_why_and_what_to_mend(command: str, database: Any, tmp_path: Path) -> None:
    nowhere = database.dsn.rpartition("/")[0] + "/nosuch"
    kept_out = told(command, "--data", str(tmp_path), database=nowhere)
    assert 'database "nosuch" does not exist. Mend THIRDSHIFT_DATABASE' in kept_out


async def test_a_database_without_a_schema_and_a_newer_one_are_told(database: Any, tmp_path: Path) -> None:
    owner = await asyncpg.connect(database.dsn)
    try:
        await owner.execute("UPDATE alembic_version SET version_num = '9999'")
        assert "of another version of Thirdshift" in await told_later("migrate", "--data", str(tmp_path), database.dsn)
        await owner.execute("DROP TABLE machine CASCADE")
        assert "no schema yet" in await told_later("verify", "--data", str(tmp_path), database.dsn)
    finally:
        await owner.close()


async def told_later(*given: str) -> str:
    """The commands run a loop of their own."""
    *arguments, database = given
    return await asyncio.to_thread(told, *arguments, database=database)
