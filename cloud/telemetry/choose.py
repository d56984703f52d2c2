"""Makes the store of samples that the settings name, for who writes and for who reads."""

import asyncio
import time

import asyncpg

from cloud.config import Settings
from cloud.telemetry.engine import ClientWriter, Reader
from cloud.telemetry.influx import InfluxSamples
from cloud.telemetry.model import SampleReader, SampleStore, Standing, StoreAway
from cloud.telemetry.place import Place, parse
from cloud.telemetry.postgres import PostgresSamples, tenants
from cloud.telemetry.victoria import VictoriaSamples

FRESH, PATIENCE = 2.0, 2.0
"""Real seconds for which the store's word is good, and in which it must answer when asked how it is."""


def store(settings: Settings, connections: asyncpg.Pool) -> SampleStore:
    """The store, on these connections where it is PostgreSQL. Connects to nothing yet."""
    kind, place = parse(settings.telemetry, settings.telemetry_token or "")
    return _engine(kind, place) if place else PostgresSamples(connections)


class Shelf:
    """The store for who reads: each tenant has a reader. An engine knows no tenants: ask it of their machines alone."""

    def __init__(self, settings: Settings, connections: asyncpg.Pool) -> None:
        kind, place = parse(settings.telemetry, settings.telemetry_token or "")
        self._engine = _engine(kind, place) if place else None
        self._connections = connections
        self._asked = float("-inf")
        self._asking: asyncio.Future[Standing] | None = None
        self.trails = self._engine.trails if self._engine else PostgresSamples.trails
        self.name = self._engine.name if self._engine else PostgresSamples.name

    def of(self, tenant: str) -> SampleReader:
        return self._engine or tenants(self._connections, tenant)

    async def standing(self) -> Standing:
        """What the store says of itself, asked at most every `FRESH` seconds. Raises StoreAway, DatabaseAway."""
        if time.monotonic() - self._asked > FRESH or self._asking is None:
            self._asked = time.monotonic()
            self._asking = asyncio.ensure_future(self._ask())
        return await asyncio.shield(self._asking)

    async def _ask(self) -> Standing:
        reader = self._engine or PostgresSamples(self._connections)
        try:
            return await asyncio.wait_for(reader.standing(), PATIENCE)
        except TimeoutError as error:
            msg = f"the store of samples has not answered within {PATIENCE:g} s"
            raise StoreAway(msg) from error

    async def close(self) -> None:
        if self._engine:
            await self._engine.close()


def _engine(kind: str, place: Place) -> InfluxSamples | VictoriaSamples:
    writer, reader = ClientWriter(place), Reader(place)
    return InfluxSamples(writer, reader, place.bucket) if kind == "influx" else VictoriaSamples(writer, reader)
