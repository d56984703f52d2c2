"""A market to measure in: machines by the thousand with a month of offers, some of it taken; written by COPY."""

import hashlib
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import asyncpg

from cloud.db import prepare
from cloud.partners.model import Secret

DAYS = 28
SPANS = 56
"""Per machine and month, as `make bench-forecast` finds it of the edge's own forecast: 55.5 in the mean, at most 72."""
TEMPLATES = 96
PROCESSES = tuple(f"{group}.{number}" for group in ("1.1", "2.1", "3.2", "3.3") for number in range(1, 6))
"""Codes of DIN 8580."""
PER_SITE, PER_ENTERPRISE = 20, 200
CENTRES = 40
FULL = 200
"""The cheapest of one process at one place, all of whose hours are taken."""
CROWDED = PROCESSES[0]
FILES = ("world", "claims", "guards", "after")
_SQL = Path(__file__).parent / "sql"
TAKEN = timedelta(hours=2)
"""Of one free piece in ten, its end."""
_QUARTER = timedelta(minutes=15)


@dataclass(frozen=True, slots=True)
class Piece:
    """Of a template: when, in seconds after the month's start, and what."""

    start: int
    end: int
    available: bool
    confidence: int

    def row(self, template: int, number: int) -> tuple[object, ...]:
        kind, reason = ("Available", "idle") if self.available else ("Committed", "planned")
        chance = (0.3, 0.6, 0.8, 0.93, 0.98)[self.confidence - 1]
        return (template, number, self.start, self.end, kind, reason, self.confidence, chance, 0.01)


@dataclass(frozen=True, slots=True)
class World:
    """`begin`: the first instant of every offer (each machine's is later by its number's share of a day)."""

    machines: int
    begin: datetime
    secret: Secret
    templates: tuple[tuple[Piece, ...], ...]
    places: tuple[tuple[float, float], ...]

    def slots(self, number: int) -> Iterator[datetime]:
        """Each quarter hour that a bookable machine has free a day from the start or later."""
        first = self.begin + timedelta(days=1)
        for piece in self.templates[number % TEMPLATES]:
            at, end = (self.begin + timedelta(seconds=each + shift(number)) for each in (piece.start, piece.end))
            while piece.available and at + _QUARTER <= end - TAKEN:
                if at >= first:
                    yield at
                at += _QUARTER


def shift(number: int) -> int:
    """Seconds by which a machine's month is later than its template's."""
    return number * 7919 % 96 * 900


def machine(number: int) -> str:
    return f"mch_{_identity(number)}"


def service(number: int) -> str:
    return f"svc_{_identity(number)}"


def _identity(number: int) -> str:
    """Shaped like those of cloud.ids: what was made together begins alike, and the rest is random."""
    return f"01ka{number * 977:09x}" + hashlib.sha256(str(number).encode()).hexdigest()[:13]


def process(number: int) -> str:
    return PROCESSES[number * 2654435761 % 2**32 % len(PROCESSES)]


def visibility(number: int) -> str:
    """Four in five are for everybody."""
    return "open" if number % TEMPLATES == 0 else ("open", "open", "open", "open", "partners")[number * 31 % 97 % 5]


def bookable(number: int) -> bool:
    """Whether the buyer sees it and some of its hours are free for sure."""
    return visibility(number) == "open" and process(number) != CROWDED


def month(chance: random.Random) -> tuple[Piece, ...]:
    """A template of about SPANS pieces: orders by day, most nights and weekends free, surer the sooner."""
    pieces: list[Piece] = []
    for day in range(DAYS):
        opens, sure = day * 86_400, 5 - day // 7
        busy = chance.random() < (0.85 if day % 7 < 5 else 0.25)
        cuts = sorted(chance.sample(range(5, 23), chance.choice((1, 2)) if busy else chance.choice((0, 0, 1))))
        edges = [0, *cuts, 24]
        for place, (start, end) in enumerate(pairwise(edges)):
            taken = busy and place == 1
            confidence = max(1, min(5, sure + chance.choice((-1, 0, 0))))
            pieces.append(Piece(opens + start * 3600, opens + end * 3600, not taken, confidence))
    return tuple(pieces)


def hot() -> tuple[Piece, ...]:
    """All of the month, in as many pieces."""
    length = DAYS * 86_400 // SPANS
    return tuple(Piece(each * length, (each + 1) * length, True, 4 + each % 2) for each in range(SPANS))


def made(machines: int, now: datetime) -> World:
    """The same for the same number; the first template is free throughout."""
    chance = random.Random(machines)  # noqa: S311 - a bench's own dice
    templates = (hot(), *(month(chance) for _ in range(TEMPLATES - 1)))
    places = tuple((chance.uniform(42, 58), chance.uniform(-4, 26)) for _ in range(CENTRES))
    begin = datetime(now.year, now.month, now.day, tzinfo=UTC)
    return World(machines, begin, Secret.new(live=False), templates, places)


