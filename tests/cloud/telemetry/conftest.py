"""Every store there is, behind one fixture; each test has machines of its own, as the engines outlive it."""

import asyncio
import itertools
import urllib.request
import uuid
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from foreign_stores import OldWriter

from cloud.telemetry.engine import ClientWriter, Place, Reader
from cloud.telemetry.influx import InfluxSamples
from cloud.telemetry.memory import MemorySamples
from cloud.telemetry.model import Sample, SampleStore, Value, gathered
from cloud.telemetry.postgres import PostgresSamples
from cloud.telemetry.victoria import VictoriaSamples
from gateway.machine import Quality
from gateway.span import Span

AT = datetime(2024, 3, 3, 23, 59, 30, tzinfo=UTC)
"""Long ago, as VictoriaMetrics takes nothing that lies more than two days ahead of its own clock."""
WHOLE = Span(AT - timedelta(days=400), AT + timedelta(days=400))
_run = uuid.uuid4().hex[:6]
_numbers = itertools.count(1)


@dataclass
class Shop:
    """A store, and a machine that nobody else has. `exact`: it keeps texts, every µs and the last of two values."""

    store: SampleStore
    exact: bool
    machine: str
    url: str = ""

    def sample(
        self, seconds: float, value: Value, signal: str = "power", quality: Quality = Quality.GOOD, machine: str = ""
    ) -> Sample:
        return Sample(machine or self.machine, signal, AT + timedelta(seconds=seconds), value, quality)

    async def write(self, *samples: Sample) -> None:
        await self.store.write(gathered(samples))

    async def read(self, signal: str = "power", span: Span = WHOLE) -> Sequence[Sample]:
        """What is there. VictoriaMetrics would take a second or more until it shows what it acknowledged."""
        if self.url:
            await asyncio.to_thread(urllib.request.urlopen, self.url + "/internal/force_flush")
        return await self.store.read(self.machine, signal, span)

    async def values(self, signal: str = "power", span: Span = WHOLE) -> list[Value]:
        return [sample.value for sample in await self.read(signal, span)]


KINDS = ("memory", "postgres", "influx", "victoria", "influx_other")


@pytest.fixture(params=KINDS)
def kind(request: pytest.FixtureRequest) -> tuple[str, Any]:
    """A kind of store, and what it stands on."""
    peer = {"memory": None, "postgres": "pool_ingest"}.get(request.param, request.param)
    return request.param, request.getfixturevalue(peer) if peer else None


@pytest.fixture
async def shop(kind: tuple[str, Any]) -> AsyncIterator[Shop]:
    name, found = kind
    machine = f"mch_{_run}{next(_numbers)}"
    if name in {"memory", "postgres"}:
        yield Shop(PostgresSamples(found) if name == "postgres" else MemorySamples(), True, machine)
        return
    place = found if isinstance(found, Place) else Place(found.url)
    reader, old = Reader(place), OldWriter(place)
    if name == "victoria":
        yield Shop(VictoriaSamples(ClientWriter(place), reader), False, machine, place.url)
    elif name == "influx":
        await reader.get("/query", q=f"CREATE DATABASE {place.bucket}")
        yield Shop(InfluxSamples(old, reader, place.bucket), True, machine)
    else:
        yield Shop(InfluxSamples(ClientWriter(place), reader, place.bucket), True, machine)
    await reader.close()
    await old.close()
