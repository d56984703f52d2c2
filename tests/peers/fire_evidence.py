"""A post under fire seen from outside: what the log says, what the registry has, what the outbox still holds."""

import shutil
import sqlite3
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import asyncpg

from gateway.demo.generate import Plan, Report, generate

REAL_LOG = Path(__file__).parents[2] / "../shared/data/jobshop-2012/reports.csv"

STATES = {
    "idle": ("NotExecuting", "Processing"),
    "setup": ("NotExecuting", "Setup"),
    "production": ("Executing", "Processing"),
    "breakdown": ("OutOfService", "Processing"),
}
"""What the profile `replay` makes of a report, written down a second time so that a mistake there would show."""

Change = tuple[datetime, str, str]
"""When, ItemState, OperationMode."""


def changes(moments: Sequence[object]) -> list[Change]:
    """What a machine's log says that it did: a change wherever state or mode is another than before."""
    found: list[Change] = []
    for moment in moments:
        state, mode = STATES[moment.values["report"]]  # type: ignore[attr-defined]
        if not found or found[-1][1:] != (state, mode):
            found.append((moment.at, state, mode))  # type: ignore[attr-defined]
    return found


async def history(dsn: str) -> dict[str, list[Change]]:
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, asyncpg.PostgresError):
        return {}
    rows = await connection.fetch(
        "SELECT m.name, h.at, h.state, h.mode FROM state_history h JOIN machine m ON m.id = h.machine_id"
        " ORDER BY m.name, h.epoch, h.seq"
    )
    await connection.close()
    found: dict[str, list[Change]] = {}
    for name, at, state, mode in rows:
        found.setdefault(name, []).append((at, state, mode))
    return found


@dataclass(frozen=True)
class Seen:
    """An outbox looked into: state messages without acknowledgement, and how far each machine's log was told."""

    unacknowledged: int = 0
    cursors: Mapping[str, str] = field(default_factory=dict)


def look(folder: Path) -> Seen:
    """Looks at a copy, as the agent has its outbox locked; SQLite recovers the copy as after a crash."""
    source = folder / "data" / "outbox.sqlite"
    with tempfile.TemporaryDirectory() as scratch:
        for suffix in ("", "-wal"):
            part = source.with_name(source.name + suffix)
            if part.exists():
                shutil.copy(part, Path(scratch) / part.name)
        copy = sqlite3.connect(Path(scratch) / source.name)
        try:
            waiting = copy.execute(
                "SELECT count(*) FROM item WHERE payload IS NOT NULL AND stream = 'state'"
            ).fetchone()[0]
            rows = copy.execute(
                "SELECT name, body FROM document WHERE kind = 'cursor' AND name LIKE 'source/%'"
            ).fetchall()
        except sqlite3.DatabaseError:
            return Seen()
        finally:
            copy.close()
    return Seen(waiting, {name.removeprefix("source/"): body.decode() for name, body in rows})


async def register(dsn: str, agent: str, key: bytes) -> None:
    now, connection = datetime.now(UTC), await asyncpg.connect(dsn)
    await connection.execute("INSERT INTO enterprise VALUES ('ent_fire', 'Plant', $1)", now)
    await connection.execute(
        "INSERT INTO site (id, enterprise_id, name, zone, created_at)"
        " VALUES ('site_fire', 'ent_fire', 'Hall', 'UTC', $1)",
        now,
    )
    await connection.execute(
        "INSERT INTO agent (id, enterprise_id, site_id, name, key_id, key, created_at)"
        " VALUES ($1, 'ent_fire', 'site_fire', 'agent', 'k1', $2, $3)",
        *(agent, key, now),
    )
    await connection.close()


def log_file(folder: Path) -> Path:
    """The real job shop's log; where that is not at hand, one made from its statistics."""
    if REAL_LOG.exists():
        return REAL_LOG.resolve()
    reports = generate(Plan(13, datetime.fromisoformat("2012-01-02"), datetime.fromisoformat("2012-03-31")))
    path = folder / "generated.csv"
    path.write_text("\n".join([Report.HEADER, *(report.row() for report in reports)]) + "\n")
    return path
