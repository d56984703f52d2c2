"""The MTConnect source against an agent with every bad habit: nothing is lost in silence, and nothing stops it."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest
from ear import Ear, hearing

from edge.sources.mtconnect import MtconnectSource
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_fake import FakeAgent, Item, http
from edge.sources.mtconnect_follow import OVERRUN, RESTARTED
from edge.sources.mtconnect_items import Machine
from edge.sources.mtconnect_progress import UNNUMBERED
from edge.sources.mtconnect_signal import MtconnectSignal
from gateway.clock import Clock
from gateway.machine import Quality

ITEMS = {
    "avail": Item("AVAILABILITY", component="Device"),
    "exec": Item("EXECUTION"),
    "count": Item("PART_COUNT"),
    "x": Item("POSITION", "SAMPLE", "Linear"),
    "sys": Item("SYSTEM", "CONDITION", "Controller"),
}
SIGNALS = {
    "execution": MtconnectSignal(item_type="EXECUTION"),
    "count": MtconnectSignal(item="count", type="Int32"),
    "system": MtconnectSignal(item_type="SYSTEM"),
}
FAST: dict[str, Any] = {"interval_ms": 20, "heartbeat_s": 0.4, "timeout_s": 2, "retry_cap_s": 0.3}


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    found = FakeAgent(ITEMS, Clock().now)
    await found.start()
    yield found
    await found.stop()


def source(agent: FakeAgent, cursors: Mapping[str, str | None] | None = None, **settings: Any) -> MtconnectSource:
    device = Mtconnect(type="mtconnect", url=agent.url, **(FAST | settings))
    return MtconnectSource(device, {"M1": Machine(None, SIGNALS)}, Clock(), cursors or {})


WAYS = {"streams": {}, "answers samples": {"streams": False}, "numbers nothing": {"streams": False, "numbered": False}}


@pytest.mark.parametrize("manners", WAYS.values(), ids=WAYS)
async def test_values_come_with_the_machines_own_stamp(agent: FakeAgent, manners: dict[str, bool]) -> None:
    vars(agent).update(manners)
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: ear.bad("execution"))
        agent.say("exec", "ACTIVE")
        agent.say("count", "7")
        await ear.until(lambda: ear.values("count")[-1] == "7")
    (active,) = [each for each in ear.readings("execution") if each.value == "ACTIVE"]
    assert active.quality is Quality.GOOD
    assert active.source_time is not None
    assert abs((active.received - active.source_time).total_seconds()) < 30
    assert ear.ups() == [True]
    assert not ear.gaps()


async def test_unavailable_is_a_bad_value(agent: FakeAgent) -> None:
    agent.say("exec", "ACTIVE")
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: "ACTIVE" in ear.values("execution"))
        agent.say("exec", "UNAVAILABLE")
        await ear.until(lambda: ear.bad("execution"))


async def test_a_condition_is_its_worst_active_level(agent: FakeAgent) -> None:
    agent.say("sys", "WARNING", code="12")
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: ear.values("system")[-1:] == ["WARNING"])
        agent.say("sys", "FAULT", code="99")
        await ear.until(lambda: ear.values("system")[-1] == "FAULT")
        agent.say("sys", "NORMAL", code="99")
        await ear.until(lambda: ear.values("system")[-1] == "WARNING")
        agent.say("sys", "NORMAL")
        await ear.until(lambda: ear.values("system")[-1] == "NORMAL")


async def test_a_cut_within_the_agents_buffer_loses_nothing(agent: FakeAgent) -> None:
    async with hearing(source(agent)) as ear:
        agent.say("count", "0")
        await ear.until(lambda: "0" in ear.values("count"))
        await agent.stop()
        await ear.until(lambda: ear.ups() == [True, False])
        for number in range(1, 21):
            agent.say("count", str(number))
        await agent.start()
        await ear.until(lambda: ear.values("count")[-1] == "20")
    assert [each for each in ear.values("count") if each is not None] == [str(number) for number in range(21)]
    assert ear.ups() == [True, False, True]
    assert "refuses connections: check that the MTConnect agent runs" in ear.links()[1].reason
    assert not ear.gaps()


async def test_our_own_restart_goes_on_where_the_cursor_says(agent: FakeAgent) -> None:
    async with hearing(source(agent)) as before:
        agent.say("count", "1")
        await before.until(lambda: "1" in before.values("count"))
        await before.until(lambda: before.cursor() is not None)
    for number in range(2, 12):
        agent.say("count", str(number))
    async with hearing(source(agent, {"M1": before.cursor()})) as after:
        await after.until(lambda: after.values("count")[-1:] == ["11"])
    told = [each for each in after.values("count") if each is not None]
    assert told[-10:] == [str(number) for number in range(2, 12)]
    assert not after.gaps()


@pytest.mark.parametrize("manners", list(WAYS.values())[:2], ids=list(WAYS)[:2])
async def test_an_agents_restart_is_a_gap_and_its_state_is_read_anew(
    agent: FakeAgent, manners: dict[str, bool]
) -> None:
    vars(agent).update(manners)
    async with hearing(source(agent)) as ear:
        agent.say("exec", "ACTIVE")
        await ear.until(lambda: "ACTIVE" in ear.values("execution"))
        agent.forget()
        agent.say("exec", "READY")
        await ear.until(lambda: ear.gaps() and ear.values("execution")[-1] == "READY")
    assert [gap.reason for gap in ear.gaps()] == [RESTARTED]
    assert ear.gaps()[0].start < ear.gaps()[0].end
    assert ear.ups() == [True]


async def test_an_overrun_while_we_were_away_is_a_gap(agent: FakeAgent) -> None:
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: ear.cursor() is not None)
        await agent.stop()
        await ear.until(lambda: ear.ups() == [True, False])
        for number in range(agent.size + 5):
            agent.say("count", str(number))
        await agent.start()
        await ear.until(lambda: ear.gaps() and ear.values("count")[-1] == str(agent.size + 4))
    assert [gap.reason for gap in ear.gaps()] == [OVERRUN]
    assert ear.ups() == [True, False, True]


async def test_an_overrun_while_streaming_is_a_gap(agent: FakeAgent) -> None:
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: ear.cursor() is not None)
        for number in range(agent.size * 2):
            agent.say("count", str(number))
        await ear.until(lambda: ear.gaps() and ear.values("count")[-1] == str(agent.size * 2 - 1))
    assert [gap.reason for gap in ear.gaps()] == [OVERRUN]


async def test_an_agent_without_numbers_is_a_gap_after_each_silence(agent: FakeAgent) -> None:
    agent.numbered = agent.streams = False
    async with hearing(source(agent)) as ear:
        agent.say("count", "1")
        await ear.until(lambda: "1" in ear.values("count"))
        await agent.stop()
        await ear.until(lambda: ear.ups() == [True, False])
        await agent.start()
        await ear.until(lambda: ear.ups() == [True, False, True])
    assert [gap.reason for gap in ear.gaps()] == [UNNUMBERED]


async def test_only_the_wanted_items_are_asked_for_where_the_agent_can_filter(agent: FakeAgent) -> None:
    paths = set[str]()

    def overhear(request: str, query: Mapping[str, str]) -> bytes | None:
        if request in {"current", "sample"}:
            paths.add(query.get("path", ""))
        return None

    agent.answer = overhear
    async with hearing(source(agent)) as ear:
        await ear.until(lambda: ear.cursor() is not None and "sample" in agent.asked)
    assert paths == {'//DataItem[@id="exec" or @id="count" or @id="sys"]'}


def refuse_filter(request: str, query: Mapping[str, str]) -> bytes | None:
    if request == "current" and "path" in query:
        error = b'<MTConnectError><Errors><Error errorCode="INVALID_XPATH">no</Error></Errors></MTConnectError>'
        return http(error, "400 Bad Request")
    return None


async def test_an_agent_that_cannot_filter_is_asked_for_all(agent: FakeAgent) -> None:
    agent.answer = refuse_filter
    async with hearing(source(agent)) as ear:
        agent.say("count", "3")
        await ear.until(lambda: "3" in ear.values("count"))
    assert ear.ups() == [True]


async def test_one_absent_machine_disturbs_no_other(agent: FakeAgent) -> None:
    device = Mtconnect(type="mtconnect", url=agent.url, **FAST)
    lost = MtconnectSignal(item="nothing")
    machines = {"M1": Machine("Mill", SIGNALS | {"lost": lost}), "M2": Machine("Saw", SIGNALS)}
    async with hearing(MtconnectSource(device, machines, Clock())) as ear:
        agent.say("count", "4")
        await ear.until(lambda: "4" in ear.values("count") and ear.links("M2"))
    assert ear.ups() == [True]
    assert ear.ups("M2") == [False]
    assert "has no device 'Saw'; it has Mill (Mill)" in ear.links("M2")[0].reason
    assert ear.bad("lost")


async def test_a_machine_that_is_added_later_takes_the_state_and_the_others_go_on(agent: FakeAgent) -> None:
    async with hearing(source(agent)) as before:
        agent.say("count", "1")
        await before.until(lambda: "1" in before.values("count"))
    agent.say("count", "2")
    agent.say("count", "3")
    device = Mtconnect(type="mtconnect", url=agent.url, **FAST)
    machines = {"M1": Machine(None, SIGNALS), "M2": Machine(None, SIGNALS)}
    cursors = {"M1": before.cursor(), "M2": None}
    async with hearing(MtconnectSource(device, machines, Clock(), cursors)) as ear:
        await ear.until(lambda: ear.values("count")[-1:] == ["3"])
        agent.say("count", "4")
        await ear.until(lambda: ear.values("count")[-1] == "4" and ear.values("count", "M2")[-1] == "4")
    assert ear.values("count")[-3:] == ["2", "3", "4"]
    assert ear.values("count", "M2") == ["3", "4"]


async def test_a_full_disk_holds_the_stream_up_and_loses_nothing(agent: FakeAgent) -> None:
    ear, refusals = Ear(), 5

    async def refusing(events: Any) -> None:
        nonlocal refusals
        if refusals and ear.events:
            refusals -= 1
            msg = "disk full"
            raise OSError(msg)
        await ear.emit(events)

    task = asyncio.create_task(source(agent).run(refusing))
    try:
        for number in range(10):
            agent.say("count", str(number))
        await ear.until(lambda: "9" in ear.values("count") and not refusals)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert not ear.gaps()
