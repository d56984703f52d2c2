"""The commands say what a user has to know before using them."""

import pytest
from typer.testing import CliRunner

from cloud.cli import app


@pytest.mark.parametrize("command", ["serve", "api", "ingest", "migrate"])
def test_where_a_database_can_be_given_its_password_is_kept_off_the_command_line(command: str) -> None:
    told = CliRunner().invoke(app, [command, "--help"], env={"COLUMNS": "200", "TERM": "dumb"})
    assert "THIRDSHIFT_DATABASE" in told.output
