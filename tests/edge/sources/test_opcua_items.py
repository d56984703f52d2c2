"""Each signal is asked for in its own way: its part, its name, its pace; and one that died in silence is found out."""

import asyncio
from typing import Any

import pytest
from foreign_opcua import OVEN, PLANT, SAW, WOOD, ForeignPlant
from structlog.testing import capture_logs

from edge.reading import Gap
from edge.sources import opcua_check
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_signals import Ask
from gateway.machine import Quality

COUNTER = f"nsu={PLANT};s=Signals.Counter"
SAW_STATE = f"{SAW}/{WOOD};State/{WOOD};Machine/{WOOD};Overview/{WOOD};CurrentState"


@pytest.mark.parametrize(
    ("ask", "value"),
    [
        (Ask(f"{OVEN}.Batch", pointer="/Number"), 7),
        (Ask(f"{OVEN}.Batch", pointer="/Recipe"), "Bread"),
        (Ask(f"{OVEN}.Batch", pointer="/Zones/1/Celsius"), 183.25),
        (Ask(f"{OVEN}.Batch", pointer="/Setpoints/0"), 180.0),
        (Ask(f"{OVEN}.Batch", pointer="/Step"), 1),
        (Ask(f"{OVEN}.Batch", pointer="/Step", names=True), "Hold"),
        (Ask(f"{OVEN}.ZoneTemperatures"), (181.0, 182.0, 183.0)),
        (Ask(f"{OVEN}.ZoneTemperatures", pointer="/2"), 183.0),
        (Ask(f"{OVEN}.Step"), 1),
        (Ask(f"{OVEN}.Step", names=True), "Hold"),
        (Ask(f"{OVEN}.Zustand", names=True), "Bereit"),
        (Ask(f"{OVEN}.Door", names=True), "closed"),
        (Ask(SAW_STATE, names=True), "READY"),
    ],
    ids=lambda value: value.node.rpartition("Oven.")[2][-40:] + value.pointer if isinstance(value, Ask) else "",
)
async def test_a_part_of_a_value_is_read_by_its_pointer_and_a_state_by_its_name(
    strange_plant: ForeignPlant, listening: Any, ask: Ask, value: object
) -> None:
    async with listening(strange_plant.url, {"it": ask}) as heard:
        await heard.until(lambda: heard.readings("it"))
        assert (heard.readings("it")[0].value, heard.readings("it")[0].quality) == (value, Quality.GOOD)


async def test_a_whole_structure_is_a_mapping_of_its_fields(strange_plant: ForeignPlant, listening: Any) -> None:
    async with listening(strange_plant.url, {"batch": Ask(f"{OVEN}.Batch")}) as heard:
        await heard.until(lambda: heard.readings("batch"))
        batch = heard.values("batch")[0]
    assert list(batch) == ["Number", "Recipe", "Step", "Setpoints", "Zones"]
    assert batch["Zones"][0] == {"Name": "front", "Celsius": 181.5}


async def test_a_part_that_is_not_there_is_bad_and_told_once(strange_plant: ForeignPlant, listening: Any) -> None:
    with capture_logs() as logs:
        async with listening(strange_plant.url, {"it": Ask(f"{OVEN}.ZoneTemperatures", pointer="/9")}) as heard:
            await heard.until(lambda: heard.readings("it"))
            await strange_plant.ask("oven", zones=[1.0, 2.0, 3.0])
            await heard.until(lambda: len(heard.readings("it")) > 1)
            await strange_plant.ask("oven", zones=[181, 182, 183])
    assert {reading.quality for reading in heard.readings("it")} == {Quality.BAD}
    (told,) = [entry for entry in logs if entry["event"] == "opcua.unreadable"]
    assert "3 elements" in told["reason"]


async def test_a_polled_signal_comes_at_its_pace_with_the_source_s_stamp(
    strange_plant: ForeignPlant, listening: Any
) -> None:
    signals = {"fast": Ask(COUNTER, poll_s=0.2), "slow": Ask(COUNTER, poll_s=1.0), "pushed": COUNTER}
    async with listening(strange_plant.url, signals) as heard:
        await heard.until(lambda: len(heard.readings("slow")) > 2)
    assert len(heard.readings("fast")) > len(heard.readings("slow"))
    assert len(heard.readings("pushed")) > len(heard.readings("slow"))
    assert all(reading.source_time for reading in heard.readings("slow"))


