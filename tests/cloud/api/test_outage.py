"""A database that is away: 503 everywhere and nothing half-done; and all goes on when it is back."""

import asyncio
import os
import re
import shutil
import signal
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from api_bodies import bodies
from api_market import Market, booking, serving, streams, until, wanted
from fastapi import FastAPI
from own_postgres import outside

from cloud import db
from cloud.app import create_app
from cloud.client import ApiError
from cloud.config import Settings
from cloud.embedded.postgres import EmbeddedPostgres
from gateway.clock import Clock


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server of this file's own, so that stopping it disturbs nobody; migrated and running."""
    folder = Path(tempfile.mkdtemp(prefix="thirdshift-test-"))
    folder.chmod(0o711)
    made = EmbeddedPostgres(folder)
    try:
        outside(db.migrate(made.start(), made.passwords))
        yield made
    finally:
        made.remove()
        shutil.rmtree(folder)


@pytest.fixture
async def app(server: EmbeddedPostgres, clock: Clock) -> FastAPI:
    api = db.as_role(server.running() or "", "ts_api", server.passwords["ts_api"])
    return create_app(Settings(api_dsn=api, heartbeat=0.5, statement_timeout=3), clock)


@pytest.fixture
async def market(app: FastAPI, server: EmbeddedPostgres) -> AsyncIterator[Market]:
    dsn = server.running() or ""
    ingest = db.as_role(dsn, "ts_ingest", server.passwords["ts_ingest"])
    pools: list[Any] = [await db.lazy_pool(dsn, size=2), await db.lazy_pool(ingest, size=2)]
    async with serving(app) as url:
        made = Market(*pools, dsn, None, url)
        for name in ("maker", "buyer"):
            await made.enterprise(name)
        yield made
        await made.close()
    for pool in pools:
        pool.terminate()


async def test_every_route_answers_503_while_the_database_is_stopped_and_recovers_by_itself(
    market: Market, app: FastAPI, server: EmbeddedPostgres
) -> None:
    service_id, _ = await market.offer()
    buyer = market.clients["buyer"]
    booked = await buyer.book(booking(service_id, 10, 12), key="k1")
    stream = buyer.events()
    reading = asyncio.create_task(anext(stream))
    await until(lambda: streams(app, 1))
    await asyncio.to_thread(server.stop)

    known = bodies({**_NOBODYS, "enterprise_id": market.id("buyer")})
    for method, route in _paths():
        path, given = _filled(route), known.get(route, {})
        body: dict[str, Any] = {"data": _FORM} if path == "/v1/oauth/token" else {"json": given}
        answer = await buyer._http.request(method, path, **body, headers={"Idempotency-Key": "k2"})
        assert answer.status_code == 503, f"{method} {path}: {answer.text}"
        assert answer.json()["code"] == "database.away"
        assert int(answer.headers["Retry-After"]) > 0
        assert answer.headers["Request-Id"]

    assert await asyncio.to_thread(server.start) == market.dsn

    async def healthy() -> bool:
        return (await buyer._http.get("/v1/health")).status_code == 200

    await until(healthy, within=10)
    assert await buyer.book(booking(service_id, 10, 12), key="k1") == booked
    held = await buyer.hold(wanted(service_id, 20, 21))
    event = await asyncio.wait_for(reading, 10)
    assert event.data["id"] == held.id


async def test_the_api_starts_while_the_database_is_away_and_serves_when_it_comes(
    server: EmbeddedPostgres, app: FastAPI
) -> None:
    await asyncio.to_thread(server.stop)
    async with serving(app) as url:
        market = Market(None, None, "", None, url)  # type: ignore[arg-type]
        async with market.client("ts_live_whoever") as client:
            for _ in range(2):
                with pytest.raises(ApiError) as caught:
                    await client.sites()
                assert (caught.value.status, caught.value.retryable) == (503, True)
            await asyncio.to_thread(server.start)

            async def asks_for_a_key() -> bool:
                answer = await client._http.get("/v1/sites")
                return bool(answer.status_code == 401)

            await until(asks_for_a_key, within=10)


