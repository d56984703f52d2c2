"""Each way in which an OPC UA connection is known to go silent, against a server that is not ours."""

import asyncio
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

from flaky_network import Relay
from foreign_opcua import BLOCKS, PLANT, ForeignPlant, machine_root
from structlog.testing import capture_logs

COUNTER = f"nsu={PLANT};s=Signals.Counter"
STATE = f"{machine_root('Press')}/{BLOCKS}/machinery:MachineryItemState/CurrentState"

MakeRelay = Callable[[int], Awaitable[Relay]]


def missing(values: list[int]) -> set[int]:
    """The ticks that nobody heard of, between the first heard and the last."""
    return set(range(values[0], values[-1] + 1)) - set(values)


async def test_a_killed_server_is_read_again_soon_after_it_is_back(
    standing_plant: ForeignPlant, listening: Any
) -> None:
    with capture_logs() as logs:
        async with listening(standing_plant.url, {"counter": COUNTER}) as heard:
            await heard.fresh("counter")
            standing_plant.kill()
            await asyncio.sleep(4)
            await standing_plant.restart()
            assert await heard.fresh("counter") < 8
            (gap,) = heard.gaps
            last_before = max(r.received for r in heard.readings("counter") if r.received < gap.end)
            assert gap.start <= last_before < gap.end
            assert [notice.up for notice in heard.links] == [True, False, True]
    assert [entry["event"] for entry in logs] == ["opcua.found", "opcua.lost", "opcua.found"]


async def test_a_server_that_comes_back_with_other_namespaces_is_read_right(
    standing_plant: ForeignPlant, listening: Any
) -> None:
    before = standing_plant.namespaces
    async with listening(standing_plant.url, {"counter": COUNTER, "state": STATE}) as heard:
        await heard.fresh("state")
        standing_plant.kill()
        await standing_plant.restart(order="shifted")
        assert standing_plant.namespaces.index(PLANT) != before.index(PLANT)
        await heard.fresh("counter")
        await standing_plant.ask("state", machine="Press", state="OutOfService")
        await heard.until(lambda: heard.values("state")[-1] == "OutOfService")
    await standing_plant.ask("state", machine="Press", state="NotExecuting")


async def test_a_hung_server_is_noticed_and_loses_nothing_when_it_wakes(
    standing_plant: ForeignPlant, listening: Any
) -> None:
    async with listening(standing_plant.url, {"counter": COUNTER}) as heard:
        await heard.fresh("counter")
        standing_plant.hang()
        noticed = await heard.until(lambda: not heard.links[-1].up)
        assert noticed < 3
        await asyncio.sleep(6 - noticed)
        standing_plant.wake()
        assert await heard.fresh("counter") < 8
        await heard.fresh("counter")
        assert heard.gaps == []
        assert missing(heard.values("counter")) == set()


async def test_a_slow_machine_is_not_a_lost_one(standing_plant: ForeignPlant, listening: Any) -> None:
    async with listening(standing_plant.url, {"counter": COUNTER}, watchdog_s=0.3, timeout_s=5) as heard:
        await heard.fresh("counter")
        standing_plant.hang()
        await asyncio.sleep(2.5)
        standing_plant.wake()
        await heard.fresh("counter")
        assert [notice.up for notice in heard.links] == [True]


async def test_a_cut_of_four_seconds_loses_nothing(
    standing_plant: ForeignPlant, relay: MakeRelay, listening: Any
) -> None:
    net = await relay(standing_plant.options["port"])
    async with listening(f"opc.tcp://127.0.0.1:{net.port}", {"counter": COUNTER}) as heard:
        await heard.until(lambda: len(heard.values("counter")) > 5)
        await net.cut()
        await asyncio.sleep(4)
        await net.start()
        await heard.until(lambda: heard.links[-1].up and len(heard.links) == 3)
        await heard.until(lambda: len(heard.values("counter")) > 50)
        counted = heard.values("counter")
        assert missing(counted) == set()
        assert len(counted) == len(set(counted))
        assert heard.gaps == []


async def test_control_a_cut_that_cannot_be_bridged_is_seen_to_lose_and_bounded_by_a_gap(
    standing_plant: ForeignPlant, relay: MakeRelay, listening: Any
) -> None:
    net = await relay(standing_plant.options["port"])
    async with listening(f"opc.tcp://127.0.0.1:{net.port}", {"counter": COUNTER}, bridge_s=0.5) as heard:
        await heard.until(lambda: len(heard.values("counter")) > 5)
        await net.cut()
        await asyncio.sleep(3)
        await net.start()
        await heard.until(lambda: bool(heard.gaps))
        await heard.fresh("counter")
        assert missing(heard.values("counter")) != set()
        (gap,) = heard.gaps
        stamps = sorted(r.source_time for r in heard.readings("counter"))
        holes = [(a, b) for a, b in pairwise(stamps) if (b - a).total_seconds() > 0.5]
        assert all(gap.start < b and a < gap.end for a, b in holes)


async def test_a_network_that_holds_everything_for_four_seconds_loses_nothing(
    standing_plant: ForeignPlant, relay: MakeRelay, listening: Any
) -> None:
    net = await relay(standing_plant.options["port"])
    async with listening(f"opc.tcp://127.0.0.1:{net.port}", {"counter": COUNTER}) as heard:
        await heard.until(lambda: len(heard.values("counter")) > 5)
        net.stall()
        await heard.until(lambda: not heard.links[-1].up)
        await asyncio.sleep(2)
        net.flow()
        await heard.until(lambda: heard.links[-1].up)
        await heard.until(lambda: len(heard.values("counter")) > 50)
        assert missing(heard.values("counter")) == set()
        assert heard.gaps == []


async def test_a_subscription_that_the_server_dropped_is_built_anew_behind_a_gap(
    standing_plant: ForeignPlant, listening: Any
) -> None:
    async with listening(standing_plant.url, {"counter": COUNTER}) as heard:
        await heard.fresh("counter")
        await standing_plant.ask("drop_subscriptions")
        await heard.until(lambda: bool(heard.gaps))
        await heard.fresh("counter")
