"""The ingest process: what comes up, what goes down, and the chores that the registry does by itself."""

import asyncio
import secrets
from collections.abc import Awaitable, Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

import asyncpg
import structlog

from cloud.booking import heal
from cloud.chores import attempt
from cloud.config import Settings
from cloud.db import lazy_pool, reaching
from cloud.dispatch.post import Post
from cloud.dispatch.sweep import flag_stale, sweep
from cloud.errors import DatabaseAway
from cloud.ingest.desk import ROOM, Desk
from cloud.ingest.intake import Intake
from cloud.ingest.outage import Outage
from cloud.ingest.retention import prune
from cloud.ingest.trailing import TrailingIntake
from cloud.operations import ledger
from cloud.operations.tally import Sheet, Tally
from cloud.settlement.service import settle
from cloud.telemetry import rollups
from cloud.telemetry.choose import store
from cloud.telemetry.model import SampleStore, StoreAway
from cloud.waiting import store as waiting
from cloud.webhooks.sender import Sender
from gateway.clock import Clock
from gateway.courier import arrivals
from gateway.errors import UsageError
from gateway.mqtt import MqttClient, MqttSettings
from gateway.topics import Channel, Topic, partition

log = structlog.get_logger(__name__)

CHORES = 1.0
"""Real seconds between two rounds of sweeping and metering."""

PATIENCE = timedelta(seconds=10)
"""Real time for which a meter waits for state changes that its job's last report overtook."""

COUNT = 5.0
"""Real seconds between two rounds of writing down what was done; what a crash takes of it nobody needs."""

COUNTS_KEPT = timedelta(days=2)
"""Real time for which each minute's counts are kept."""

ROLL = 10.0
"""Real seconds between two rounds of rolling up; what is not rolled up yet is counted from its source."""

DAY = timedelta(days=1)
"""Business time between two rounds of deleting what was kept long enough."""

SIDE_BY_SIDE = 6
BULK_SIDE_BY_SIDE = 3
AGENTS = "SELECT id FROM agent"


@dataclass(frozen=True, slots=True)
class Means:
    """What the process works with: the database, where samples go, the broker, and business time.

    `fresh` (real time): how long after its last receipt a machine counts as fresh.
    """

    connections: asyncpg.Pool
    samples: SampleStore
    client: MqttClient
    clock: Clock
    fresh: timedelta = timedelta(minutes=5)
    webhooks_private: bool = False
    bulk: asyncpg.Pool | None = None
    samples_kept: timedelta = timedelta(days=400)


