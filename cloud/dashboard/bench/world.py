"""A plant to look at: fifty machines, and of one of them a year of states, samples, offers and bookings."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg

from cloud import db
from cloud.db import prepare
from cloud.partners.model import Secret
from cloud.telemetry import rollups
from cloud.telemetry.model import Series, micros
from cloud.telemetry.postgres import PostgresSamples
from gateway.clock import Clock

MACHINES = 50
PLANT, AGENT, KEY = "ent_plant", "agt_1", hashlib.sha256(b"bench").digest()
YEAR_MACHINE, SIGNAL = "mch_year", "power"
CHANGES, SAMPLES = 500_000, 10_512_000
YEAR = timedelta(days=365)
TOGETHER = 200_000
"""Samples written at a time."""
_SQL = Path(__file__).parent / "sql" / "year.sql"


@dataclass(frozen=True, slots=True)
class World:
    """`now` is where its year ends; `secrets` are keys that may read it, one a person."""

    now: datetime
    secrets: list[Secret]
    changes: int = CHANGES
    samples: int = SAMPLES

    async def fill(self, dsn: str) -> None:
        """Write it into an empty database, as the superuser whose DSN it is."""
        connection = await asyncpg.connect(dsn, command_timeout=1800)
        try:
            await prepare(connection)
            given = {":now": f"'{self.now.isoformat()}'", ":changes": str(self.changes), ":key": f"'\\x{KEY.hex()}'"}
            await connection.execute(_said(_SQL.read_text(), given))
            columns = ("id", "enterprise_id", "name", "prefix", "hash", "scopes", "created_at")
            rows = [
                (f"key_{number}", PLANT, f"person {number}", each.prefix, each.hash, ["read", "book"], self.now)
                for number, each in enumerate(self.secrets)
            ]
            await connection.copy_records_to_table("api_key", records=rows, columns=columns)
        finally:
            await connection.close()
        await self._measure(dsn)

    async def _measure(self, dsn: str) -> None:
        """A year of one signal, evenly spread; then everything is rolled up as ingest's chores do it."""
        pool = await db.lazy_pool(dsn, size=2, timeout=1800)
        store, step = PostgresSamples(pool), YEAR / self.samples
        first, tick = micros(self.now - YEAR), micros(self.now) - micros(self.now - step)
        for start in range(0, self.samples, TOGETHER):
            numbers = range(start, min(start + TOGETHER, self.samples))
            at = [first + number * tick for number in numbers]
            await store.write([Series(YEAR_MACHINE, SIGNAL, at, [_power(number) for number in numbers])])
        while await rollups.roll(pool, self.now, timedelta(days=800)):
            pass
        pool.terminate()


def world(people: int, share: float = 1.0) -> World:
    """The year that ends now; `share` of its states and samples, for a quick look."""
    now = Clock().now().astimezone(UTC).replace(microsecond=0)
    return World(now, [Secret.new(live=False) for _ in range(people)], int(CHANGES * share), int(SAMPLES * share))


def _power(number: int) -> float:
    """Kilowatts: a day's saw-tooth with a sensor's last digits, and now and then a spike that no chart may lose."""
    return (
        900.0 if number % 1_000_003 == 1_000 else round(4 + (number % 28_800) / 2_880 + number * 7919 % 1000 / 1000, 3)
    )


def _said(text: str, given: dict[str, str]) -> str:
    for name, value in given.items():
        text = text.replace(name, value)
    return text
