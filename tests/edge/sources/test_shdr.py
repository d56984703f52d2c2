"""Recorded SHDR: what its lines say, whatever their order, and a real machine's afternoon that is replayed."""

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from ear import hearing
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import FileInvalid
from edge.mapping import Seen, StampBounds, apply
from edge.profile import find
from edge.reading import Reading
from edge.sources.mtconnect_model import DataItem, Observation
from edge.sources.mtconnect_signal import MtconnectProfile, MtconnectSignal
from edge.sources.shdr import Fault, parse, split
from edge.sources.shdr_replay import Instant, ShdrReplay, instants
from edge.tracker import Track, step, tick
from gateway.clock import Clock
from gateway.machine import ItemState, Quality
from gateway.messages import StateChange

Write = Callable[[str, str], Path]
OKUMA = Path(__file__).parents[4] / "shared" / "data" / "okuma-2022"
AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
ITEMS = {
    "sys": DataItem("sys", None, "CONDITION", "SYSTEM"),
    "msg": DataItem("msg", None, "EVENT", "MESSAGE"),
}


def said(text: str, items: Mapping[str, DataItem] | None = None) -> list[tuple[str, object]]:
    found = list(parse(text.splitlines(), items or {}))
    assert all(isinstance(each, Observation) for each in found), found
    return [(each.item, each.value) for each in found if isinstance(each, Observation)]


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("2026-03-02T06:00:00Z|exec|ACTIVE|prog|O77", [("exec", "ACTIVE"), ("prog", "O77")]),
        ("2026-03-02T06:00:00.1234567Z|exec|UNAVAILABLE", [("exec", None)]),
        ("2026-03-02T06:00:00@1000|exec|ACTIVE", [("exec", "ACTIVE")]),
        ("2026-03-02T06:00:00Z|block||line|", [("block", ""), ("line", "")]),
        ("2026-03-02T06:00:00Z|block|", [("block", "")]),
        ("2026-03-02T06:00:00Z|block", [("block", "")]),
        ("2026-03-02T06:00:00Z|mill:exec|ACTIVE", [("exec", "ACTIVE")]),
        ("2026-03-02T06:00:00Z|sys|FAULT|41|high||Oil | low", [("sys", "FAULT")]),
        ("2026-03-02T06:00:00Z|sys|NORMAL||||", [("sys", "NORMAL")]),
        ("2026-03-02T06:00:00Z|sys|unavailable||||", [("sys", None)]),
        ("2026-03-02T06:00:00Z|msg|77|Door open", [("msg", "Door open")]),
        ("2026-03-02T06:00:00Z|hyd|NORMAL||||", [("hyd", "NORMAL")]),
        (r'2026-03-02T06:00:00Z|prog|"A\|B"|exec|READY', [("prog", "A|B"), ("exec", "READY")]),
        ("2026-03-02T06:00:00Z|@ASSET@|T1|CuttingTool|<CuttingTool/>", []),
        ("2026-03-02T06:00:00Z|@REMOVE_ALL_ASSETS@|CuttingTool", []),
        ("* adapterVersion: 2.0", []),
        ("", []),
    ],
)
def test_a_line_says_what_its_items_are(line: str, wanted: list[tuple[str, object]]) -> None:
    assert said(line, ITEMS) == wanted


def test_an_asset_of_many_lines_is_passed_over_whole() -> None:
    text = """2026-03-02T06:00:00Z|@ASSET@|T1|CuttingTool|--multiline--ABCD
<CuttingTool>
2026-03-02T05:00:00Z|exec|STOPPED
</CuttingTool>
--multiline--ABCD
2026-03-02T06:00:01Z|exec|ACTIVE"""
    assert said(text) == [("exec", "ACTIVE")]


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("yesterday|exec|ACTIVE", 1, "begins with 'yesterday', which is no time"),
        ("2026-03-02T06:00:00Z|sys|LOUD||||", 1, "condition sys has level 'LOUD'"),
        ("2026-03-02T06:00:00Z||ACTIVE", 1, "a value without an item"),
        (
            "* x\n2026-03-02T06:00:00Z|@ASSET@|T|Tool|--multiline--9\n<Tool>",
            2,
            "whose end '--multiline--9' never comes",
        ),
    ],
)
def test_a_faulty_line_is_told_and_passed_over(text: str, line: int, problem: str) -> None:
    (fault,) = parse(text.splitlines(), ITEMS)
    assert isinstance(fault, Fault)
    assert fault.line == line
    assert problem in fault.problem


@given(st.lists(st.text(alphabet='|"\\@:*- aZ0', max_size=40), max_size=10))
def test_lines_of_noise_say_nothing_or_are_faults(tails: list[str]) -> None:
    lines = [f"2026-03-02T06:00:00Z{tail}" for tail in tails] + tails
    for each in parse(lines, ITEMS):
        assert isinstance(each, Observation | Fault)


@given(st.text(alphabet='|"\\ab', max_size=60))
def test_a_line_without_quotes_is_split_at_every_bar(line: str) -> None:
    fields = split(line)
    assert fields == line.split("|") if '"' not in line else len(fields) <= line.count("|") + 1


