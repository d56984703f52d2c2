"""`python -m cloud.bench [--machines N] [searches] [bookings] …`; writes bench-results/cloud.json."""

import argparse
import asyncio
import sys
from collections.abc import Iterator

from rich.console import Console

from cloud.bench.bookings import Booked, Hours, booked, uniform
from cloud.bench.growth import cost
from cloud.bench.load import Taken
from cloud.bench.rig import Rig, load_average, rig
from cloud.bench.searches import RATE, STATEMENTS, Found, found
from cloud.bench.statements import rate_of, speaking
from gateway.bench import Row, show, told

PARTS = ("searches", "bookings", "growth", "statements")
BIG, SMALL, BOOKED = 100_000, 1_000, 10_000

say = Console(stderr=True).print


def least(name: str, value: float, unit: str, reference: float, reach: float) -> Row:
    """A figure that should be at least `reach` times its reference."""
    ratio = round(value / reference, 3)
    return Row(name, round(value, 2), unit, round(reference, 2), ratio, reach, ratio >= reach)


def most(name: str, value: float, unit: str, reach: float, reference: float | None = None) -> Row:
    """A figure that should be at most `reach`, or at most `reach` times its reference."""
    ratio = round(value / reference, 3) if reference else None
    ok = (value if ratio is None else ratio) <= reach
    return Row(name, round(value, 2), unit, round(reference, 2) if reference else None, ratio, reach, ok)


def of_bookings(each: Booked) -> Iterator[Row]:
    ways = (each.bare, each.ours, each.hot, each.pairs)
    yield least("confirmed bookings over HTTP, against a bare endpoint", each.ours.rate, "/s", each.bare.rate, 0.9)
    yield most("  p99", each.ours.ms(0.99), "ms", 1.2, each.bare.ms(0.99))
    yield least("the same on ten hot machines, against uniform", each.hot.rate, "/s", each.ours.rate, 0.6)
    yield most("  p99", each.hot.ms(0.99), "ms", 100.0)
    yield most("  of all these refused or failed (a deadlock would be)", sum(_failed(way) for way in ways), "calls", 0)
    yield least("bundles of two legs, against single bookings", each.pairs.rate, "/s", each.ours.rate, 0.5)


def of_searches(place: Rig, each: Found) -> Iterator[Row]:
    spans = sum(map(len, place.world.templates)) / len(place.world.templates)
    yield told("machines", place.world.machines, "machines")
    yield told("  spans of each over 28 days", spans, "spans")
    yield told("  filled in", place.filled_s, "s")
    for name, taken in each.cases.items():
        yield most(f"search, {name}: first page at {RATE:.0f}/s, p99 of {len(taken.times)}", taken.ms(0.99), "ms", 20.0)
        yield told("  median", taken.ms(0.5), "ms")
        yield most("  of these failed", _failed(taken), "calls", 0)
    yield least("  statements taken in meanwhile", each.statements, "/s", STATEMENTS, 0.95)


def _failed(taken: Taken) -> int:
    return len(taken.times) - taken.succeeded


async def measured(parts: list[str], machines: int) -> list[Row]:
    """The rows of these parts, in one run on one big market."""
    rows: list[Row] = []
    async with rig(machines, say) as big:
        spread = uniform(big.world, BOOKED)
        if "searches" in parts:
            rows += of_searches(big, await found(big, seconds=12.0))
            rows.append(_load("searches"))
        if "bookings" in parts:
            rows += of_bookings(await booked(big, spread, rounds=12, seconds=1.0, say=say))
            rows.append(_load("bookings"))
        if "growth" in parts:
            rows += await _growth(big, spread)
            rows.append(_load("growth"))
        if "statements" in parts:
            async with speaking(big, 0.0) as told_:
                await rate_of(told_, 2.0)
                taken = await rate_of(told_, 10.0)
            rows.append(least("statements of three spans taken in, one worker", taken, "/s", 2000, 1))
            rows.append(_load("statements"))
    return rows


async def _growth(big: Rig, spread: Hours) -> list[Row]:
    async with rig(SMALL, say) as small:
        (books, looks), (more, longer) = await cost([(small, uniform(small.world, SMALL)), (big, spread)], 4.0, say)
    across = f"{SMALL:,} to {big.world.machines:,} machines"
    return [
        most(f"a booking, from {across}: median", more.ms(0.5), "ms", 1.2, books.ms(0.5)),
        most(f"a search, from {across}: median", longer.ms(0.5), "ms", 1.5, looks.ms(0.5)),
    ]


def _load(part: str) -> Row:
    return told(f"load average after {part}", load_average(), "")


def main(arguments: list[str]) -> None:
    """Measure, print a table, and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m cloud.bench", description=__doc__)
    parser.add_argument("--machines", type=int, default=BIG)
    parser.add_argument("parts", nargs="*", metavar="part", help=" ".join(PARTS))
    given = parser.parse_args(arguments)
    show(asyncio.run(measured(list(given.parts or PARTS), given.machines)), "cloud", "the registry under load")


if __name__ == "__main__":
    main(sys.argv[1:])