async def test_a_database_that_takes_calls_and_says_nothing_is_away_within_the_limits(clock: Clock) -> None:
    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    mute = await asyncio.start_server(say_nothing, "127.0.0.1", 0)
    dsn = f"postgresql://ts_api@127.0.0.1:{mute.sockets[0].getsockname()[1]}/none"
    app = create_app(Settings(api_dsn=dsn, pool_size=2, acquire_timeout=0.5, statement_timeout=20), clock)
    async with serving(app) as url:
        market = Market(None, None, "", None, url)  # type: ignore[arg-type]
        async with market.client("ts_live_whoever") as client:
            begun = time.monotonic()
            answers = await asyncio.gather(*(client._http.get("/v1/sites") for _ in range(8)))
            assert {answer.status_code for answer in answers} == {503}
            assert time.monotonic() - begun < 3
    mute.close()


async def test_a_database_that_freezes_under_open_connections_is_away_within_the_limits(
    server: EmbeddedPostgres, clock: Clock
) -> None:
    dsn = server.running() or ""
    api = db.as_role(dsn, "ts_api", server.passwords["ts_api"])
    limits = {"acquire_timeout": 0.5, "statement_timeout": 1}
    owner = await db.lazy_pool(dsn, size=1)
    async with serving(create_app(Settings(api_dsn=api, pool_size=2, **limits), clock)) as url:
        market = Market(owner, None, dsn, None, url)  # type: ignore[arg-type]
        client = await market.enterprise("freezer")
        await client.sites()
        query = "SELECT pid FROM pg_stat_activity WHERE usename = 'ts_api' AND datname = current_database()"
        backends = [row["pid"] for row in await owner.fetch(query)]
        postmaster = int((server.home / "data" / "postmaster.pid").read_text().split()[0])
        for pid in (postmaster, *backends):
            os.kill(pid, signal.SIGSTOP)
        try:
            for _ in range(3):
                begun = time.monotonic()
                answers = await asyncio.gather(*(client._http.get("/v1/sites") for _ in range(6)))
                assert {answer.status_code for answer in answers} == {503}
                assert time.monotonic() - begun < 5
        finally:
            for pid in (postmaster, *backends):
                os.kill(pid, signal.SIGCONT)
        await market.close()
    owner.terminate()


def _paths() -> list[tuple[str, str]]:
    """Every route that asks the database."""
    described = create_app(Settings(), Clock()).openapi()["paths"]
    paths = [(method.upper(), path) for path, item in described.items() for method in item]
    return [(method, path) for method, path in paths if not path.startswith("/v1/problems") and path not in UNSTORED]


def _takes(item: dict[str, Any]) -> dict[str, Any]:
    """The forms of body that a path takes."""
    return {
        kind: form for each in item.values() for kind, form in each.get("requestBody", {}).get("content", {}).items()
    }


def _filled(path: str) -> str:
    """With ids that nobody has."""
    return re.sub(r"\{[^}]*\}", "xxx_1", path)


_FORM = {"grant_type": "client_credentials", "client_id": "key_1", "client_secret": "ts_live_1"}
_NOBODYS = {"service_id": "svc_1", "site_id": "site_1", "machine_id": "mch_1"}
UNSTORED = {"/v1/account", "/v1/account/password", "/v1/login/provider", "/v1/processes"}
"""A key is told without the database that these are a person's; what DIN 8580 says is in none."""


def test_this_file_knows_a_body_for_every_route_that_takes_one() -> None:
    described = create_app(Settings(), Clock()).openapi()["paths"]
    needed = {path for path, item in described.items() if "application/json" in _takes(item) and "{" not in path}
    assert needed == {path for path in bodies(_NOBODYS) if "{" not in path}
