"""An outbox on a file that a test may close, open again, copy and fill."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.outbox import Caps, Outbox

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)
Opener = Callable[..., Outbox]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "outbox.sqlite"


@pytest.fixture
def opened(path: Path) -> Iterator[Opener]:
    """Open the outbox; whatever a test has left open is closed at its end."""
    outboxes: list[Outbox] = []

    def opener(caps: Caps | None = None, at: datetime = NOW) -> Outbox:
        outboxes.append(Outbox(path, now=lambda: at, caps=caps))
        return outboxes[-1]

    yield opener
    for outbox in outboxes:
        outbox.close()
