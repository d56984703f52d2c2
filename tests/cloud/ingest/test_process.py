"""The whole ingest process through a broker: up, down, and a database that comes and goes."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from random import Random
from typing import Any

import asyncpg
import pytest
from foreign_stores import Engine, OldWriter
from structlog.testing import capture_logs

from cloud.db import lazy_pool
from cloud.ids import new_id
from cloud.ingest import process
from cloud.ingest.__main__ import partitions
from cloud.ingest.process import Ingest, Means
from cloud.telemetry.engine import ClientWriter, Reader
from cloud.telemetry.influx import InfluxSamples
from cloud.telemetry.model import SampleStore
from cloud.telemetry.place import Place
from cloud.telemetry.postgres import PostgresSamples
from cloud.telemetry.victoria import VictoriaSamples
from gateway.clock import Clock
from gateway.courier import Courier
from gateway.errors import UsageError
from gateway.link import Accept, Adopted, Keyring, Lane, MemoryJournal, Position, Sender, Timing, read, receive, reply
from gateway.messages import STREAM, Message, Stream, Telemetry, encode
from gateway.mqtt import MqttClient, MqttSettings
from gateway.ports import free_port
from gateway.span import Span
from gateway.telemetry import Column
from gateway.topics import Channel, Topic, partition

KEY = b"k" * 32


@pytest.fixture
async def broker() -> AsyncIterator[int]:
    """The embedded broker on a free port."""
    port = free_port()
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "cloud.embedded.broker", "--port", str(port), stdout=asyncio.subprocess.PIPE
    )
    assert child.stdout
    await asyncio.wait_for(child.stdout.readline(), 30)
    yield port
    child.terminate()
    await child.wait()


async def until(holds: Callable[[], Awaitable[bool]], within: float = 20.0) -> None:
    async with asyncio.timeout(within):
        while not await holds():  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)


class Plant:
    """An agent on the broker: says things by a courier, and keeps what comes down."""

    def __init__(self, client: MqttClient, agent: str) -> None:
        self.client = client
        self.agent = agent
        self.journal = MemoryJournal(Random(1))
        lane = Lane(Keyring({"k1": KEY}, "k1"), agent, "up")
        sender = Sender(self.journal, lane, Random(1), timing=Timing(0.2, 1.0))
        self.courier = Courier(sender, client, lane, lambda _effect: None)
        self.down: list[bytes] = []

    def say(self, *messages: Message) -> None:
        with self.journal.transaction() as tx:
            for message in messages:
                tx.append(STREAM[type(message)], encode(message))
        self.courier.wake()

    async def listen(self) -> None:
        lane, position = Lane(Keyring({"k1": KEY}, "k1"), self.agent, "down"), Position()
        async for message in self.client.subscribe(str(Topic(self.agent, Channel.DOWN))):
            decision = receive(position, read(lane, message.payload), b"boot-of-the-plant")  # type: ignore[arg-type]
            if isinstance(decision, Accept | Adopted):
                self.down += [entry.payload for entry in decision.entries if entry.payload]
                position = decision.position
            answer = reply(lane, decision, Clock().now())
            self.client.publish(str(Topic(self.agent, Channel.DOWN_ACK)), answer)


@asynccontextmanager
async def running(
    world: Any, pool: asyncpg.Pool, port: int, buckets: set[int] | None = None, samples: SampleStore | None = None
) -> AsyncIterator[Plant]:
    async with (
        MqttClient(MqttSettings("127.0.0.1", port, "ingest")) as ours,
        MqttClient(MqttSettings("127.0.0.1", port, "plant")) as theirs,
    ):
        plant = Plant(theirs, world.edge.id)
        means = Means(pool, samples or PostgresSamples(pool), ours, Clock(), timedelta(seconds=0.5))
        ingest = Ingest(means, buckets)
        tasks = [asyncio.ensure_future(work) for work in (ingest.run(), plant.courier.run(), plant.listen())]
        yield plant
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def test_states_go_up_and_orders_come_down_through_a_broker(
    world: Any, said: Any, pool_ingest: asyncpg.Pool, broker: int
) -> None:
    async with running(world, pool_ingest, broker) as plant:
        plant.say(said.announce("M1"), said.change(0), said.change(1))
        await until(lambda: _has(world, "SELECT count(*) = 2 FROM state_history"))
        for number in range(3):
            await world.owner.execute(
                "INSERT INTO outgoing (agent_id, payload, created_at) VALUES ($1, $2, $3)",
                *(world.edge.id, {"v": 1, "n": number}, world.clock.at),
            )
        await until(lambda: _has(world, "SELECT count(*) = 3 FROM outgoing WHERE acked_at IS NOT NULL"))
        assert len(plant.down) == 3
        await until(lambda: _has(world, "SELECT abs(clock_offset_s) < 5 FROM agent"))


async def test_a_database_that_was_away_is_waited_for_and_said_once(
    world: Any, said: Any, database: Any, broker: int
) -> None:
    name = database.ingest_dsn.rpartition("/")[2]
    gate = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'ts_ingest' AND datname = $1"
    connections = await lazy_pool(database.ingest_dsn)
    with capture_logs() as logs:
        async with running(world, connections, broker) as plant:
            plant.say(said.announce("M1"), said.change(0))
            await until(lambda: _has(world, "SELECT count(*) = 1 FROM state_history"))
            await asyncio.sleep(1.0)
            await world.owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
            await world.owner.execute(gate, name)
            plant.say(said.change(1), said.change(2))
            await asyncio.sleep(1.5)
            assert sum(held.next - held.oldest for held in plant.journal.held(STREAM[type(said.change(0))])) == 2
            await world.owner.execute(f"ALTER DATABASE {name} CONNECTION LIMIT -1")
            await until(lambda: _has(world, "SELECT count(*) = 3 FROM state_history"))
    connections.terminate()
    told = [entry["event"] for entry in logs if entry["event"].startswith("database")]
    assert told == ["database lost, nothing is acknowledged until it is back", "database found again"]


async def test_a_chore_that_fails_is_said_once_and_stops_no_intake(
    world: Any, said: Any, pool_ingest: asyncpg.Pool, broker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "CHORES", 0.1)
    await world.owner.execute("REVOKE EXECUTE ON FUNCTION ts_expire(int, timestamptz) FROM ts_ingest")
    with capture_logs() as logs:
        async with running(world, pool_ingest, broker) as plant:
            await asyncio.sleep(0.5)
            plant.say(said.announce("M1"), said.change(0))
            await until(lambda: _has(world, "SELECT count(*) = 1 FROM state_history"))
    assert [entry["chore"] for entry in logs if entry["event"] == "a chore fails, it is tried again"] == ["sweep"]


async def test_a_booking_that_is_due_on_a_machine_gone_dark_is_flagged_once_we_have_listened_long_enough(
    world: Any, said: Any, pool_ingest: asyncpg.Pool, broker: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "CHORES", 0.1)
    now, service = Clock().now(), new_id("svc")
    async with running(world, pool_ingest, broker) as plant:
        plant.say(said.announce("M1"))
        await until(lambda: _has(world, "SELECT count(*) = 1 FROM machine"))
        await world.owner.execute(
            "INSERT INTO service (id, enterprise_id, name, kind, instant, visibility, price_amount, price_currency,"
            " created_at) VALUES ($1, $2, 'press', 'processing', true, 'open', 50, 'EUR', $3)",
            *(service, world.enterprise, now),
        )
        await world.owner.execute(
            "INSERT INTO claim (id, machine_id, service_id, provider_id, booker_id, span, quantity, exclusive, state,"
            " price_amount, price_currency, work, created_at, updated_at) SELECT 'bkg_due', id, $1, $2, $2,"
            " tstzrange($3, $3::timestamptz + interval '1 hour'), 1, true, 'CONFIRMED', 50, 'EUR', '{}', $3, $3"
            " FROM machine",
            *(service, world.enterprise, now),
        )
        await until(lambda: _has(world, "SELECT at_risk AND at_risk_reason = 'stale-data' FROM claim"))


async def test_a_process_serves_only_its_own_partitions(
    world: Any, said: Any, pool_ingest: asyncpg.Pool, broker: int
) -> None:
    others = set(range(256)) - {partition(world.edge.id)}
    async with running(world, pool_ingest, broker, others) as plant:
        plant.say(said.announce("M1"), said.change(0))
        await asyncio.sleep(1.5)
        assert await _has(world, "SELECT count(*) = 0 FROM state_history")


@pytest.fixture(params=["victoria_alone", "influx_alone"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """Each engine there is, for this test alone."""
    found: Engine = request.getfixturevalue(request.param)
    return found


async def store_in(engine: Engine) -> SampleStore:
    """Debian's InfluxDB knows nothing of /api/v2/write."""
    place = Place(engine.url)
    reader = Reader(place)
    if "victoria" in engine.command[0]:
        return VictoriaSamples(ClientWriter(place), reader, trails=1.0)
    await reader.get("/query", q=f"CREATE DATABASE {place.bucket}")
    return InfluxSamples(OldWriter(place), reader, place.bucket)


