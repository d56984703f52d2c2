"""The Modbus source against a PLC that is not ours: every table and type, silence, hangs and restarts."""

import asyncio
import struct
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from ear import hearing
from foreign_modbus import ForeignPlc, MakePlc

from edge.sources.modbus import Machine, ModbusSource
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_signal import ModbusSignal
from gateway.clock import Clock


def signal(**keys: Any) -> ModbusSignal:
    return ModbusSignal.model_validate(keys)


def words(form: str, value: float) -> list[int]:
    raw = struct.pack(f">{form}", value)
    return list(struct.unpack(f">{len(raw) // 2}H", raw))


SIGNALS = {
    "running": signal(table="coil", address=3),
    "door": signal(table="discrete", address=0),
    "alarm": signal(table="holding", address=0, bit=4),
    "mode": signal(table="holding", address=1, type="UInt16"),
    "parts": signal(table="holding", address=2, type="Int32", word_order="little"),
    "power": signal(table="input", address=10, type="Float"),
    "energy": signal(table="input", address=12, type="Double"),
    "program": signal(table="holding", address=20, type="String", length=6),
    "nowhere": signal(table="input", address=500, type="Int16"),
}


def filled(unit: int = 1) -> dict[str, int | bool]:
    """What the PLC has; holes between its registers are really holes."""
    found: dict[str, int | bool] = {f"{unit}/coil/{number}": number == 3 for number in range(8)}
    found |= {f"{unit}/discrete/0": False}
    registers = {0: 1 << 4, 1: 2, 2: 7, 3: 1, 20: 0x4F37, 21: 0x3741, 22: 0x2000}
    found |= {f"{unit}/holding/{address}": value for address, value in registers.items()}
    inputs = [*words("f", 1.5), *words("d", 123.456)]
    found |= {f"{unit}/input/{10 + offset}": value for offset, value in enumerate(inputs)}
    return found


def source(plc: ForeignPlc, machines: dict[str, Machine], **settings: Any) -> ModbusSource:
    fast: dict[str, Any] = {"poll": timedelta(milliseconds=50), "timeout_s": 1, "retry_cap_s": 0.3}
    device = Modbus(type="modbus", host="127.0.0.1", port=plc.port, **(fast | settings))
    return ModbusSource(device, machines, Clock())


async def test_every_table_and_type_of_a_foreign_plc_is_read(foreign_plc: MakePlc) -> None:
    plc = await asyncio.to_thread(foreign_plc, filled())
    async with hearing(source(plc, {"M1": Machine(1, SIGNALS)})) as ear:
        await ear.until(lambda: all(ear.readings(name) for name in SIGNALS))
        last = {name: ear.values(name)[-1] for name in SIGNALS}
        assert last == {
            "running": True,
            "door": False,
            "alarm": True,
            "mode": 2,
            "parts": 65543,
            "power": 1.5,
            "energy": 123.456,
            "program": "O77A",
            "nowhere": None,
        }
        await asyncio.to_thread(plc.set, 1, "input", 10, *words("f", 2.5))
        await asyncio.to_thread(plc.set, 1, "coil", 3, False)
        await ear.hears("power", 2.5)
        await ear.hears("running", False)
    assert ear.ups() == [True]
    assert plc.written == 0


async def test_a_silent_unit_of_a_foreign_plc_costs_no_other_its_link(foreign_plc: MakePlc) -> None:
    plc = await asyncio.to_thread(foreign_plc, filled(1) | filled(2))
    mode = {"mode": SIGNALS["mode"]}
    async with hearing(source(plc, {"M1": Machine(1, mode), "M2": Machine(2, mode)})) as ear:
        await ear.hears("mode", 2)
        await ear.hears("mode", 2, "M2")
        await asyncio.to_thread(plc.deafen, 2)
        await ear.until(lambda: ear.ups("M2") == [True, False])
        await asyncio.to_thread(plc.set, 1, "holding", 1, 9)
        await ear.hears("mode", 9)
        await asyncio.to_thread(plc.hear, 2)
        await ear.until(lambda: ear.ups("M2") == [True, False, True])
    assert ear.ups() == [True]


@pytest.mark.parametrize("how", ["killed", "hung"])
async def test_a_foreign_plc_that_goes_is_told_once_and_so_is_its_return(foreign_plc: MakePlc, how: str) -> None:
    plc = await asyncio.to_thread(foreign_plc, filled())
    go: Callable[[], None] = plc.kill if how == "killed" else plc.hang
    back: Callable[[], object] = plc.start if how == "killed" else plc.wake
    async with hearing(source(plc, {"M1": Machine(1, {"mode": SIGNALS["mode"]})})) as ear:
        await ear.hears("mode", 2)
        await asyncio.to_thread(go)
        await ear.until(lambda: ear.ups() == [True, False])
        await asyncio.to_thread(back)
        await ear.until(lambda: ear.ups() == [True, False, True])
        await asyncio.to_thread(plc.set, 1, "holding", 1, 5)
        await ear.hears("mode", 5)
    wanted = {"killed": "refuses connections", "hung": "unit 1 does not answer"}[how]
    assert wanted in ear.links()[1].reason
    assert len(ear.gaps()) == 1
