"""The API or the database dies between commit and answer: asked again with the same key, the same comes back."""

import asyncio
import os
import shutil
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from itertools import count
from typing import Any

import asyncpg
import pytest
from api_market import Market, until
from lost_answers import MAKERS, Deed, Mute, committed, deeds
from own_postgres import new_folder, outside

from cloud import db
from cloud.booking.audit import audit
from cloud.client import ApiError, ApiUnreachable, Client
from cloud.config import Settings
from cloud.embedded.postgres import EmbeddedPostgres
from gateway.clock import VARIABLE, Clock
from gateway.ports import free_port

NUMBERS = count(1)
SAME = [
    f"SELECT count(*) FROM {table}"  # noqa: S608 - our own names
    for table in ("claim", "claim_history", "outgoing", "waiting", "bundle", "idempotency")
]
"""What a repeated call must leave as it is."""


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedPostgres]:
    """A server of this file's own, with fsync on, to be killed; migrated."""
    folder = new_folder()
    made = EmbeddedPostgres(folder)
    try:
        outside(db.migrate(made.start(), made.passwords))
        yield made
    finally:
        made.remove()
        shutil.rmtree(folder)


@pytest.fixture
def dsn(server: EmbeddedPostgres) -> str:
    """A fresh database on that server, as its superuser."""
    template = server.running() or ""
    base, _, name = template.rpartition("/")
    fresh = f"fresh_{next(NUMBERS)}"
    outside(_say(f"{base}/postgres", f"CREATE DATABASE {fresh} TEMPLATE {name}"))
    return f"{base}/{fresh}"


async def _say(dsn: str, statement: str) -> None:
    connection = await asyncpg.connect(dsn)
    await connection.execute(statement)
    await connection.close()