async def test_a_store_of_samples_that_is_down_stops_telemetry_alone_and_is_said_once(
    world: Any, said: Any, pool_ingest: asyncpg.Pool, broker: int, engine: Engine
) -> None:
    samples = await store_in(engine)
    base = round(world.clock.at.replace(year=2024).timestamp() * 1_000_000)
    engine.kill()

    def told(number: int) -> Telemetry:
        column = Column(signal="power", at=(number,), values=(float(number),))
        return Telemetry(machine="M1", base=base, columns=(column,))

    with capture_logs() as logs:
        async with running(world, pool_ingest, broker, samples=samples) as plant:
            plant.say(said.announce("M1"), told(1000), said.change(0))
            await until(lambda: _has(world, "SELECT count(*) = 1 FROM state_history"))
            for number in range(2, 6):
                plant.say(told(number * 1000), said.change(number))
            await until(lambda: _has(world, "SELECT count(*) = 5 FROM state_history"))
            await until(lambda: _acknowledged(plant, Stream.STATE, Stream.CONTROL))
            assert not await _acknowledged(plant, Stream.TELEMETRY)
            await until(lambda: _told(logs, samples.name))
            engine.start()
            await until(lambda: _acknowledged(plant, Stream.TELEMETRY), within=60)
    machine = await world.owner.fetchval("SELECT id FROM machine")
    start = world.clock.at.replace(year=2024)

    async def all_there() -> bool:
        found = await samples.read(machine, "power", Span(start, start + timedelta(seconds=1)))
        return [each.value for each in found] == [float(number * 1000) for number in range(1, 6)]

    await until(all_there, within=60)
    await samples.close()
    lines = [entry["event"] for entry in logs if entry["event"].startswith(samples.name)]
    lost = f"{samples.name} (samples) lost, nothing is acknowledged until it is back"
    assert lines == [lost, f"{samples.name} (samples) found again"]


async def _told(logs: list[Any], start: str) -> bool:
    return any(entry["event"].startswith(start) for entry in logs)


async def _acknowledged(plant: Plant, *streams: Stream) -> bool:
    return all(held.next == held.oldest for stream in streams for held in plant.journal.held(stream))


@pytest.mark.parametrize(
    ("text", "found"), [(None, None), ("7", {7}), ("0-2,9", {0, 1, 2, 9}), ("255", {255})], ids=str
)
def test_partitions_are_written_as_ranges(text: str | None, found: set[int] | None) -> None:
    assert partitions(text) == found


@pytest.mark.parametrize("text", ["", "x", "256", "5-2", "-1"])
def test_partitions_that_are_not_there_are_refused(text: str) -> None:
    with pytest.raises(UsageError, match="0 to 255"):
        partitions(text)


async def _has(world: Any, question: str) -> bool:
    return bool(await world.owner.fetchval(question))
