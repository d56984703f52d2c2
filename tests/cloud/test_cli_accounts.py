"""The operator makes the first account on the command line; the password is not among the arguments."""

from typing import Any

import orjson
import pytest
from typer.testing import CliRunner, Result

from cloud.cli import app
from gateway.errors import UsageError

GOOD = "correct horse battery"


@pytest.fixture
def run(database: Any) -> Any:
    environment = {"THIRDSHIFT_DATABASE": database.dsn, "COLUMNS": "200", "TERM": "dumb"}

    def command(*arguments: str, typed: str = "") -> Result:
        return CliRunner().invoke(app, list(arguments), input=typed, env=environment)

    assert command("enterprise", "create", "maker").exit_code == 0
    return command


def test_an_account_is_made_with_the_password_that_is_typed(run: Any) -> None:
    told = run("account", "create", "ada@example.com", "--enterprise", "maker", "--json", typed=GOOD + "\n")
    made = orjson.loads(told.stdout)
    assert (told.exit_code, made["name"], made["role"], made["password"]) == (0, "ada@example.com", "admin", True)
    told = run("account", "create", "grace", "--enterprise", "maker", "--role", "viewer", "--provider", "--json")
    assert orjson.loads(told.stdout)["password"] is False


@pytest.mark.parametrize(
    ("name", "enterprise", "typed", "said"),
    [("ada", "nobody", GOOD, "no enterprise"), ("ada", "maker", "short", "password"), (" ", "maker", GOOD, "name")],
)
def test_what_cannot_be_made_is_said_without_the_password(
    run: Any, name: str, enterprise: str, typed: str, said: str
) -> None:
    told = run("account", "create", name, "--enterprise", enterprise, typed=typed + "\n")
    assert isinstance(told.exception, UsageError)
    assert said in str(told.exception)
    assert typed not in str(told.exception)