class Api:
    """The API as a process of its own, to be killed and started again."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self.port = settings.api_port
        self._environment = {**os.environ, **settings.environment(), VARIABLE: str(clock)}
        self._process: asyncio.subprocess.Process | None = None

    async def start(self) -> None:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "cloud.server", env=self._environment
        )
        async with Client(f"http://127.0.0.1:{self.port}", "none") as client:

            async def answers() -> bool:
                try:
                    return bool((await client.health())["status"])
                except (ApiUnreachable, ApiError):
                    return False

            await until(answers, within=60)

    async def kill(self) -> None:
        if self._process and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()


@asynccontextmanager
async def arranged(
    server: EmbeddedPostgres, dsn: str, clock: Clock, **limits: Any
) -> AsyncIterator[tuple[Market, Api, Mute]]:
    """A market behind an API that reaches its database through a relay, which listens for now."""
    roles = [dsn, db.as_role(dsn, "ts_ingest", server.passwords["ts_ingest"])]
    pools: list[Any] = [await db.lazy_pool(role, size=4) for role in roles]
    host, _, port = db.as_role(dsn, "ts_api", server.passwords["ts_api"]).rpartition(":")
    async with Mute(int(port.partition("/")[0])).running() as wire:
        through = f"{host}:{wire.port}/{port.partition('/')[2]}"
        settings = Settings(api_dsn=through, ingest_dsn=roles[1], api_port=free_port(), statement_timeout=60, **limits)
        api = Api(settings, clock)
        try:
            await api.start()
            market = await _market(pools, dsn, settings)
            yield market, api, wire
            await market.close()
        finally:
            await api.kill()
    for pool in pools:
        pool.terminate()


async def _market(pools: list[Any], dsn: str, settings: Settings) -> Market:
    market = Market(*pools, dsn, None, settings.api_url)
    for name in ("maker", "buyer", "rival"):
        await market.enterprise(name)
    return market


async def counted(market: Market) -> list[int]:
    return [await market.owner.fetchval(query) for query in SAME]


def who(market: Market, name: str) -> str:
    return market.enterprises["maker" if name in MAKERS else "buyer"].key


async def asked_unheard(market: Market, work: dict[str, Deed], round_: str) -> dict[str, str]:
    """Each is asked for, once, over a network that loses the answer; what each key has made by then."""
    port = int(market.url.rpartition(":")[2])
    async with Mute(port, deaf=True).running() as mute:
        url = f"http://127.0.0.1:{mute.port}"
        clients = {name: Client(url, who(market, name)) for name in work}
        calls = [asyncio.create_task(deed(clients[name], _key(round_, name))) for name, deed in work.items()]
        made = await committed(market, {_key(round_, name) for name in work})
    told = await asyncio.gather(*calls, return_exceptions=True)
    assert [type(answer) for answer in told] == [ApiUnreachable] * len(work)
    for client in clients.values():
        await client.close()
    return made


async def asked_again(market: Market, work: dict[str, Deed], round_: str, made: dict[str, str]) -> None:
    """With the same key each gets what it has made already, and nothing more is made."""
    before = await counted(market)
    for name, deed in work.items():
        async with Client(market.url, who(market, name)) as client:
            answer = await deed(client, _key(round_, name))
            assert answer.id == made[_key(round_, name)], name
            assert await deed(client, _key(round_, name)) == answer, name
    assert await counted(market) == before
    assert await audit(market.owner) == []


def _key(round_: str, name: str) -> str:
    return f"{round_}-{name}".replace(" ", "-")


async def test_the_api_is_killed_between_commit_and_answer(server: EmbeddedPostgres, dsn: str, clock: Clock) -> None:
    async with arranged(server, dsn, clock) as (market, api, _):
        work = await deeds(market)
        made = await asked_unheard(market, work, "api")
        await api.kill()
        await api.start()
        await asked_again(market, work, "api", made)


async def test_the_database_is_killed_between_commit_and_answer(
    server: EmbeddedPostgres, dsn: str, clock: Clock
) -> None:
    """It has committed, and the word of it never comes to the API: which cannot know, says so, and is asked again."""
    async with arranged(server, dsn, clock, pool_size=1) as (market, _, wire):
        work = await deeds(market)
        made: dict[str, str] = {}
        since = datetime.fromtimestamp(0, UTC)
        clients = {who(market, name): Client(market.url, who(market, name)) for name in work}
        for name, deed in work.items():
            await _listening(market, since)
            await _rehearsed(market, name)
            since = await market.owner.fetchval("SELECT clock_timestamp()")
            wire.deaf = True
            call = asyncio.create_task(deed(clients[who(market, name)], _key("wire", name)))
            made |= await committed(market, {_key("wire", name)})
            killed = name == "accept"
            if killed:
                os.kill(int((server.home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)
            await wire.cut()
            wire.deaf = False
            await wire.start()
            with pytest.raises(ApiError) as caught:
                await call
            assert (caught.value.code, caught.value.retryable) == ("database.away", True), name
            if killed:
                await asyncio.to_thread(server.start)
        for client in clients.values():
            await client.close()
        await asked_again(market, work, "wire", made)


async def _listening(market: Market, since: datetime) -> None:
    """The API has begun to listen since then; when it does, it asks for every key anew."""

    async def listens() -> bool:
        query = "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%ts_news($1)' AND backend_start > $1"
        return bool(await market.owner.fetchval(query, since))

    await until(listens, within=30)


async def _rehearsed(market: Market, name: str) -> None:
    """The same call of something that nobody has: its statement is then prepared, and takes one round trip."""
    headers = {"Idempotency-Key": f"rehearsal-{name}".replace(" ", "-"), "Authorization": f"Bearer {who(market, name)}"}
    span = {"start": "2026-03-02T08:00:00Z", "end": "2026-03-02T09:00:00Z"}
    wish = {"service_id": "svc_none", **span}
    booking = {**wish, "work": {"work_master": "x", "quantity": 1}}
    bodies: dict[str, tuple[str, dict[str, Any]]] = {
        "hold": ("/v1/holds", wish),
        "book": ("/v1/bookings", booking),
        "redeem": ("/v1/bookings", booking),
        "extend": ("/v1/holds/hld_none/extend", {}),
        "amend": ("/v1/bookings/bkg_none", {"quantity": 2}),
        "bundle": ("/v1/bundles", {"legs": [booking]}),
        "series": ("/v1/series", {**booking, "times": 2}),
        "cancel bundle": ("/v1/bundles/bnd_none/cancel", {}),
        "wait": ("/v1/waiting", {**wish, "duration": "PT1H"}),
    }
    path, body = bodies.get(name, (f"/v1/bookings/bkg_none/{name}", {}))
    method = "PATCH" if name == "amend" else "POST"
    http = market.clients["buyer"]._http
    answer = await http.request(method, path, json=body, headers=headers)
    assert answer.status_code in {404, 409}, answer.text
