"""What every test may ask for: the peers that are not ours. And what none may leave behind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent / "peers"))

pytest_plugins = ("foreign_opcua", "flaky_network", "own_postgres")


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that is run inside a test sets up the log for its whole process: for ours too."""
    yield
    structlog.reset_defaults()
