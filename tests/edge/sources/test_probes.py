"""What `edge check` says of MTConnect agents, of recordings and of Modbus units, signal by signal."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from edge.profile import find
from edge.secret import Vault
from edge.sources import modbus_build, mtconnect_build
from edge.sources.building import Site, Wanted
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_fake import FakePlc
from edge.sources.modbus_signal import ModbusSignal
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_fake import FakeAgent, Item
from edge.sources.mtconnect_signal import MtconnectSignal
from edge.verdict import ENDPOINT, Verdict
from gateway.clock import Clock

ITEMS = {
    "exec": Item("EXECUTION"),
    "avail": Item("AVAILABILITY", component="Device"),
    "sys": Item("SYSTEM", "CONDITION", "Controller"),
}
SIGNALS = {
    "execution": MtconnectSignal(item_type="EXECUTION"),
    "system": MtconnectSignal(item="sys"),
    "mode": MtconnectSignal(item_type="CONTROLLER_MODE"),
    "count": MtconnectSignal(item="exce"),
}


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(Clock(), Vault(tmp_path, {}), ZoneInfo("UTC"), trial=True)


@pytest.fixture
async def agent() -> AsyncIterator[FakeAgent]:
    found = FakeAgent(ITEMS, Clock().now)
    await found.start()
    yield found
    await found.stop()


@pytest.fixture
async def plc() -> AsyncIterator[FakePlc]:
    found = FakePlc()
    found.set(1, "holding", 0, 7, 8)
    await found.start()
    yield found
    await found.stop()


def wanted(device: Any, signals: Mapping[str, Any], profile: str) -> Wanted:
    return Wanted(device, find(profile), signals, "machines.M1.source")


def shown(verdicts: list[Verdict]) -> dict[str, str]:
    return {each.signal: f"{each.place}: {each.value if each.ok else each.problem}" for each in verdicts}


async def test_each_signal_of_an_agent_is_found_or_named(site: Site, agent: FakeAgent) -> None:
    agent.say("exec", "ACTIVE")
    agent.say("sys", "FAULT", code="1")
    device = Mtconnect(type="mtconnect", url=agent.url)
    found = await mtconnect_build.probe(site, {"M1": wanted(device, SIGNALS, "mtconnect")})
    assert shown(found) == {
        ENDPOINT: f"{agent.url}: Mill: MTConnect 2.0.0, streams",
        "execution": "exec (EXECUTION of Path path): ACTIVE",
        "system": "sys (SYSTEM of Controller controller): FAULT",
        "mode": "CONTROLLER_MODE: the device has no data item CONTROLLER_MODE",
        "count": "exce: the device has no data item exce",
    }
    assert found[-1].advice == "there are exec"


@pytest.mark.parametrize(
    ("manners", "way"),
    [
        ({"streams": False}, "polled (it does not stream)"),
        ({"numbered": False}, "polled without numbers: short states are missed"),
    ],
)
async def test_the_way_in_which_an_agent_is_read_is_told(
    site: Site, agent: FakeAgent, manners: dict[str, bool], way: str
) -> None:
    vars(agent).update(manners)
    device = Mtconnect(type="mtconnect", url=agent.url)
    found = await mtconnect_build.probe(site, {"M1": wanted(device, SIGNALS, "mtconnect")})
    assert str(found[0].value).endswith(way)
    unavailable = next(each for each in found if each.signal == "execution")
    assert unavailable.problem == "has no value now"
    assert "UNAVAILABLE" in (unavailable.advice or "")


async def test_an_agent_that_is_not_there_is_one_row_for_each_machine(site: Site, agent: FakeAgent) -> None:
    device = Mtconnect(type="mtconnect", url=agent.url)
    other = device.model_copy(update={"device": "Saw"})
    both = {"M1": wanted(device, SIGNALS, "mtconnect"), "M2": wanted(other, SIGNALS, "mtconnect")}
    absent = [each for each in await mtconnect_build.probe(site, both) if each.machine == "M2"]
    assert shown(absent) == {ENDPOINT: f"{agent.url}: has no device 'Saw'"}
    await agent.stop()
    for each in await mtconnect_build.probe(site, both):
        assert not each.ok
        assert "refuses connections" in (each.problem or "")


async def test_a_recording_is_checked_without_a_machine(site: Site, tmp_path: Path) -> None:
    file = tmp_path / "mill.shdr"
    file.write_text("2026-03-02T06:00:00Z|exec|ACTIVE\n2026-03-02T06:10:00Z|exec|READY\n")
    device = Mtconnect(type="mtconnect", file=file)
    signals = {"execution": MtconnectSignal(item="exec"), "system": MtconnectSignal(item="sys")}
    found = await mtconnect_build.probe(site, {"M1": wanted(device, signals, "mtconnect")})
    assert shown(found) == {
        ENDPOINT: f"{file}: 2 instants from 2026-03-02 06:00:00 to 06:10:00",
        "execution": "exec: READY",
        "system": "sys: is not in the recording",
    }


async def test_each_signal_of_a_unit_is_read_or_named(site: Site, plc: FakePlc) -> None:
    device = Modbus(type="modbus", host="127.0.0.1", port=plc.port, timeout_s=0.5)
    signals = {
        "mode": ModbusSignal(table="holding", address=0, type="UInt16"),
        "wide": ModbusSignal(table="holding", address=1, type="Float"),
        "door": ModbusSignal(table="discrete", address=4),
    }
    machines = {
        "M1": wanted(device, signals, "modbus"),
        "M2": wanted(device.model_copy(update={"unit": 9}), signals, "modbus"),
    }
    plc.deaf.add(9)
    found = await modbus_build.probe(site, machines)
    assert shown([each for each in found if each.machine == "M1"]) == {
        ENDPOINT: f"127.0.0.1:{plc.port} unit 1: answers",
        "mode": "holding 0: 7",
        "wide": "holding 1: the unit has no holding register 1 to 2 (ILLEGAL DATA ADDRESS)",
        "door": "discrete 4: the unit has no discrete input 4 (ILLEGAL DATA ADDRESS)",
    }
    (silent,) = [each for each in found if each.machine == "M2"]
    assert "unit 9 does not answer: check `unit` and its cable" in (silent.problem or "")