async def test_what_was_not_polled_during_a_cut_is_a_gap_though_the_session_was_resumed(
    strange_plant: ForeignPlant, relay: Any, listening: Any
) -> None:
    net = await relay(strange_plant.options["port"])
    signals = {"polled": Ask(COUNTER, poll_s=0.2), "pushed": COUNTER}
    async with listening(f"opc.tcp://127.0.0.1:{net.port}", signals) as heard:
        await heard.fresh("polled")
        await net.cut()
        await asyncio.sleep(1.5)
        await net.start()
        await heard.until(lambda: bool(heard.gaps), limit=30)
        assert heard.links[-1].reason == "resumed without loss"
        assert [gap.signals for gap in heard.gaps] == [("polled",)]
        await heard.fresh("polled")


async def test_a_deadband_keeps_small_changes_at_the_machine(strange_plant: ForeignPlant, listening: Any) -> None:
    signals = {"all": f"{OVEN}.Temperature", "some": Ask(f"{OVEN}.Temperature", deadband=5.0)}
    async with listening(strange_plant.url, signals) as heard:
        await heard.until(lambda: heard.readings("all") and heard.readings("some"))
        for celsius in (182.0, 184.0, 190.0):
            await strange_plant.ask("oven", celsius=celsius)
            await heard.until(lambda wanted=celsius: heard.values("all")[-1] == wanted)
        await heard.until(lambda: heard.values("some")[-1] == 190.0)
        assert heard.values("some") == [180.0, 190.0]
    await strange_plant.ask("oven", celsius=180.0)


async def test_a_server_that_can_do_no_deadband_for_a_node_sends_every_change(
    strange_plant: ForeignPlant, listening: Any
) -> None:
    async with listening(strange_plant.url, {"door": Ask(f"{OVEN}.Door", deadband=5.0)}) as heard:
        await heard.until(lambda: heard.values("door") == [False])


async def test_a_signal_that_the_server_stopped_telling_is_found_out_and_asked_for_anew(
    strange_plant: ForeignPlant, listening: Any
) -> None:
    with capture_logs() as logs:
        async with listening(strange_plant.url, {"it": f"{OVEN}.Temperature"}, item_watchdog_s=0.5) as heard:
            await heard.fresh("it")
            assert await strange_plant.ask("deafen", node="s=Oven.Temperature") == 1
            await strange_plant.ask("oven", celsius=300.0)
            await heard.until(lambda: heard.values("it")[-1] == 300.0, limit=30)
            (gap,) = heard.of(Gap)
            assert gap.signals == ("it",)
            await strange_plant.ask("oven", celsius=180.0)
            await heard.until(lambda: heard.values("it")[-1] == 180.0, limit=30)
            assert [notice.up for notice in heard.links] == [True]
    assert [entry["event"] for entry in logs].count("opcua.items_dead") == 1


async def test_control_a_quiet_signal_is_no_dead_one(strange_plant: ForeignPlant, listening: Any) -> None:
    signals = {"quiet": f"{OVEN}.Temperature", "repeated": Ask(f"{OVEN}.Temperature", stale_s=1.0)}
    async with listening(strange_plant.url, signals, item_watchdog_s=0.5) as heard:
        await heard.until(lambda: len(heard.readings("repeated")) > 3, limit=30)
        assert len(heard.readings("quiet")) == 1
        assert heard.gaps == []


async def test_check_knows_parts_and_names(strange_plant: ForeignPlant) -> None:
    endpoint = OpcUaEndpoint(url=strange_plant.url, security="none")
    asked = {
        "zone": Ask(f"{OVEN}.Batch", pointer="/Zones/0/Celsius"),
        "state": Ask(f"{OVEN}.Zustand", names=True),
        "gone": Ask(f"{OVEN}.Batch", pointer="/Zone"),
        "wrong": Ask(f"{OVEN}.Batch", pointer="/Recipe"),
    }
    types = {"zone": "Double", "state": "Enumeration", "gone": "Double", "wrong": "Double"}
    found = {each.signal: each for each in await opcua_check.check(endpoint, asked, types=types)}
    assert (found["zone"].value, found["state"].value) == (181.5, "Bereit")
    assert [found[name].ok for name in asked] == [True, True, False, False]
    assert "Zones" in (found["gone"].problem or "")
    assert "is text, not Double" in (found["wrong"].problem or "")
