"""Searches at a steady pace while statements come in; the answers' times, case by case."""

import asyncio
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from cloud.bench.load import Ask, Server, Taken, paced
from cloud.bench.rig import Rig
from cloud.bench.statements import rate_of, speaking
from cloud.bench.world import CROWDED, DAYS, PROCESSES, World

Case = Callable[[World, random.Random], dict[str, object]]
RATE = 50.0
STATEMENTS = 200.0
KM = 150


@dataclass(frozen=True, slots=True)
class Found:
    """By case; `statements`: how many a second were taken in meanwhile."""

    cases: Mapping[str, Taken]
    statements: float


def narrow(world: World, chance: random.Random) -> dict[str, object]:
    """Kind, process, place, window with duration, confidence and price."""
    latitude, longitude = chance.choice(world.places)
    return {
        **_window(world, chance),
        "process": chance.choice(PROCESSES[1:]),
        "near": {"latitude": latitude + chance.gauss(0, 0.3), "longitude": longitude + chance.gauss(0, 0.3), "km": KM},
        "max_price": {"amount": "1200.00", "currency": "EUR"},
    }


def crowded(world: World, chance: random.Random) -> dict[str, object]:
    """The 200 cheapest are fully booked."""
    return {**_window(world, chance), "process": CROWDED, "max_price": {"amount": "1200.00", "currency": "EUR"}}


def _window(world: World, chance: random.Random) -> dict[str, object]:
    start = world.begin + timedelta(hours=chance.randrange(24, 24 * (DAYS - 8)))
    hours = chance.choice((24, 48, 168))
    return {
        "kind": "processing",
        "start": start,
        "end": start + timedelta(hours=hours),
        "duration": chance.choice(("PT2H", "PT4H", "PT8H")),
        "quantity": 1,
        "min_confidence": 2,
    }


CASES: dict[str, Case] = {"near": narrow, "crowded": crowded}


async def found(place: Rig, *, seconds: float, statements: float = STATEMENTS) -> Found:
    """The cases take turns, each at the whole pace for `seconds`."""
    cases: dict[str, Taken] = {}
    async with place.api() as api, speaking(place, statements) as told:
        counted = asyncio.create_task(rate_of(told, len(CASES) * seconds))
        for name, case in CASES.items():
            ask = asking(api, place.world, case)
            await paced(api, ask, 3.0, RATE / 2)
            cases[name] = await paced(api, ask, seconds, RATE)
        return Found(cases, await counted)


def asking(server: Server, world: World, case: Case = narrow) -> Ask:
    """The next search of a case."""
    chance = random.Random(11)  # noqa: S311 - a bench's own dice

    def ask() -> bytes:
        return server.post("/v1/search", case(world, chance))

    return ask
