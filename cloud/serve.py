"""The whole cloud on one machine: database, broker, ingest, API and dashboard, started in order and kept running."""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable

from cloud import db
from cloud.config import Settings
from cloud.connection import entered, ours, owner
from cloud.embedded.guard import guarded
from cloud.embedded.postgres import EmbeddedPostgres
from cloud.embedded.process import FolderInUse
from cloud.errors import CloudError
from gateway.errors import UsageError
from gateway.ports import bindable
from gateway.supervisor import Process, Supervisor, http_ok, port_open

WATCH = 0.5
FIRST_PAUSE, LONGEST_PAUSE = 0.2, 10.0
PATIENCE = 3.0

Say = Callable[[str], None]


async def serve(settings: Settings, say: Say, ready: Callable[[], None], *, dashboard: bool = True) -> None:
    """Run everything until SIGINT or SIGTERM; then stop it in reverse order. `ready` is told once all of it serves."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    check_ports(settings, dashboard=dashboard)
    running = asyncio.create_task(_run(settings, say, ready, dashboard=dashboard))
    stopping = asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((running, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        stopping.cancel()
        if stop.is_set():
            running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def _run(settings: Settings, say: Say, ready: Callable[[], None], *, dashboard: bool) -> None:
    """Until cancelled, and only that: a second wait for the same signal would cut our own stop short."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    async with Supervisor(settings.data_dir / "log", say) as supervisor:
        post = asyncio.create_task(_start(supervisor, broker(settings)))
        async with database(settings, say) as found:
            try:
                await post
                await _start(supervisor, processes(found, dashboard=dashboard))
                ready()
                await asyncio.Event().wait()
            finally:
                post.cancel()
                await asyncio.gather(post, return_exceptions=True)
                await supervisor.stop()


async def _start(supervisor: Supervisor, children: list[Process]) -> None:
    """Side by side; if one fails, none of them is left in the middle of its start."""
    starts = [asyncio.create_task(supervisor.start(child)) for child in children]
    try:
        await asyncio.gather(*starts)
    finally:
        for start in starts:
            start.cancel()
        await asyncio.gather(*starts, return_exceptions=True)


@contextlib.asynccontextmanager
async def database(settings: Settings, say: Say) -> AsyncIterator[Settings]:
    """The migrated database of the settings, kept running if it is ours; yields the settings with the roles' DSNs."""
    if settings.database:
        with owner(settings) as (dsn, passwords):
            await db.migrate(dsn, passwords)
            yield entered(settings, dsn, passwords)
        return
    embedded = EmbeddedPostgres(settings.data_dir)
    with guarded(settings.data_dir):
        dsn = await _started(embedded)
        watching = asyncio.create_task(_watch(embedded, say), name="watch postgres")
        try:
            await db.migrate(dsn, ours(settings, embedded.passwords))
            yield entered(settings, dsn, embedded.passwords)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
            await asyncio.to_thread(embedded.stop)


async def _started(embedded: EmbeddedPostgres) -> str:
    """Its DSN once it runs. Stopped again where we are cancelled meanwhile: a thread cannot be."""
    starting = asyncio.create_task(asyncio.to_thread(_start_patiently, embedded))
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        await asyncio.wait({starting})
        await asyncio.to_thread(embedded.stop)
        raise


def _start_patiently(embedded: EmbeddedPostgres) -> str:
    """The guard of a killed run may hold the folder for the moment that it needs to stop the server."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            return embedded.start()
        except FolderInUse:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.2)


async def _watch(embedded: EmbeddedPostgres, say: Say) -> None:
    """Start the database again when it ends; said once, and not again until it has run for a while.

    A start that fails is said with its reason, once for each reason, and tried again for ever.
    """
    pause, since, told = FIRST_PAUSE, time.monotonic(), ""
    while True:
        await asyncio.sleep(WATCH)
        if embedded.running():
            continue
        if time.monotonic() - since > LONGEST_PAUSE:
            pause, told = FIRST_PAUSE, ""
        if pause == FIRST_PAUSE:
            say("PostgreSQL ended and is started again")
        await asyncio.sleep(pause)
        try:
            await asyncio.to_thread(embedded.restart)
        except (CloudError, OSError) as error:
            if str(error) != told:
                say(f"PostgreSQL did not start and is tried again: {error}")
            told = str(error)
        pause, since = min(pause * 2, LONGEST_PAUSE), time.monotonic()


def broker(settings: Settings) -> list[Process]:
    """The embedded broker, where one is wanted. It needs no database, so it starts beside it."""
    if not settings.mqtt_embedded:
        return []
    listens = port_open(settings.mqtt_host, settings.mqtt_port)
    return [Process.module("broker", "cloud.embedded.broker", "--port", str(settings.mqtt_port), ready=listens)]


def processes(settings: Settings, *, dashboard: bool) -> list[Process]:
    """The other children, in the order of their start; they get the roles' DSNs, the dashboard none of them."""
    given = {**settings.environment(), "THIRDSHIFT_DATABASE": ""}
    healthy = http_ok(settings.api_host, settings.api_port, "/v1/health")
    children = [
        Process.module("ingest", "cloud.ingest", env=given),
        Process.module("api", "cloud.server", env=given, ready=healthy),
    ]
    if dashboard:
        serves = port_open(settings.dashboard_host, settings.dashboard_port)
        secrets = ("API_DSN", "INGEST_DSN", "TELEMETRY_TOKEN")
        client = {**given, **{f"THIRDSHIFT_{name}": "" for name in secrets}}
        children.append(Process.module("dashboard", "cloud.dashboard", env=client, ready=serves))
    return children


def check_ports(settings: Settings, *, dashboard: bool) -> None:
    """Raises UsageError naming each port that another program has, before anything is started."""
    wanted = [("api", settings.api_host, settings.api_port)]
    if settings.mqtt_embedded:
        wanted.append(("mqtt", settings.mqtt_host, settings.mqtt_port))
    if dashboard:
        wanted.append(("dashboard", settings.dashboard_host, settings.dashboard_port))
    taken = [f"{name} {host}:{port}" for name, host, port in wanted if not bindable(port, host)]
    if taken:
        msg = f"in use by another program: {', '.join(taken)}. Choose other ports with --api-port, --mqtt-port or "
        msg += "--dashboard-port (or THIRDSHIFT_API_PORT …)"
        raise UsageError(msg)
