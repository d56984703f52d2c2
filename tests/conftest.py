"""What every test may ask for: the peers that are not ours. And what none may leave behind."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog

sys.path.insert(0, str(Path(__file__).parent / "peers"))

LONGEST = ("story", "integration", "edge/sources/test_opcua_supervision", "gateway/simulator")
"""Where the longest tests are. They are begun first: begun last, one process would run them while the others idle."""

pytest_plugins = (
    "foreign_opcua",
    "foreign_mqtt",
    "foreign_mtconnect",
    "foreign_modbus",
    "foreign_openid",
    "axe",
    "flaky_network",
    "own_postgres",
    "foreign_stores",
)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """A command that is run inside a test sets up the log for its whole process: for ours too."""
    yield
    structlog.reset_defaults()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = Path(__file__).parent

    def turn(item: pytest.Item) -> int:
        place = item.path.relative_to(here).as_posix() if item.path.is_relative_to(here) else ""
        return next((rank for rank, each in enumerate(LONGEST) if place.startswith(each)), len(LONGEST))

    items.sort(key=turn)
