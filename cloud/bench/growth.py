"""What a booking and a search cost in a small market and in a big one, in turns on one machine."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack

from cloud.bench.bookings import Hours, single
from cloud.bench.load import Taken, paced
from cloud.bench.rig import Rig
from cloud.bench.searches import asking

ROUNDS = 3
BOOKINGS, SEARCHES = 60.0, 20.0
"""A second: so few that no call waits for another."""


async def cost(
    places: Sequence[tuple[Rig, Hours]], seconds: float, say: Callable[[str], object]
) -> list[tuple[Taken, Taken]]:
    """Bookings and searches of each place."""
    found = [(Taken(), Taken()) for _ in places]
    async with AsyncExitStack() as stack:
        servers = [await stack.enter_async_context(place.api()) for place, _ in places]
        for turn in range(ROUNDS + 1):
            for (place, hours), server, (books, looks) in zip(places, servers, found, strict=True):
                book, look = single(server, hours, "/v1/bookings"), asking(server, place.world)
                for ask, rate, sum_ in ((book, BOOKINGS, books), (look, SEARCHES, looks)):
                    each = await paced(server, ask, seconds, rate)
                    if turn:
                        sum_.add(each)
                    say(f"  {place.world.machines:,}: p50 {each.ms(0.5):.2f} ms at {rate:.0f}/s")
    return found
