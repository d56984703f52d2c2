"""Makes the store of samples that the settings name, for who writes and for who reads."""

from collections.abc import Callable

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


def readers(settings: Settings, connections: asyncpg.Pool) -> Callable[[str], SampleReader]:
    """What gives a tenant its reader. An engine knows no tenants: ask it of the tenant's own machines alone."""
    kind, place = parse(settings.telemetry, settings.telemetry_token or "")
    if place is None:
        return lambda tenant: tenants(connections, tenant)
    engine = _engine(kind, place)
    return lambda _: engine


def _engine(kind: str, place: Place) -> InfluxSamples | VictoriaSamples:
    writer, reader = ClientWriter(place), Reader(place)
    return InfluxSamples(writer, reader, place.bucket) if kind == "influx" else VictoriaSamples(writer, reader)
