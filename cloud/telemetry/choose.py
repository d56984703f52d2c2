"""Makes the store of samples that the settings name, for who writes and for who reads."""

import asyncpg

from cloud.config import Settings
from cloud.telemetry.engine import ClientWriter, Reader
from cloud.telemetry.influx import InfluxSamples
from cloud.telemetry.model import SampleReader, SampleStore
from cloud.telemetry.place import Place, parse
from cloud.telemetry.postgres import PostgresSamples, tenants
from cloud.telemetry.victoria import VictoriaSamples


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
        self.name = self._engine.name if self._engine else PostgresSamples.name

    def of(self, tenant: str) -> SampleReader:
        return self._engine or tenants(self._connections, tenant)

    async def close(self) -> None:
        if self._engine:
            await self._engine.close()


def _engine(kind: str, place: Place) -> InfluxSamples | VictoriaSamples:
    writer, reader = ClientWriter(place), Reader(place)
    return InfluxSamples(writer, reader, place.bucket) if kind == "influx" else VictoriaSamples(writer, reader)
