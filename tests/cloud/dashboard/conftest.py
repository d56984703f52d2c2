"""The fake registry behind a real socket, and the dashboard as the process that it is."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractContextManager, AsyncExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import pytest
import uvicorn
from absent import absent_peer
from api_market import START, Market, serving
from playwright.async_api import Browser, async_playwright
from starlette.types import ASGIApp, Receive, Scope, Send

from cloud.app import create_app
from cloud.booking.wire import Booking
from cloud.config import Settings
from cloud.dashboard.fake import NOW, Fake
from cloud.dashboard.furnish import furnished
from cloud.dashboard.model import Plant
from cloud.registry.model import Capacity, Enterprise, Machine, States, Taken
from gateway.clock import Clock
from gateway.ports import free_port

CHROMIUM = "/usr/bin/chromium"

ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


def clock(speed: float = 60.0) -> Clock:
    return Clock(speed, time.time(), NOW)


class Served:
    """Fakes served by uvicorn in a thread of its own; `do` runs in its loop, `stop` makes them unreachable.

    Each further fake is a tenant of the same API, found by its key.
    """

    def __init__(self, fake: Fake) -> None:
        self.fake = fake
        self._tenants: dict[bytes, ASGIApp] = {}
        self._first = fake.app
        self.port = free_port()
        self.start()

    def add(self, fake: Fake, key: str) -> str:
        """Another tenant, with that key."""
        fake.keys, fake.own = {key}, f"ent_of_{key}"
        self._tenants[f"Bearer {key}".encode()] = fake.app
        return key

    async def _app(self, scope: Scope, receive: Receive, send: Send) -> None:
        key = dict(scope.get("headers", ())).get(b"authorization", b"")
        await self._tenants.get(key, self._first)(scope, receive, send)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        how = {"log_level": "error", "lifespan": "off", "interface": "asgi3", "timeout_graceful_shutdown": 1}
        config = uvicorn.Config(self._app, port=self.port, **how)
        self._server = uvicorn.Server(config)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        wait_for(lambda: self._server.started, 10)

    def _run(self) -> None:
        self._loop.run_until_complete(self._server.serve())

    def do(self, work: Callable[..., object], *arguments: object, **named: object) -> None:
        done = threading.Event()

        def run() -> None:
            work(*arguments, **named)
            done.set()

        self._loop.call_soon_threadsafe(run)
        assert done.wait(5)

    def stop(self) -> None:
        self.do(self.fake.hang_up)
        self._server.should_exit = True
        self._thread.join(10)
        self._loop.close()


def wait_for(ready: Callable[[], object], seconds: float) -> None:
    until = time.monotonic() + seconds
    while not ready():
        assert time.monotonic() < until, "it did not come to that in time"
        time.sleep(0.02)


@contextmanager
def served(fake: Fake) -> Iterator[Served]:
    server = Served(fake)
    try:
        yield server
    finally:
        if server._thread.is_alive():
            server.stop()


@contextmanager
def dashboard(api_port: int, **environment: str) -> Iterator[str]:
    """The dashboard's process for the API at that port; yields its URL."""
    port = int(environment.pop("THIRDSHIFT_DASHBOARD_PORT", 0)) or free_port()
    given = {"THIRDSHIFT_API_PORT": str(api_port), "THIRDSHIFT_DASHBOARD_PORT": str(port), **environment}
    process = subprocess.Popen([sys.executable, "-m", "cloud.dashboard"], env={**os.environ, **given})
    try:
        wait_for(lambda: process.poll() is not None or answers(f"http://127.0.0.1:{port}/health"), 30)
        assert process.poll() is None
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        assert process.wait(10) is not None


def answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback URL
            return bool(answer.status == 200)
    except OSError:
        return False


@pytest.fixture(scope="session")
def chromium() -> str:
    if not shutil.which(CHROMIUM):
        absent_peer(f"chromium at {CHROMIUM} (apt-get install chromium)")
    return CHROMIUM


@pytest.fixture(scope="session")
def chromium_arguments() -> list[str]:
    return list(ARGUMENTS)