async def fill(dsn: str, world: World) -> None:
    """Write it into an empty database, as the superuser whose DSN it is."""
    connection = await asyncpg.connect(dsn, command_timeout=1800)
    try:
        await prepare(connection)
        await connection.execute("SET session_replication_role = replica; SET maintenance_work_mem = '512MB'")
        await connection.execute((_SQL / "before.sql").read_text())
        for table, rows in _tables(world).items():
            await connection.copy_records_to_table(table, records=rows[1], columns=rows[0].split())
        for name in FILES:
            await connection.execute(
                (_SQL / f"{name}.sql").read_text().replace(":begin", f"'{world.begin.isoformat()}'")
            )
        # As autovacuum leaves what has lain for a while: else whoever reads a row first writes that it may stay.
        await connection.execute("VACUUM (ANALYZE)")
        await connection.execute("CHECKPOINT")
    finally:
        await connection.close()


def _tables(world: World) -> dict[str, tuple[str, Iterator[tuple[object, ...]]]]:
    known = range(world.machines)
    enterprises = range(-1, (world.machines - 1) // PER_ENTERPRISE + 1)
    sites = range((world.machines - 1) // PER_SITE + 1)
    chance, now = random.Random(1), world.begin  # noqa: S311 - a bench's own dice
    spread = [
        (latitude + chance.gauss(0, 0.6), longitude + chance.gauss(0, 0.9))
        for latitude, longitude in (world.places[site % CENTRES] for site in sites)
    ]
    return {
        "enterprise": ("id name created_at", ((_of(each), f"enterprise {each}", now) for each in enterprises)),
        "api_key": (
            "id enterprise_id name prefix hash scopes created_at",
            iter([("key_bench", _of(-1), "bench", world.secret.prefix, world.secret.hash, ["read", "book"], now)]),
        ),
        "site": (
            "id enterprise_id name zone latitude longitude created_at",
            ((f"site_{s}", _owner(s * PER_SITE), f"{s}", "Europe/Berlin", *spread[s], now) for s in sites),
        ),
        "agent": (
            "id enterprise_id site_id name key_id key created_at",
            ((f"agt_{s}", _owner(s * PER_SITE), f"site_{s}", f"{s}", "k1", agent_key(s), now) for s in sites),
        ),
        "machine": (
            "id enterprise_id site_id agent_id name profile created_at last_receipt_at",
            (
                (
                    machine(n),
                    _owner(n),
                    f"site_{n // PER_SITE}",
                    f"agt_{n // PER_SITE}",
                    f"m{n}",
                    "mill",
                    now,
                    _later(now),
                )
                for n in known
            ),
        ),
        "service": (
            "id enterprise_id name kind process instant visibility price_amount price_currency price_bands notice "
            "min_duration max_duration min_confidence created_at",
            (_service(n, now, chance) for n in known),
        ),
        "service_machine": ("service_id machine_id", ((service(n), machine(n)) for n in known)),
        "bench_template": (
            "template number start_s end_s type reason confidence chance fading",
            (
                piece.row(template, number)
                for template, pieces in enumerate(world.templates)
                for number, piece in enumerate(pieces)
            ),
        ),
        "bench_shift": ("machine_id template shift_s", ((machine(n), n % TEMPLATES, shift(n)) for n in known)),
    }


def _service(number: int, now: datetime, chance: random.Random) -> tuple[object, ...]:
    price = chance.randrange(2000, 12000) / 100
    night = {
        "price": f"{price * 0.8:.2f}",
        "least": 1,
        "most": 5,
        "days": [1, 2, 3, 4, 5, 6, 7],
        "start": 1320,
        "end": 360,
    }
    bands = [night] if number % 10 == 3 else []
    terms = (timedelta(hours=chance.choice((0, 0, 1, 4))), timedelta(0), timedelta(days=14), 1)
    return (
        *(
            service(number),
            _owner(number),
            f"service {number}",
            "processing",
            process(number),
            True,
            visibility(number),
        ),
        *(price, "EUR", bands, *terms, now),
    )


def _owner(number: int) -> str:
    return _of(number // PER_ENTERPRISE)


def _of(number: int) -> str:
    return f"ent_{number}" if number >= 0 else "ent_buyer"


def agent_key(number: int) -> bytes:
    """What agent `number` seals its packets with."""
    return hashlib.sha256(str(number).encode()).digest()


def _later(now: datetime) -> datetime:
    """Heard of for as long as anybody measures."""
    return now + timedelta(days=2)
