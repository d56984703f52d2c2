"""The MTConnect source against an agent of another author, which numbers observations but not its documents."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ear import hearing
from foreign_mtconnect import ForeignAgent

from edge.mapping import Seen, StampBounds, apply
from edge.profile import find
from edge.sources.mtconnect import MtconnectSource
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_items import Machine
from edge.sources.mtconnect_signal import MtconnectProfile
from gateway.clock import Clock
from gateway.machine import Quality

PROFILE = find("mtconnect")


def source(agent: ForeignAgent, **settings: Any) -> MtconnectSource:
    assert isinstance(PROFILE, MtconnectProfile)
    device = Mtconnect.model_validate(
        {"type": "mtconnect", "url": agent.url, "device": "Lathe", "interval_ms": 50, "retry_cap_s": 0.3} | settings
    )
    return MtconnectSource(device, {"M1": Machine("Lathe", PROFILE.signals)}, Clock())


async def test_a_shift_of_a_foreign_lathe_comes_through(foreign_agent: ForeignAgent) -> None:
    async with hearing(source(foreign_agent)) as ear:
        await ear.until(lambda: ear.values("execution") == ["UNAVAILABLE"])
        for item, value in [("avail", "AVAILABLE"), ("estop", "ARMED"), ("cmode", "AUTOMATIC"), ("exec", "READY")]:
            await asyncio.to_thread(foreign_agent.say, item, value)
        await ear.until(lambda: ear.values("execution")[-1] == "READY")
        for value in ("ACTIVE", "FEED_HOLD", "ACTIVE", "PROGRAM_COMPLETED"):
            await asyncio.to_thread(foreign_agent.say, "exec", value)
            await ear.hears("execution", value)
        await asyncio.to_thread(foreign_agent.say, "sys", "FAULT")
        await asyncio.to_thread(foreign_agent.say, "parts", "12")
        await ear.until(lambda: "12" in ear.values("part_count") and "FAULT" in ear.values("system"))
    assert ear.ups() == [True]
    assert all(each.source_time is not None for each in ear.readings("execution"))
    readings = [*ear.readings("execution"), *ear.readings("availability"), *ear.readings("controller_mode")]
    _, facts = apply(PROFILE, Seen(), readings, StampBounds(ahead=timedelta(days=1)))
    assert facts[-1].state == "NotExecuting"
    assert facts[-1].mode == "Processing"
    assert facts[-1].quality is Quality.GOOD


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_a_foreign_agent_that_goes_is_told_once_and_so_is_its_return(
    foreign_agent: ForeignAgent, how: str
) -> None:
    def go() -> None:
        foreign_agent.kill() if how == "killed" else foreign_agent.hang()

    back: Callable[[], object] = foreign_agent.start if how == "killed" else foreign_agent.wake
    async with hearing(source(foreign_agent, timeout_s=1)) as ear:
        await asyncio.to_thread(foreign_agent.say, "exec", "ACTIVE")
        await ear.until(lambda: "ACTIVE" in ear.values("execution"))
        await asyncio.to_thread(go)
        await ear.until(lambda: ear.ups() == [True, False])
        await asyncio.to_thread(back)
        await ear.until(lambda: ear.ups() == [True, False, True])
        await asyncio.to_thread(foreign_agent.say, "exec", "READY")
        await ear.until(lambda: ear.values("execution")[-1] == "READY")
    wanted = {"killed": "refuses connections", "hung": "does not answer in time"}[how]
    assert wanted in ear.links()[1].reason
    assert len(ear.gaps()) == 1
