"""What can go wrong with the outbox's file, and SQLite's own words for it translated in one place."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from gateway.errors import GatewayError


class OutboxFull(GatewayError):
    """Statements and states fill their hard limit: stop selling, say so, and try again after acknowledgements."""

    code = "outbox.full"
    retryable = True


class OutboxUnavailable(GatewayError):
    """The file can't be written now: disk full, read-only, an I/O error, or another process has it open."""

    code = "outbox.unavailable"
    retryable = True


class OutboxDamaged(GatewayError):
    """The file is no database, or a broken one, or one of a later version."""

    code = "outbox.damaged"


@contextmanager
def translated(path: Path) -> Iterator[None]:
    """Raise SQLite's errors as ours, naming the file and what to do."""
    try:
        yield
    except sqlite3.OperationalError as error:
        msg = f"outbox {path}: {error}; free or mount its disk, or stop the other process that uses it"
        raise OutboxUnavailable(msg) from error
    except sqlite3.DatabaseError as error:
        msg = f"outbox {path}: {error}; restore it from a copy, or move it away to start empty with a full resync"
        raise OutboxDamaged(msg) from error
