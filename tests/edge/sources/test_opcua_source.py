"""What the OPC UA source yields: values by name with their quality, what is missing by name, and one word per loss."""

import asyncio
import uuid
from typing import Any

import pytest
from foreign_opcua import BLOCKS, PLANT, ForeignPlant, machine_root
from structlog.testing import capture_logs

from edge.reading import LinkNotice, Reading
from edge.sources import opcua_subscription
from edge.sources.opcua import MachineNodes, OpcUaSource
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.outage import pauses
from gateway.clock import Clock
from gateway.machine import Quality

COUNTER = f"nsu={PLANT};s=Signals.Counter"
ODD = f"nsu={PLANT};s=Signals.Odd"
OVEN = "urn:foreign-plant:oven-maker"
STATE = f"{machine_root('Press')}/{BLOCKS}/machinery:MachineryItemState/CurrentState"


async def test_values_arrive_with_plain_text_and_the_source_s_stamp(
    standing_plant: ForeignPlant, listening: Any
) -> None:
    async with listening(standing_plant.url, {"counter": COUNTER, "state": STATE}) as heard:
        await heard.until(lambda: len(heard.values("counter")) > 3)
        assert heard.values("state") == ["NotExecuting"]
        assert heard.readings("counter")[0].source_time is not None
        assert [notice.up for notice in heard.links] == [True]


async def test_a_server_that_names_units_is_heard_and_a_value_without_one_has_none(
    strange_plant: ForeignPlant, listening: Any
) -> None:
    signals = {"temperature": f"nsu={OVEN};s=Oven.Temperature", "zustand": f"nsu={OVEN};s=Oven.Zustand"}
    async with listening(strange_plant.url, signals) as heard:
        await heard.until(lambda: bool(heard.links))
        assert heard.links[0].units == {"temperature": "°C"}


async def test_a_bad_node_is_reported_by_name_and_the_others_work(standing_plant: ForeignPlant, listening: Any) -> None:
    signals = {
        "counter": COUNTER,
        "gone": f"nsu={PLANT};s=Signals.Gone",
        "lost": f"{machine_root('Press')}/machinery:Nothing",
        "elsewhere": "nsu=urn:not-here;s=X",
    }
    with capture_logs() as logs:
        async with listening(standing_plant.url, signals) as heard:
            await heard.until(lambda: len(heard.values("counter")) > 2)
    for name in ("gone", "lost", "elsewhere"):
        (reading,) = heard.readings(name)
        assert (reading.value, reading.quality) == (None, Quality.BAD)
    (told,) = [entry for entry in logs if entry["event"] == "opcua.signals_missing"]
    assert set(told["signals"]) == {"gone", "lost", "elsewhere"}
    assert "BadNodeIdUnknown" in told["signals"]["gone"]


