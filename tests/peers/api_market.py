"""A small market behind the API: two plants, their machines and services, and partners with keys."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

import asyncpg
import httpx2
from fastapi import FastAPI

from cloud.booking.wire import BookingRequest, HoldRequest, Work
from cloud.client import Client
from cloud.market.model import SearchRequest
from cloud.office import NewEnterprise, create_enterprise
from cloud.registry.model import AgentRequest, ServiceRequest, SiteRequest
from cloud.server import Server
from gateway.money import Money
from gateway.ports import free_port

START = datetime(2026, 3, 2, 6, tzinfo=UTC)
"""When business time starts in these tests; it runs as fast as ours."""


def at(hours: float) -> datetime:
    """A moment, in hours after START."""
    return START + timedelta(hours=hours)


def piece(start: float, end: float, quantity: int = 1, confidence: int = 5, **more: object) -> dict[str, object]:
    """A piece of a statement, Available unless said otherwise."""
    span = {"start": at(start).isoformat(), "end": at(end).isoformat()}
    return {"type": "Available", "reason": "idle", **span, "quantity": quantity, "confidence": confidence, **more}


def work(quantity: int = 10, work_master: str = "bracket") -> Work:
    return Work(work_master=work_master, quantity=quantity)


def wanted(service_id: str, start: float, end: float, **more: Any) -> HoldRequest:
    return HoldRequest(service_id=service_id, start=at(start), end=at(end), **more)


def booking(service_id: str, start: float, end: float, **more: Any) -> BookingRequest:
    return BookingRequest(service_id=service_id, start=at(start), end=at(end), work=work(), **more)


def need(start: float, end: float, hours: float = 1, **more: Any) -> SearchRequest:
    return SearchRequest(start=at(start), end=at(end), duration=timedelta(hours=hours), **more)


@dataclass
class Market:
    """Arranges facts as the database's owner, says what plants say as ingest, and hands out clients by name."""

    owner: asyncpg.Pool
    ingest: asyncpg.Pool
    dsn: str
    transport: httpx2.AsyncBaseTransport | None
    url: str = "http://api"
    enterprises: dict[str, NewEnterprise] = field(default_factory=dict)
    clients: dict[str, Client] = field(default_factory=dict)
    versions: Any = field(default_factory=lambda: count(1))

    async def enterprise(self, name: str) -> Client:
        made = self.enterprises[name] = await create_enterprise(self.dsn, name, START)
        self.clients[name] = self.client(made.key)
        return self.clients[name]

    def client(self, key: str, **more: Any) -> Client:
        return Client(self.url, key, transport=self.transport, **more)

    def id(self, name: str) -> str:
        return self.enterprises[name].id

    async def plant(self, name: str, *machines: str, zone: str = "Europe/Vienna", **place: float) -> list[str]:
        """A site, an agent and its machines (name or name:quantity), as announced; returns the machines' ids."""
        client = self.clients[name]
        site = await client.add_site(SiteRequest(name=f"{name} works", zone=zone, **place))
        agent = await client.add_agent(AgentRequest(name=f"{name} agent", site_id=site.id))
        return [await self.machine(name, site.id, agent.id, *machine.split(":")) for machine in machines]

    async def machine(self, maker: str, site_id: str, agent_id: str, name: str, quantity: str = "1") -> str:
        machine_id = f"mch_{maker}{name}".lower().replace(" ", "")
        await self.owner.execute(
            "INSERT INTO machine (id, enterprise_id, site_id, agent_id, name, profile, quantity, created_at,"
            " last_receipt_at) VALUES ($1, $2, $3, $4, $5, 'mill', $6, $7, $8)",
            *(machine_id, self.id(maker), site_id, agent_id, name, int(quantity), START, at(1)),
        )
        return machine_id

    async def states(self, machine_id: str, *pieces: dict[str, object], lease: float = 24, end: float = 400) -> None:
        """The plant's statement: these pieces and nothing else."""
        said = {
            "v": 1,
            "kind": "statement",
            "machine": "m",
            "version": next(self.versions),
            "issued_at": START.isoformat(),
            "valid_until": at(lease).isoformat(),
            "start": START.isoformat(),
            "end": at(end).isoformat(),
            "spans": list(pieces),
        }
        await self.ingest.fetchval("SELECT ts_apply_statement($1, $2, $3)", machine_id, said, START)

    async def service(self, maker: str, *machines: str, amount: str = "60.00", **terms: Any) -> str:
        given = {"name": "milling", "process": "milling", "price": Money(amount=amount, currency="EUR"), **terms}
        return (await self.clients[maker].add_service(ServiceRequest(machine_ids=machines, **given))).id

    async def offer(self, maker: str = "maker", *pieces: dict[str, object], **terms: Any) -> tuple[str, str]:
        """One machine free for two days (or as the pieces say) and a service on it: (service id, machine id)."""
        (machine_id,) = await self.plant(maker, f"m{next(self.versions)}")
        await self.states(machine_id, *(pieces or (piece(0, 48),)))
        return await self.service(maker, machine_id, **terms), machine_id

    async def close(self) -> None:
        for client in self.clients.values():
            await client.close()


async def until(ask: Callable[[], Awaitable[object]], within: float = 5.0) -> None:
    """Ask again and again until the answer is true."""
    async with asyncio.timeout(within):
        while not await ask():  # noqa: ASYNC110 - what is asked about lives in another process
            await asyncio.sleep(0.02)


@asynccontextmanager
async def serving(app: FastAPI) -> AsyncIterator[str]:
    """The app on a real socket in this process; yields its URL."""
    server = Server(app, "127.0.0.1", free_port())
    running = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - it has no event to wait for
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{server.config.port}"
    finally:
        server.handle_exit(signal.SIGTERM, None)
        server._captured_signals.clear()
        await running


async def streams(app: FastAPI, number: int) -> bool:
    """Whether so many event streams are open."""
    waiting = app.state.desk.hub._waiting.values()
    return sum(map(len, waiting)) == number