@pytest.fixture
def fake() -> Fake:
    return furnished(3, clock())


@pytest.fixture(scope="session")
def furnish() -> Callable[[int], Fake]:
    return lambda count: furnished(count, clock())


@dataclass
class Make:
    """Answers of the API with only what a test cares about."""

    now: datetime = NOW

    def machine(self, **given: Any) -> Machine:
        told = {"id": "mch_1", "name": "mill-1", "state": "Executing", "mode": "Processing", "origin": "plant"}
        told |= {"state_since": self.now, "last_receipt_at": self.now, "fresh": True, "quantity": 1}
        told |= {"site_id": "site_1", "agent_id": "agt_1", "profile": "mill", "created_at": self.now}
        told |= {"manufacturer": None, "model": None, "serial": None}
        return Machine.model_validate(told | given)

    def states(self, *pieces: tuple[datetime, datetime | None, str], **given: Any) -> States:
        rest = {"mode": "None", "origin": "plant", "quality": "good"}
        items = [{"start": start, "end": end, "state": state, **rest} for start, end, state in pieces]
        return States.model_validate({"items": items, "gaps": [], **given})

    def capacity(self, *pieces: tuple[datetime, datetime, str, int], **given: Any) -> Capacity:
        rest = {"reason": "idle", "confidence": 5}
        spans = [{"start": a, "end": b, "type": kind, "quantity": much, **rest} for a, b, kind, much in pieces]
        told = {"machine_id": "mch_1", "version": 1, "issued_at": self.now, "valid_until": None, "fresh": True}
        return Capacity.model_validate({**told, "spans": spans, "claims": [], **given})

    def claim(self, start: datetime, end: datetime, state: str = "CONFIRMED", **given: Any) -> Taken:
        told = {"id": "bkg_1", "start": start, "end": end, "quantity": 1, "state": state}
        return Taken.model_validate(told | given)

    def booking(self, start: datetime, end: datetime, state: str = "CONFIRMED", **given: Any) -> Booking:
        told = {"id": "bkg_1", "machine_id": "mch_1", "start": start, "end": end, "state": state, "quantity": 1}
        told |= {"role": "provider", "service_id": "svc_1", "provider_id": "ent_own", "booker_id": "ent_guest"}
        told |= {"work": {"work_master": "bracket", "quantity": 9}, "price": {"amount": "80", "currency": "EUR"}}
        told |= {"at_risk": False, "revision": 1, "created_at": self.now, "updated_at": self.now}
        return Booking.model_validate(told | given)

    def plant(self, **given: Any) -> Plant:
        return Plant(Enterprise(id="ent_own", name="Own", scopes=("read",)), self.now, **given)


@pytest.fixture
def make() -> Make:
    return Make()


@pytest.fixture(scope="session")
def serve() -> Callable[[Fake], AbstractContextManager[Served]]:
    return served


@pytest.fixture(scope="session")
def run_dashboard() -> Callable[..., AbstractContextManager[str]]:
    return dashboard


@pytest.fixture
def registry_server(fake: Fake) -> Iterator[Served]:
    with served(fake) as server:
        yield server


@dataclass
class Site:
    """A market behind a real registry, and the address of a dashboard before it."""

    market: Market
    url: str


@pytest.fixture
async def site(database: Any, pool_owner: Any, pool_ingest: Any) -> AsyncIterator[Site]:
    settings = Settings(api_dsn=database.api_dsn, ingest_dsn=database.ingest_dsn)
    async with AsyncExitStack() as stack:
        clock = Clock(1.0, time.time(), START + timedelta(hours=79))  # a Thursday, 14:00 in Vienna
        api = await stack.enter_async_context(serving(create_app(settings, clock)))
        market = Market(pool_owner, pool_ingest, database.dsn, None, api)
        stack.push_async_callback(market.close)
        run = dashboard(int(api.rpartition(":")[2]))
        yield Site(market, await asyncio.to_thread(stack.enter_context, run))


@pytest.fixture
async def walker_browser(chromium: str, chromium_arguments: list[str]) -> AsyncIterator[Browser]:
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
        yield browser
        await browser.close()
