"""A PLC of our own, for `test_every_source`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

from edge.sources.modbus import Machine, ModbusSource
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_fake import FakePlc
from edge.sources.modbus_signal import ModbusSignal
from gateway.clock import Clock


class Polled:
    machine, signal, stamped, losable = "M1", "value", False, True

    def __init__(self, plc: FakePlc) -> None:
        device = Modbus(
            type="modbus",
            host="127.0.0.1",
            port=plc.port,
            poll=timedelta(milliseconds=30),
            timeout_s=1,
            retry_cap_s=0.5,
        )
        signals = {self.signal: ModbusSignal(table="holding", address=7, type="Int16")}
        self.plc = plc
        self.source = ModbusSource(device, {self.machine: Machine(1, signals)}, Clock())

    async def say(self, value: int) -> None:
        self.plc.set(1, "holding", 7, value)

    async def lose(self) -> None:
        await self.plc.stop()

    async def find(self) -> None:
        await self.plc.start()


@asynccontextmanager
async def harness() -> AsyncIterator[Polled]:
    plc = FakePlc()
    plc.set(1, "holding", 7, 0)
    await plc.start()
    try:
        yield Polled(plc)
    finally:
        await plc.stop()
