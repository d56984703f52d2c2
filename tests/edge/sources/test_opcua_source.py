"""The OPC UA source against a server that is not ours: each way in which a connection is known to die silently."""

import asyncio
from typing import Any

from foreign_opcua import BLOCKS, PLANT, ForeignPlant, MakePlant, machine_root

COUNTER = f"nsu={PLANT};s=Signals.Counter"
STATE = f"{machine_root('Press')}/{BLOCKS}/machinery:MachineryItemState/CurrentState"


async def test_values_arrive_with_state_text_and_source_stamp(standing_plant: ForeignPlant, listening: Any) -> None:
    async with listening(standing_plant.url, {"counter": COUNTER, "state": STATE}) as heard:
        await heard.until(lambda: len(heard.values("counter")) > 3)
        assert heard.values("state") == ["NotExecuting"]
        assert heard.readings("counter")[0].source_time is not None


async def test_a_killed_server_is_read_again_soon_after_it_is_back(foreign_plant: MakePlant, listening: Any) -> None:
    plant = await foreign_plant(tickHz=10)
    async with listening(plant.url, {"counter": COUNTER}) as heard:
        await heard.fresh("counter")
        plant.kill()
        await asyncio.sleep(4)
        await plant.restart()
        took = await heard.fresh("counter")
        print("took", took)
        assert took < 8
        (gap,) = heard.gaps
        assert gap.end > gap.start
        assert [notice.up for notice in heard.links] == [True, False, True]
