"""`python -m edge.bench [throughput] [machines] …`: measures, prints a table, and writes bench-results/edge.json."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence

from rich.console import Console

from edge.bench import foreign, latency, throughput
from edge.bench.rig import Rig, rig
from gateway.bench import Row, show, told

ROUNDS = 2
SECONDS, LONG = 15.0, 45.0
LATENCY_SECONDS = 30.0

say = Console(stderr=True).print


def least(name: str, value: float, unit: str, reference: float, reach: float) -> Row:
    """A figure that should be at least `reach` times its reference."""
    ratio = round(value / reference, 2)
    return Row(name, round(value), unit, round(reference), ratio, reach, ratio >= reach)


def most(name: str, value: float, unit: str, reach: float) -> Row:
    """A figure that should be at most `reach`."""
    return Row(name, round(value, 3), unit, reach=reach, ok=value <= reach)


async def _throughput(place: Rig) -> Sequence[Row]:
    bare, ours = [], []
    for number in range(ROUNDS):
        bare.append(await throughput.bare(place, SECONDS))
        ours.append(await throughput.ours(place, LONG if number else SECONDS))
        each = [f"{who.per_core:,.0f}/s/core at {who.rate:,.0f}/s" for who in (bare[-1], ours[-1])]
        say(f"  bare {each[0]}; ours {each[1]}")
    ceiling = sum(each.values for each in bare) / sum(each.cpu for each in bare)
    reached = sum(each.values for each in ours) / sum(each.cpu for each in ours)
    last = ours[-1]
    return [
        least("1,000 signals at 10 Hz, acknowledged, against a bare client", reached, "values/s/core", ceiling, 0.9),
        least("  arrived, of what the server wrote", last.rate, "values/s", last.written, 0.97),
        most("  of these lost in the post", sum(each.lost for each in ours), "values", 0),
        told("  on the wire", last.size / last.values, "bytes/value"),
        most("  memory of the agent (forecast off)", last.last_mb, "MB", 90),
        told("  memory of the bare client", bare[-1].last_mb, "MB"),
        most(f"  growth of the agent's memory in {LONG:.0f} s", last.last_mb - last.first_mb, "MB", 2),
    ]


async def _foreign(place: Rig) -> Sequence[Row]:
    if not foreign.installed():
        say(f"  left out: no node-opcua in {foreign.FOLDER}; `make peers` installs it")
        return []
    back = await foreign.restarted(place)
    cut = await foreign.cut(place)
    return [
        most("foreign server dead for 4 s: values are at the far end again after", back, "s", 8),
        most("network cut for 4 s: lost", cut.missing(), f"of {len(cut.seen)} values", 0),
        most("network cut for 4 s: doubled", cut.doubled(), "values", 0),
    ]


async def _latency(place: Rig) -> Sequence[Row]:
    found = await latency.delays(place, LATENCY_SECONDS)
    at = [found[min(len(found) - 1, int(share * len(found)))] for share in (0.5, 0.99)]
    return [
        told(f"change at the machine to commit in the cloud, median of {len(found)}", 1000 * at[0], "ms"),
        most("  p99", 1000 * at[1], "ms", 300),
    ]


async def _machines(place: Rig) -> Sequence[Row]:
    many = await throughput.ours(place, SECONDS, machines=200, signals=5, rate=1.0)
    return [
        most("200 machines of 5 signals at 1 Hz in one agent: memory", many.last_mb, "MB", 200),
        told("  CPU", 100 * many.cpu / many.seconds, "% of a core"),
        least("  arrived", many.rate, "values/s", 1000, 0.97),
    ]


PARTS: dict[str, Callable[[Rig], Awaitable[Sequence[Row]]]] = {
    "throughput": _throughput,
    "foreign": _foreign,
    "latency": _latency,
    "machines": _machines,
}


async def measured(names: Sequence[str]) -> AsyncIterator[Row]:
    """The rows of each part; a part that fails says so and does not take the others with it."""
    for name in names:
        say(f"{name} …")
        async with rig() as place:
            for row in await PARTS[name](place):
                yield row


async def main(names: Sequence[str]) -> None:
    show([row async for row in measured(names or list(PARTS))], "edge", "the edge under load")


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1:]))