class Ingest:
    """Everything that runs in the process. `buckets`: the partitions that it serves, all if None."""

    def __init__(self, means: Means, buckets: Collection[int] | None = None, intake: type[Intake] = Intake) -> None:
        now, boot = means.clock.now, secrets.token_bytes(16)
        self.intake = intake(means.connections, means.samples, now, boot)
        self._outage = Outage()
        self._desk = Desk(
            self.intake.take_together, means.client.publish, outage=self._outage, side_by_side=SIDE_BY_SIDE
        )
        self._store_outage = Outage(of=f"{means.samples.name} (samples)", away=(DatabaseAway, StoreAway))
        self.bulk: Intake = (TrailingIntake if means.samples.trails else intake)(
            means.bulk or means.connections, means.samples, now, boot
        )
        self._bulk_desk = Desk(
            self.bulk.take_together,
            means.client.publish,
            outage=self._store_outage,
            side_by_side=BULK_SIDE_BY_SIDE,
            room=0 if means.samples.trails else ROOM,
        )
        self._tally = self.intake.tally = self.bulk.tally = Tally(means.clock.speed)
        self._post = Post(means.connections, means.client, means.clock, self._outage, buckets)
        self._connections = means.connections
        self._client = means.client
        self._clock = means.clock
        self._fresh = means.clock.business(means.fresh)
        self._buckets = buckets
        self._samples_kept = means.samples_kept
        self._webhooks = Sender(means.connections, means.clock, private=means.webhooks_private)

    async def run(self) -> None:
        """Until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._take_in())
                group.create_task(self._outage.outlast(self._greet))
                group.create_task(self._outage.outlast(self._chores))
                group.create_task(self._outage.outlast(self._send_webhooks))
                group.create_task(self._outage.outlast(self._roll_up))
                group.create_task(self._outage.outlast(self._count))
                group.create_task(self._post.run())
                if isinstance(self.bulk, TrailingIntake):
                    group.create_task(self._store_outage.outlast(self._acknowledge))
        finally:
            await self._desk.close()
            await self._bulk_desk.close()

    async def _take_in(self) -> None:
        async for agent, packet in arrivals(self._client, Channel.UP, self._buckets):
            # What a store of samples keeps waiting must not keep statements, orders and states waiting.
            (self._bulk_desk if bulky(packet) else self._desk).put(agent, packet)

    async def _acknowledge(self) -> None:
        assert isinstance(self.bulk, TrailingIntake)  # noqa: S101 - it alone has something to acknowledge later
        await self.bulk.settle(lambda agent, packet: self._client.publish(str(Topic(agent, Channel.UP_ACK)), packet))

    async def _greet(self) -> None:
        """Once: the agents that are waiting for an answer to what the last process did not live to answer."""
        await self._client.wait_connected()
        async with reaching(), self._connections.acquire() as connection:
            agents = [row["id"] for row in await connection.fetch(AGENTS)]
        for agent in agents:
            if self._buckets is None or partition(agent) in self._buckets:
                for packet in await self.intake.greet(agent):
                    self._client.publish(str(Topic(agent, Channel.UP_ACK)), packet)
        log.info("ingest ready", agents=len(agents))

    async def _roll_up(self) -> None:
        failing: set[str] = set()
        while True:
            await attempt("roll up", rollups.roll(self._connections, self._clock.now(), self._samples_kept), failing)
            await asyncio.sleep(ROLL)

    async def _count(self) -> None:
        """While the database is away nothing is committed, but what was thrown away then is written down later."""
        failing: set[str] = set()
        while True:
            await asyncio.sleep(COUNT)
            now = self._clock.now()
            for desk in (self._desk, self._bulk_desk):
                self._tally.refused(desk.dropped, "line_full", now)
                desk.dropped.clear()
            await attempt("count", self._write_down(self._tally.torn_off()), failing)

    async def _write_down(self, sheet: Sheet) -> int:
        try:
            return await ledger.write(self._connections, sheet)
        except DatabaseAway:
            self._tally.put_back(sheet)
            raise

    async def _send_webhooks(self) -> None:
        failing: set[str] = set()
        try:
            while True:
                await attempt("webhooks", self._webhooks.round(), failing)
                await asyncio.sleep(CHORES)
        finally:
            await self._webhooks.stop()

    async def _chores(self) -> None:
        """Also begun anew after an outage: for a while it is then we who heard nothing, whatever the plants said."""
        failing: set[str] = set()
        doubtful: set[str] = set()
        listening_since = self._clock.now()
        pruned: datetime | None = None
        while True:
            now = self._clock.now()
            if pruned is None or now - pruned >= DAY:
                pruned = now
                await attempt("prune", prune(self._connections, now), failing)
                await attempt("forget samples", rollups.forget(self._connections, now, self._samples_kept), failing)
                counted = now - self._clock.business(COUNTS_KEPT)
                await attempt("forget counts", ledger.forget(self._connections, counted), failing)
            if now - listening_since >= self._fresh:
                await attempt("stale", flag_stale(self._connections, now - self._fresh, now), failing)
            await attempt("sweep", sweep(self._connections, now), failing)
            await attempt("heal", self._heal(now, doubtful), failing)
            held, retry = self._clock.business(waiting.HOLD), self._clock.business(waiting.RETRY)
            served = waiting.serve(self._connections, now, held, retry, doubtful)
            await attempt("serve who waits", served, failing)
            patience = self._clock.business(PATIENCE)
            await attempt("settle", settle(self._connections, now, patience, doubtful), failing)
            self._outage.found()
            await asyncio.sleep(CHORES)

    def _heal(self, now: datetime, doubtful: set[str]) -> Awaitable[int]:
        """In its own time: flickering machines are told from failed ones by the clock on the wall."""
        waits = (self._clock.business(heal.PATIENCE), self._clock.business(heal.RETRY))
        return heal.heal(self._connections, now, now - self._fresh, *waits, doubtful)


def bulky(packet: bytes) -> bool:
    """Whether it says of itself that it is of telemetry or backfill; who lies is served too, only elsewhere."""
    head = packet[:400]
    return b'"s":"telemetry"' in head or b'"s":"backfill"' in head


async def run(
    settings: Settings, clock: Clock, buckets: Collection[int] | None = None, intake: type[Intake] = Intake
) -> None:
    """Run ingest as these settings say, until cancelled. A database or a broker that is away is waited for."""
    if settings.ingest_dsn is None:
        msg = "ingest needs a database: set THIRDSHIFT_INGEST_DSN, or let `thirdshift cloud serve` start everything"
        raise UsageError(msg)
    connections = await lazy_pool(settings.ingest_dsn, size=SIDE_BY_SIDE + 6, timeout=settings.statement_timeout)
    samples = await lazy_pool(settings.ingest_dsn, size=BULK_SIDE_BY_SIDE, timeout=settings.statement_timeout)
    bulk = await lazy_pool(settings.ingest_dsn, size=BULK_SIDE_BY_SIDE + 1, timeout=settings.statement_timeout)
    keeper = store(settings, samples)
    broker = MqttSettings(settings.mqtt_host, settings.mqtt_port, f"ingest-{secrets.token_hex(4)}", longest_wait=5.0)
    try:
        async with MqttClient(broker) as client:
            means = Means(
                connections,
                keeper,
                client,
                clock,
                settings.fresh_time,
                settings.webhooks_private,
                bulk,
                timedelta(days=settings.samples_days),
            )
            await Ingest(means, buckets, intake).run()
    finally:
        await keeper.close()
        connections.terminate()
        samples.terminate()
        bulk.terminate()
