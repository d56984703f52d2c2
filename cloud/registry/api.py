"""The routes of an enterprise's own things: sites, agents and services."""

import base64
import secrets
from typing import Annotated, TypeVar

import asyncpg
from fastapi import APIRouter, Depends, Path, Request, Response

from cloud.api import kept
from cloud.api.call import AdminCall, ProvideCall, ReadCall
from cloud.api.catalogue import IDEMPOTENCY_SHOWN_ONCE, NAME_TAKEN, NOT_FOUND
from cloud.api.idempotency import KEYED, Key, intention
from cloud.api.page import Page
from cloud.api.paging import Ask, asked
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.ids import new_id
from cloud.registry import store
from cloud.registry.model import (
    Agent,
    AgentRequest,
    Enterprise,
    NewAgent,
    Service,
    ServiceRequest,
    Site,
    SiteRequest,
)
from cloud.registry.prices import PriceBand
from cloud.registry.processes import TABLE as PROCESS_TABLE
from cloud.registry.processes import Processes
from gateway.money import Money

Thing = TypeVar("Thing")
Item = TypeVar("Item")

router = APIRouter(prefix="/v1", tags=["registry"])

AnId = Annotated[str, Path(max_length=64)]
AnAsk = Annotated[Ask, Depends(asked)]


@router.get("/enterprise")
async def read_enterprise(call: ReadCall) -> Enterprise:
    """Who am I: the key's enterprise and scopes."""
    async with call.rows() as rows:
        name = await store.enterprise_name(rows, call.tenant)
    return Enterprise(id=call.tenant, name=name or "", scopes=tuple(sorted(call.scopes)))


@router.get("/processes")
async def list_processes(call: ReadCall) -> Processes:  # noqa: ARG001 - a key is asked for, as everywhere
    """What a service's `process` may be: the classes of DIN 8580, each after the group that it belongs to."""
    return PROCESS_TABLE


@router.post("/sites", status_code=201, responses=documented(*KEYED, NAME_TAKEN))
async def add_site(call: ProvideCall, key: Key, request: Request, wanted: SiteRequest) -> Site:
    """Add a plant."""
    meant = intention(key, request, wanted)
    made = Site(id=new_id("site"), created_at=call.now, **wanted.model_dump())
    try:
        async with call.rows() as rows:
            if before := await kept.answer(rows, call.tenant, meant):
                return Site.model_validate(before)
            await store.add_site(rows, call.tenant, made.id, wanted, call.now)
            await kept.keep(rows, call.tenant, meant, made, call.now)
    except asyncpg.UniqueViolationError as error:
        raise _taken(wanted.name) from error
    return made


@router.get("/sites")
async def list_sites(call: ReadCall, ask: AnAsk) -> Page[Site]:
    """The enterprise's plants, oldest first."""
    async with call.rows() as rows:
        found = await store.sites(rows, call.tenant, ask)
    return page(ask, found, [Site.model_validate(dict(row)) for row in found])


@router.get("/sites/{site_id}", responses=documented(NOT_FOUND))
async def read_site(call: ReadCall, site_id: AnId) -> Site:
    """One plant."""
    async with call.rows() as rows:
        return Site.model_validate(dict(known(await store.site(rows, call.tenant, site_id))))


@router.post("/agents", status_code=201, responses=documented(*KEYED, IDEMPOTENCY_SHOWN_ONCE, NAME_TAKEN, NOT_FOUND))
async def add_agent(call: AdminCall, key: Key, request: Request, wanted: AgentRequest) -> NewAgent:
    """Let an edge agent in. Its link key is in this answer and never shown again, not even to a repeated call."""
    meant, secret = intention(key, request, wanted), secrets.token_bytes(32)
    made = Agent(id=new_id("agt"), key_id=new_id("lnk"), created_at=call.now, **wanted.model_dump())
    try:
        async with kept.shown_once(call, meant, made) as rows:
            known(await store.site(rows, call.tenant, wanted.site_id), f"no site {wanted.site_id}")
            await store.add_agent(rows, call.tenant, made, secret)
    except asyncpg.UniqueViolationError as error:
        raise _taken(wanted.name) from error
    return NewAgent(key=base64.b64encode(secret).decode(), **made.model_dump())


