"""The Modbus source against a PLC of our own with bad manners: each is one clear line, and no other machine suffers."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from ear import hearing
from structlog.testing import capture_logs

from edge.sources.modbus import Machine, ModbusSource
from edge.sources.modbus_device import Modbus
from edge.sources.modbus_fake import FUNCTIONS, FakePlc, frame
from edge.sources.modbus_plan import Want, plan
from edge.sources.modbus_signal import ModbusSignal
from edge.sources.modbus_unit import Unit
from gateway.clock import Clock

COUNT = {"count": ModbusSignal(table="holding", address=7, type="UInt16")}


@pytest.fixture
async def plc() -> AsyncIterator[FakePlc]:
    found = FakePlc()
    for unit in (1, 2):
        found.set(unit, "holding", 7, 70 + unit)
    await found.start()
    yield found
    await found.stop()


def source(plc: FakePlc, machines: dict[str, Machine] | None = None, **settings: Any) -> ModbusSource:
    fast: dict[str, Any] = {"poll": timedelta(milliseconds=20), "timeout_s": 0.4, "retry_cap_s": 0.3}
    device = Modbus(type="modbus", host="127.0.0.1", port=plc.port, **(fast | settings))
    return ModbusSource(device, machines or {"M1": Machine(1, COUNT)}, Clock())


async def test_units_of_one_server_share_one_connection(plc: FakePlc) -> None:
    machines = {"M1": Machine(1, COUNT), "M2": Machine(2, COUNT), "M3": Machine(2, COUNT)}
    async with hearing(source(plc, machines)) as ear:
        await ear.hears("count", 71)
        await ear.hears("count", 72, "M2")
        await ear.hears("count", 72, "M3")
    assert plc.connections == 1
    assert all(each.source_time is None for each in ear.readings("count"))


async def test_only_reads_are_ever_sent(plc: FakePlc) -> None:
    machines = {"M1": Machine(1, COUNT | {"lost": ModbusSignal(table="coil", address=1)}), "M2": Machine(9, COUNT)}
    async with hearing(source(plc, machines)) as ear:
        await ear.hears("count", 71)
        await ear.until(lambda: ear.bad("lost") and ear.bad("count", "M2"))
    assert {function for _, function, _, _ in plc.asked} <= set(FUNCTIONS)


async def test_an_unchanged_value_is_not_told_again_and_again(plc: FakePlc) -> None:
    async with hearing(source(plc)) as ear:
        await ear.hears("count", 71)
        asked = len(plc.asked)
        await ear.until(lambda: len(plc.asked) > asked + 10)
        plc.set(1, "holding", 7, 99)
        await ear.hears("count", 99)
    assert ear.values("count") == [71, 99]


async def test_a_silent_unit_costs_its_own_machine_the_link_and_no_other(plc: FakePlc) -> None:
    machines = {"M1": Machine(1, COUNT), "M2": Machine(2, COUNT)}
    async with hearing(source(plc, machines)) as ear:
        await ear.hears("count", 72, "M2")
        plc.deaf.add(2)
        await ear.until(lambda: ear.ups("M2") == [True, False])
        for value in (100, 101):
            plc.set(1, "holding", 7, value)
            await ear.hears("count", value)
        plc.deaf.clear()
        await ear.until(lambda: ear.ups("M2") == [True, False, True])
    assert ear.ups() == [True]
    assert ear.links("M2")[1].reason.endswith(
        "unit 2 does not answer: check `unit` and its cable, or raise `timeout_s`"
    )
    (gap,) = ear.gaps("M2")
    assert gap.start < gap.end
    assert not ear.gaps()


@pytest.mark.parametrize(("code", "words"), [(10, "has no path to unit 1"), (11, "gets no answer from unit 1")])
async def test_a_gateway_without_its_unit_is_a_lost_link(plc: FakePlc, code: int, words: str) -> None:
    plc.codes[1] = code
    async with hearing(source(plc)) as ear:
        await ear.until(lambda: ear.ups() == [False])
        assert words in ear.links()[0].reason
        plc.codes.clear()
        await ear.hears("count", 71)


async def test_a_wrong_address_is_named_and_the_others_come(plc: FakePlc) -> None:
    signals = COUNT | {"wrong": ModbusSignal(table="holding", address=10, type="Float")}
    with capture_logs() as logs:
        async with hearing(source(plc, {"M1": Machine(1, signals)})) as ear:
            await ear.hears("count", 71)
            await ear.until(lambda: ear.bad("wrong"))
            await asyncio.sleep(0.3)
    (told,) = [each for each in logs if each["event"] == "modbus.signal_refused"]
    assert (told["machine"], told["signal"]) == ("M1", "wrong")
    assert told["problem"] == "the unit has no holding register 10 to 11 (ILLEGAL DATA ADDRESS)"
    assert "a manual's 40011" in told["advice"]
    assert ear.ups() == [True]


def test_a_refusal_is_news_whatever_number_was_read_before() -> None:
    unit = Unit(1, plan([Want("M1", "count", COUNT["count"])], timedelta(seconds=1), 8, 125))
    (request,), now = unit.requests, datetime(2026, 3, 2, 9, tzinfo=UTC)
    assert [each.value for each in unit.heard(request, [6], now, 0.0)] == [6]
    assert len(unit.refused(request, 6, now, 1.0)[0]) == 1
    assert [each.value for each in unit.heard(request, [6], now, 2.0)] == [6]


async def test_a_server_that_goes_is_told_once_for_all_its_machines(plc: FakePlc) -> None:
    machines = {"M1": Machine(1, COUNT), "M2": Machine(2, COUNT)}
    async with hearing(source(plc, machines)) as ear:
        await ear.hears("count", 72, "M2")
        await plc.stop()
        await ear.until(lambda: ear.ups() == [True, False] and ear.ups("M2") == [True, False])
        await plc.start()
        await ear.until(lambda: ear.ups() == [True, False, True] and ear.ups("M2") == [True, False, True])
    assert "refuses connections: check that its Modbus TCP server is switched on" in ear.links()[1].reason
    assert len(ear.gaps()) == len(ear.gaps("M2")) == 1


def wrong_unit(request: bytes) -> bytes:
    return frame(request[:6] + b"\x63" + request[7:], bytes([request[7], 2, 0, 5]))


HABITS: dict[str, Callable[[bytes], bytes]] = {
    "nothing": lambda _: b"",
    "noise": lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n",
    "half an answer": lambda request: frame(request, bytes([request[7], 2, 0, 5]))[:-1],
    "another transaction": lambda request: b"\xff\xff" + frame(request, bytes([request[7], 2, 0, 5]))[2:],
    "another unit": wrong_unit,
    "another function": lambda request: frame(request, bytes([4, 2, 0, 5])),
    "no words": lambda request: frame(request, bytes([request[7], 0])),
    "a length that lies": lambda request: frame(request, bytes([request[7], 200, 0, 5])),
    "no such function": lambda request: frame(request, bytes([0x6F, 1, 2, 3])),
    "an empty frame": lambda request: frame(request, b""),
}


@pytest.mark.parametrize("answer", HABITS.values(), ids=HABITS)
async def test_a_bad_habit_is_one_clear_line_and_stops_nothing(
    plc: FakePlc, answer: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture
) -> None:
    plc.answer = answer
    async with hearing(source(plc)) as ear:
        await ear.until(lambda: False in ear.ups())
        reason = ear.links()[0].reason
        assert reason.startswith(f"127.0.0.1:{plc.port} ")
        assert "check" in reason
        assert "\n" not in reason
        plc.answer = None
        await ear.hears("count", 71)
        assert ear.ups()[-1]
    assert ear.values("count") == [71]
    assert not caplog.records, "the library and the event loop have logs of their own"
