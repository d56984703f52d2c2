"""Reads a whole plant through the API, or only what went old of it; each reading is a new value."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from cloud.dashboard.changes import Stale, joined, resume_from, with_bookings
from cloud.dashboard.model import NOTHING_SEEN, Plant
from cloud.dashboard.registry import Registry
from cloud.registry.model import Capacity, Machine, States

AHEAD = timedelta(days=8)
"""How far ahead capacity is read: the longest range shown, and a day, so that it does not run out between readings."""


@dataclass(frozen=True, slots=True)
class Asked:
    """When is asked (business time), and how far back the machines' past is wanted."""

    now: datetime
    back: timedelta

    @property
    def oldest(self) -> datetime:
        return self.now - self.back

    @property
    def farthest(self) -> datetime:
        return self.now + AHEAD


async def outline(registry: Registry, asked: Asked) -> Plant:
    """What few requests tell, whatever the number of machines; their past and their hours are still to be read."""
    enterprise, sites, machines, bookings, parked = await asyncio.gather(
        registry.enterprise(),
        registry.sites(),
        registry.machines(),
        registry.bookings(),
        registry.parked(),
    )
    return Plant(enterprise, asked.now, sites, machines, {}, {}, bookings, parked, outlined=True)


async def survey(registry: Registry, asked: Asked, known: Plant | None = None) -> Plant:
    """Everything that the key may see; its outline is not read again where it is `known`."""
    plant = known or await outline(registry, asked)
    ids = [machine.id for machine in plant.machines]
    states = await asyncio.gather(*(registry.states(identity, asked.oldest, asked.now) for identity in ids))
    capacity = await asyncio.gather(*(registry.capacity(identity, asked.now, asked.farthest) for identity in ids))
    return replace(
        plant,
        states=dict(zip(ids, states, strict=True)),
        capacity=dict(zip(ids, capacity, strict=True)),
        outlined=False,
    )


async def renewed(registry: Registry, plant: Plant, stale: Stale, asked: Asked) -> Plant:
    """The plant with what is stale read again."""
    if stale.everything:
        return await survey(registry, asked)
    machines = await registry.machines() if stale.machines else plant.machines
    new = {machine.id for machine in machines} - {machine.id for machine in plant.machines}
    bookings = await registry.bookings() if stale.all_bookings else plant.bookings
    read = await asyncio.gather(*(registry.booking(identity) for identity in stale.bookings))
    return replace(
        plant,
        seen=asked.now,
        machines=machines,
        sites=await registry.sites() if new else plant.sites,
        states={**plant.states, **await _states(registry, plant, stale.states | new, asked)},
        capacity={**plant.capacity, **await _capacity(registry, machines, stale.capacity | new, asked)},
        bookings=with_bookings(bookings, list(read)),
        parked=await registry.parked() if stale.parked else plant.parked,
    )


async def _states(registry: Registry, plant: Plant, ids: Iterable[str], asked: Asked) -> dict[str, States]:
    async def one(identity: str) -> tuple[str, States]:
        old = plant.states.get(identity, NOTHING_SEEN)
        since = resume_from(old, asked.oldest)
        return identity, joined(old, await registry.states(identity, since, asked.now), since, asked.oldest)

    return dict(await asyncio.gather(*(one(identity) for identity in ids)))


async def _capacity(
    registry: Registry, machines: Iterable[Machine], ids: Iterable[str], asked: Asked
) -> dict[str, Capacity]:
    own = [machine.id for machine in machines if machine.id in set(ids)]
    found = await asyncio.gather(*(registry.capacity(identity, asked.now, asked.farthest) for identity in own))
    return dict(zip(own, found, strict=True))