async def test_a_node_that_appears_later_is_found_in_the_same_session(
    standing_plant: ForeignPlant, listening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(opcua_subscription, "SEEK_S", 0.3)
    name = f"Late{uuid.uuid4().hex[:6]}"
    async with listening(standing_plant.url, {"late": f"nsu={PLANT};s=Signals.{name}"}) as heard:
        await heard.until(lambda: bool(heard.readings("late")))
        await standing_plant.ask("add_signal", name=name, value=4.5)
        await heard.until(lambda: heard.values("late")[-1] == 4.5)
        assert [notice.up for notice in heard.links] == [True]


@pytest.mark.parametrize(
    ("status", "quality"),
    [
        ("BadDeviceFailure", Quality.BAD),
        ("BadSensorFailure", Quality.BAD),
        ("UncertainLastUsableValue", Quality.UNCERTAIN),
        ("Good", Quality.GOOD),
    ],
)
async def test_a_value_comes_with_its_quality(
    standing_plant: ForeignPlant, listening: Any, status: str, quality: Quality
) -> None:
    async with listening(standing_plant.url, {"odd": ODD}) as heard:
        await heard.fresh("odd")
        await standing_plant.ask("signal", name="Odd", value=7.25, status=status)
        await heard.until(lambda: heard.readings("odd")[-1].quality is quality)
    await standing_plant.ask("signal", name="Odd", value=1.0)


@pytest.mark.parametrize("stamp", ["9999-12-31T23:59:59Z", "1601-01-01T00:00:00Z"])
async def test_a_stamp_of_no_real_time_is_none(standing_plant: ForeignPlant, listening: Any, stamp: str) -> None:
    async with listening(standing_plant.url, {"odd": ODD}) as heard:
        await heard.fresh("odd")
        await standing_plant.ask("signal", name="Odd", value=len(stamp) / 7 + stamp.count("9"), stamp=stamp)
        await heard.fresh("odd")
        assert heard.readings("odd")[-1].source_time != stamp
        assert all(r.source_time is None or r.source_time.year < 9000 for r in heard.readings("odd"))


async def test_an_emit_that_raises_is_told_once_and_loses_nothing(standing_plant: ForeignPlant, listening: Any) -> None:
    with capture_logs() as logs:
        async with listening(standing_plant.url, {"counter": COUNTER}) as heard:
            await heard.fresh("counter")
            heard.trouble = OSError("disk full")
            await asyncio.sleep(1.5)
            heard.trouble = None
            await heard.until(lambda: len(heard.values("counter")) > 25)
    assert [entry["event"] for entry in logs].count("opcua.not_taken") == 1
    counted = heard.values("counter")
    assert counted == list(range(counted[0], counted[0] + len(counted)))


async def test_an_unreachable_machine_is_told_once_and_disturbs_no_other(
    standing_plant: ForeignPlant, listening: Any
) -> None:
    dead = OpcUaSource(
        OpcUaEndpoint(url="opc.tcp://127.0.0.1:9", retry_cap_s=0.1), {"Dead": MachineNodes({"x": COUNTER})}, Clock()
    )
    notices: list[object] = []

    async def emit(events: Any) -> None:
        notices.extend(events)

    with capture_logs() as logs:
        async with listening(standing_plant.url, {"counter": COUNTER}) as heard:
            task = asyncio.create_task(dead.run(emit))
            await heard.until(lambda: len(heard.values("counter")) > 12)
            task.cancel()
    (notice,) = notices
    assert isinstance(notice, LinkNotice)
    assert not notice.up
    assert "refuses connections" in notice.reason
    assert [entry["event"] for entry in logs].count("opcua.lost") == 1


async def test_two_machines_behind_one_endpoint_are_kept_apart(standing_plant: ForeignPlant) -> None:
    state = f"{BLOCKS}/machinery:MachineryItemState/CurrentState"
    nodes = {name: MachineNodes({"state": state}, machine_root(name)) for name in ("Press", "Mill")}
    source = OpcUaSource(OpcUaEndpoint(url=standing_plant.url, security="none"), nodes, Clock())
    readings: list[Reading] = []
    both = asyncio.Event()

    async def emit(events: Any) -> None:
        readings.extend(event for event in events if isinstance(event, Reading))
        if {reading.machine for reading in readings} == {"Press", "Mill"}:
            both.set()

    task = asyncio.create_task(source.run(emit))
    await asyncio.wait_for(both.wait(), 10)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_queue_that_overflowed_leaves_a_gap_for_that_signal(
    standing_plant: ForeignPlant, listening: Any
) -> None:
    settings = {"sampling_ms": 50, "publishing_ms": 1000, "queue_size": 3}
    async with listening(standing_plant.url, {"counter": COUNTER}, **settings) as heard:
        await heard.until(lambda: any(gap.signals == ("counter",) for gap in heard.gaps))
        assert "queue_size" in heard.gaps[0].reason


def test_pauses_grow_to_the_cap_and_never_beyond() -> None:
    growing = pauses(5.0, lambda: 1.0)
    assert [next(growing) for _ in range(7)] == [0.25, 0.5, 1.0, 2.0, 4.0, 5.0, 5.0]
    assert next(pauses(5.0, lambda: 0.0)) == 0.125
