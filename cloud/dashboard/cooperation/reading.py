"""Reads all that the page of cooperation shows, with the visitor's rights."""

import asyncio
from collections.abc import Iterable
from functools import partial

from cloud.booking.wire import Booking
from cloud.client import Client
from cloud.cooperation.alliance import Alliance
from cloud.cooperation.inquiry import Inquiry
from cloud.cooperation.model import Agreement
from cloud.cooperation.states import MemberState
from cloud.cooperation.trust import TrustAnswer
from cloud.dashboard.cooperation.view import View
from cloud.dashboard.model import Plant
from cloud.dashboard.registry import Registry
from cloud.dashboard.when import When


async def read(registry: Registry, plant: Plant, when: When, known: TrustAnswer | None) -> View:
    """Raises Away and Refused. `known`: trust figures that are new enough; they add up a quarter of a year."""
    agreements, inquiries, alliances, services = await asyncio.gather(
        registry.ask(lambda api: api.agreements()),
        registry.ask(lambda api: api.inquiries()),
        registry.ask(lambda api: api.alliances()),
        registry.ask(lambda api: api.services()),
    )
    trust = known or await registry.ask(lambda api: api.trust())
    joined = [one.id for one in alliances if one.mine in {MemberState.JOINED, MemberState.LEFT}]
    pools = await asyncio.gather(*(registry.ask(partial(Client.pool, alliance_id=name)) for name in joined))
    earned = await asyncio.gather(*(registry.ask(partial(Client.revenue, alliance_id=name)) for name in joined))
    return View(
        me=plant.enterprise.id,
        scopes=frozenset(plant.enterprise.scopes),
        seen=when.now,
        agreements=tuple(agreements),
        inquiries=tuple(inquiries),
        alliances=tuple(alliances),
        pools=dict(zip(joined, pools, strict=True)),
        revenue=dict(zip(joined, earned, strict=True)),
        trust=trust,
        services=tuple(one for one in services if one.active),
        names=partners(plant.enterprise.id, plant.bookings, agreements, inquiries, alliances),
    )


def partners(
    me: str,
    bookings: Iterable[Booking],
    agreements: Iterable[Agreement],
    inquiries: Iterable[Inquiry],
    alliances: Iterable[Alliance],
) -> dict[str, str]:
    """The enterprises that this one has had to do with, by their ids, in order of their names."""
    found: dict[str, str | None] = {}
    sides: tuple[Booking | Agreement, ...] = (*bookings, *agreements)
    for one in sides:
        found |= {one.provider_id: one.provider_name, one.booker_id: one.booker_name}
    for asked in inquiries:
        found[asked.asker_id] = asked.asker_name
        found |= {quote.provider_id: quote.provider_name for quote in asked.quotes}
        found |= {each.id: each.name for each in asked.asked}
    for alliance in alliances:
        found |= {member.id: member.name for member in alliance.members}
    known = ((identity, name) for identity, name in found.items() if name and identity != me)
    return dict(sorted(known, key=lambda pair: pair[1]))