@router.get("/agents")
async def list_agents(call: ReadCall, ask: AnAsk) -> Page[Agent]:
    """The enterprise's edge agents, without their keys."""
    async with call.rows() as rows:
        found = await store.agents(rows, call.tenant, ask)
    return page(ask, found, [Agent.model_validate(dict(row)) for row in found])


@router.get("/agents/{agent_id}", responses=documented(NOT_FOUND))
async def read_agent(call: ReadCall, agent_id: AnId) -> Agent:
    """One edge agent, without its key."""
    async with call.rows() as rows:
        return Agent.model_validate(dict(known(await store.agent(rows, call.tenant, agent_id))))


@router.post("/services", status_code=201, responses=documented(*KEYED, NOT_FOUND))
async def add_service(call: ProvideCall, key: Key, request: Request, wanted: ServiceRequest) -> Service:
    """Offer machines as a service. A booking that names no machine gets the first free one in the order given."""
    meant, identity = intention(key, request, wanted), new_id("svc")
    async with call.rows() as rows:
        if before := await kept.answer(rows, call.tenant, meant):
            return Service.model_validate(before)
        own = await store.own_machines(rows, call.tenant, wanted.machine_ids)
        for machine_id in wanted.machine_ids:
            known(machine_id in own or None, f"no machine {machine_id}")
        if wanted.partner_id:
            known(await store.is_partner(rows, call.tenant, wanted.partner_id) or None, "no such partner of yours")
        await store.add_service(rows, call.tenant, identity, wanted, call.now)
        made = service(known(await store.service(rows, call.tenant, identity)))
        await kept.keep(rows, call.tenant, meant, made, call.now)
    return made


@router.get("/services")
async def list_services(call: ReadCall, ask: AnAsk) -> Page[Service]:
    """The enterprise's own services; other enterprises' are found by search."""
    async with call.rows() as rows:
        found = await store.services(rows, call.tenant, ask)
    return page(ask, found, [service(row) for row in found])


@router.get("/services/{service_id}", responses=documented(NOT_FOUND))
async def read_service(call: ReadCall, service_id: AnId) -> Service:
    """One of the enterprise's own services."""
    async with call.rows() as rows:
        return service(known(await store.service(rows, call.tenant, service_id)))


@router.delete("/services/{service_id}", status_code=204, responses=documented(NOT_FOUND))
async def withdraw_service(call: ProvideCall, service_id: AnId) -> Response:
    """Withdraw a service: no longer found or booked. What is booked stays booked."""
    async with call.rows() as rows:
        known(await store.withdraw_service(rows, call.tenant, service_id) or None)
    return Response(status_code=204)


def known(thing: Thing | None, detail: str = "") -> Thing:
    """The thing itself. Raises the problem `not_found`, alike for what is foreign and what does not exist."""
    if thing is None:
        raise Problem(NOT_FOUND, detail)
    return thing


def page(ask: Ask, found: store.Rows, items: list[Item]) -> Page[Item]:
    """The page, with the cursor of its last item where more follow."""
    last = (found[ask.limit - 1]["created_at"], found[ask.limit - 1]["id"]) if len(found) > ask.limit else None
    return ask.turn(items, last)


def service(row: asyncpg.Record) -> Service:
    """A row of `service`, with its `machine_ids`."""
    value = dict(row)
    currency = value.pop("price_currency")
    value["price"] = Money(amount=value.pop("price_amount"), currency=currency)
    value["setup_fee"] = Money(amount=value.pop("setup_fee_amount"), currency=currency)
    each = value.pop("unit_price")
    value["unit_price"] = Money(amount=each, currency=currency) if each else None
    value["price_bands"] = [PriceBand.of(band, currency) for band in value["price_bands"]]
    value.pop("enterprise_id")
    return Service.model_validate(value)


def _taken(name: str) -> Problem:
    return Problem(NAME_TAKEN, f"your enterprise uses the name {name!r} already")