SIGNALS = {"execution": MtconnectSignal(item="exec"), "system": MtconnectSignal(item="sys")}
RECORDED = """\
2026-03-02T06:10:00Z|exec|READY
2026-03-02T06:00:00Z|exec|ACTIVE|other|1
broken
2026-03-02T06:05:00Z|sys|FAULT|41|||Oil
2026-03-02T06:12:00Z|exec|UNAVAILABLE
"""


def test_a_recording_is_put_in_the_order_of_its_stamps(write: Write) -> None:
    found = instants("M1", write("mill.shdr", RECORDED), SIGNALS)
    assert [(each.at.minute, [(r.signal, r.value) for r in each.readings]) for each in found] == [
        (0, [("execution", "ACTIVE")]),
        (5, [("system", "FAULT")]),
        (10, [("execution", "READY")]),
        (12, [("execution", None)]),
    ]
    assert found[-1].readings[0].quality is Quality.BAD


async def test_a_replay_tells_the_past_at_once_and_goes_on_after_its_cursor(write: Write) -> None:
    found = instants("M1", write("mill.shdr", RECORDED), SIGNALS)
    async with hearing(ShdrReplay("M1", found, Clock())) as ear:
        await ear.until(lambda: len(ear.readings("execution")) == 3)
    assert all(each.historical for each in ear.readings("execution"))
    assert ear.ups() == [True]
    async with hearing(ShdrReplay("M1", found, Clock(), found[1].at.isoformat())) as later:
        await later.until(lambda: len(later.readings("execution")) == 2)
        await asyncio.sleep(0.1)
    assert later.values("execution") == ["READY", None]


async def test_what_is_to_come_waits_for_its_time() -> None:
    clock = Clock()
    soon, never = clock.now() + timedelta(seconds=0.3), clock.now() + timedelta(hours=1)
    found = [
        Instant(at, (Reading("M1", "execution", name, at, at),)) for at, name in [(soon, "soon"), (never, "never")]
    ]
    async with hearing(ShdrReplay("M1", found, clock)) as ear:
        await ear.until(lambda: ear.readings("execution"))
    (told,) = ear.readings("execution")
    assert told.value == "soon"
    assert told.received >= soon


@pytest.mark.parametrize(
    ("text", "signals", "complaint"),
    [
        (RECORDED, {"load": MtconnectSignal(item="load")}, "no line has one of the items load; check the profile"),
        (
            RECORDED,
            {"load": MtconnectSignal(item_type="LOAD")},
            "signal load is found by its type, .* name its Devices.xml",
        ),
    ],
)
def test_a_recording_without_the_signals_is_refused(
    write: Write, text: str, signals: dict[str, MtconnectSignal], complaint: str
) -> None:
    with pytest.raises(FileInvalid, match=complaint):
        instants("M1", write("mill.shdr", text), signals)


@pytest.mark.parametrize(
    ("model", "complaint"),
    [
        ("<html/>", "no MTConnect document; .*Devices.xml"),
        ("<MTConnectStreams/>", "has no devices"),
        ("<MTConnectDevices><Devices/></MTConnectDevices>", "has 0 devices"),
        (None, "cannot be read"),
    ],
)
def test_a_model_that_is_none_is_refused(write: Write, tmp_path: Path, model: str | None, complaint: str) -> None:
    path = write("Devices.xml", model) if model else tmp_path / "nothing.xml"
    with pytest.raises(FileInvalid, match=complaint):
        instants("M1", write("mill.shdr", RECORDED), SIGNALS, path)


def lived(found: list[Instant]) -> list[StateChange]:
    """What an agent tells that gets these readings."""
    profile = find("mtconnect")
    track, seen, told = Track("M1"), Seen(), list[StateChange]()
    for each in found:
        seen, facts = apply(profile, seen, [replace(r, historical=True) for r in each.readings], StampBounds())
        for fact in facts:
            track, changes = step(track, fact, profile.debounce)
            told += changes
    return told + list(tick(track, found[-1].at + timedelta(days=1), profile.debounce)[1])


@pytest.mark.skipif(not OKUMA.is_dir(), reason="the recording ../shared/data/okuma-2022 is not here")
def test_the_four_program_runs_of_a_recorded_okuma_come_out_as_four_runs() -> None:
    profile = find("mtconnect")
    assert isinstance(profile, MtconnectProfile)
    found = instants("M1", OKUMA / "okuma.shdr.txt", profile.signals, OKUMA / "Devices.xml", "OKUMA")
    told = lived(found)
    assert all(change.quality is Quality.GOOD for change in told)
    runs = [
        (change.at.strftime("%H:%M:%S"), after.at.strftime("%H:%M:%S"))
        for change, after in pairwise(told)
        if change.state is ItemState.EXECUTING
    ]
    assert runs == [
        ("13:37:22", "13:47:27"),
        ("13:51:36", "13:54:43"),
        ("13:57:44", "13:58:01"),
        ("14:21:10", "14:30:19"),
    ]
    counts = [r.value for each in found for r in each.readings if r.signal == "part_count"]
    assert counts == ["0", "1", "0", "1", "0", "1", "2", "3"]
