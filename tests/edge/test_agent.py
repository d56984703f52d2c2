"""The running agent: what reaches the outbox, and that no trouble of one part is the trouble of another."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import structlog

from edge import control
from edge.desk import Desk
from edge.reading import Cursor, Event, Gap, LinkNotice
from edge.sources import Emit
from edge.supervision import supervise
from edge.trouble import Trouble
from edge.wiring import Feed
from gateway.capacity import CapacityType, Reason
from gateway.clock import Clock
from gateway.link import PeerClock, Resync, resync_note
from gateway.machine import ItemState, Quality
from gateway.messages import Announce, GapNotice, StateChange, Statement, Stream, Telemetry
from gateway.outbox import Caps
from gateway.shown import alive, shown

Make = Callable[..., Any]


def first(statement: Statement) -> tuple[CapacityType, Reason]:
    return statement.spans[0].type, statement.spans[0].reason


async def test_a_reading_becomes_a_state_and_a_statement(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    assert [(told.machine, told.state) for told in plant.sent()] == [("M1", ItemState.NOT_EXECUTING)]
    (said,) = plant.statements()
    assert (said.version, first(said)) == (1, (CapacityType.AVAILABLE, Reason.IDLE))
    assert said.valid_until - said.issued_at == timedelta(minutes=5)


async def test_a_machine_that_may_still_answer_is_not_spoken_of(plant: Any) -> None:
    plant.agent.step(plant.at(seconds=1))
    assert plant.statements() == []


async def test_a_machine_that_never_answers_is_unattainable_after_its_staleness(plant: Any) -> None:
    plant.agent.step(plant.at(minutes=6))
    assert first(plant.statements()[-1]) == (CapacityType.UNATTAINABLE, Reason.STALE_DATA)


async def test_less_to_sell_is_said_at_once_and_more_when_it_has_lasted(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    await plant.see("M1", "Executing")
    plant.agent.step(plant.at(seconds=6))
    assert [first(said)[0] for said in plant.statements()] == [CapacityType.AVAILABLE, CapacityType.COMMITTED]
    await plant.see("M1", "NotExecuting")
    assert len(plant.statements()) == 2
    plant.agent.step(plant.at(seconds=9))
    assert first(plant.statements()[-1])[0] is CapacityType.AVAILABLE


async def test_a_silent_machine_turns_uncertain_then_unattainable_and_is_told_once(plant: Any) -> None:
    await plant.see("M1", "Executing")
    await plant.agent.emit([LinkNotice("M1", False, plant.at(), "no route; look at the cable")])
    await plant.agent.emit([LinkNotice("M1", False, plant.at(seconds=9), "no route; look at the cable")])
    assert plant.agent.trouble.now["machine/M1"] == "no route; look at the cable"
    plant.agent.step(plant.at(minutes=6))
    assert [told.quality for told in plant.sent()] == [Quality.GOOD, Quality.UNCERTAIN]
    assert first(plant.statements()[-1]) == (CapacityType.UNATTAINABLE, Reason.STALE_DATA)
    await plant.see("M1", "Executing")
    assert "machine/M1" not in plant.agent.trouble
    assert plant.sent()[-1].quality is Quality.GOOD


async def test_a_restart_repeats_no_state_and_no_version(plant: Any) -> None:
    await plant.see("M1", "Executing")
    plant.restart()
    await plant.see("M1", "Executing")
    assert len([told for told in plant.sent() if isinstance(told, StateChange)]) == 1
    assert [said.version for said in plant.statements()] == [1, 2]


async def test_a_cursor_moves_with_its_messages_or_not_at_all(plant: Any) -> None:
    plant.outbox.close()
    plant.caps = Caps(hard=1)
    plant.start()
    batch = [plant.reading("M1", "Executing"), Cursor("M1", "17")]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.3):
            await plant.agent.emit(batch)
    assert plant.outbox.cursor("source/M1") is None
    assert plant.agent.desks["M1"].watch.track.shown is None
    assert "nothing new is sold" in plant.agent.trouble.now["outbox"]
    plant.outbox.close()
    plant.caps = None
    plant.start()
    await plant.agent.emit(batch)
    assert (plant.outbox.cursor("source/M1"), len(plant.sent())) == ("17", 1)


async def test_a_full_outbox_stops_the_sale_and_says_so_until_it_is_emptied(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    plant.outbox.close()
    plant.caps = Caps(hard=1)
    plant.start()
    offered = asyncio.create_task(plant.agent.emit([LinkNotice("M1", True, plant.at())]))
    await asyncio.sleep(0.05)
    plant.agent.step(plant.at(seconds=3))
    assert (len(plant.statements()), "outbox" in plant.agent.trouble) == (1, True)
    plant.acknowledge()
    plant.outbox._caps = Caps()
    await asyncio.wait_for(offered, 5)
    plant.agent.step(plant.at(seconds=4))
    assert (len(plant.statements()), "outbox" in plant.agent.trouble) == (1, False)


async def test_a_fault_in_one_machine_does_not_disturb_another(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    sound = Desk.take

    def broken(desk: Desk, events: Sequence[Event], now: datetime) -> Any:
        if desk.machine == "M1":
            msg = "planted"
            raise RuntimeError(msg)
        return sound(desk, events, now)

    monkeypatch.setattr(Desk, "take", broken)
    await plant.agent.emit([plant.reading("M1", "Executing"), plant.reading("M2", "Executing")])
    told = {(type(message), message.machine) for message in plant.sent()}
    assert told == {(GapNotice, "M1"), (StateChange, "M2")}
    assert "planted" in plant.agent.trouble.now["fault/M1"]


async def test_a_pause_stops_the_sale_at_once_and_outlives_a_restart(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    control.pause(plant.config.data, "M1")
    plant.agent.step(plant.at(seconds=4))
    assert first(plant.statements()[-1]) == (CapacityType.UNATTAINABLE, Reason.PAUSED)
    plant.restart()
    await plant.see("M1", "NotExecuting")
    assert first(plant.statements()[-1]) == (CapacityType.UNATTAINABLE, Reason.PAUSED)
    control.resume(plant.config.data, "M1")
    plant.agent.step(plant.at(seconds=4))
    plant.agent.step(plant.at(seconds=9))
    assert first(plant.statements()[-1]) == (CapacityType.AVAILABLE, Reason.IDLE)


async def test_past_a_minute_of_offset_nothing_is_sold(plant: Any) -> None:
    plant.agent.on_effect(PeerClock(plant.at(seconds=61), 0.0))
    await plant.see("M1", "NotExecuting")
    assert (plant.statements(), len(plant.sent())) == ([], 1)
    assert "the registry's clock is +61 s off ours" in plant.agent.trouble.now["clock"]
    plant.agent.on_effect(PeerClock(plant.at(seconds=50), 0.0))
    plant.agent.step(plant.at(seconds=4))
    assert len(plant.statements()) == 1


async def test_a_registry_that_lost_its_states_gets_them_again(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    plant.acknowledge()
    plant.agent.on_effect(Resync(Stream.STATE, "token"))
    plant.agent.step(plant.at(seconds=4))
    assert [(told.machine, told.state) for told in plant.sent()] == [("M1", ItemState.NOT_EXECUTING)]
    assert plant.outbox.note(resync_note("up", Stream.STATE)) == "token"


async def test_a_registry_that_lost_its_offers_gets_all_of_them_again(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    plant.acknowledge()
    plant.agent.on_effect(Resync(Stream.CONTROL, "token"))
    plant.agent.step(plant.at(seconds=4))
    announced, *said = plant.sent(Stream.CONTROL)
    assert isinstance(announced, Announce)
    assert [(told.machine, told.version) for told in said] == [("M1", 2)]
    assert plant.outbox.note(resync_note("up", Stream.CONTROL)) == "token"


async def test_a_gap_of_a_signal_that_no_table_reads_is_not_told(plant: Any) -> None:
    gaps = [Gap("M1", plant.at(seconds=-5), plant.at(), "cut", (name,)) for name in ("temperature", "item_state")]
    await plant.agent.emit(gaps)
    assert len(plant.sent()) == 1


async def test_a_value_that_the_profile_does_not_know_is_counted(plant: Any) -> None:
    await plant.see("M1", "Executing")
    await plant.see("M1", "Dancing")
    await plant.see("M1", "Dancing")
    assert plant.agent.desks["M1"].watch.unknown == {"item_state=Dancing": 2}
    assert [(told.state, told.quality) for told in plant.sent()][-1] == (ItemState.EXECUTING, Quality.UNCERTAIN)


async def test_a_machine_is_not_sold_on_a_guess(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    await plant.see("M1", "Dancing")
    assert first(plant.statements()[-1])[0] is CapacityType.AVAILABLE
    plant.agent.step(plant.at(minutes=6))
    assert first(plant.statements()[-1]) == (CapacityType.UNATTAINABLE, Reason.STALE_DATA)
    await plant.see("M1", "NotExecuting")
    plant.agent.step(plant.at(minutes=8))
    assert first(plant.statements()[-1])[0] is CapacityType.AVAILABLE


async def test_ever_new_values_are_told_apart_only_so_long(plant: Any) -> None:
    with structlog.testing.capture_logs() as logs:
        for number in range(50):
            await plant.see("M1", f"{number} W")
    assert [line["event"] for line in logs] == ["unknown value"] * 21
    unknown = plant.agent.desks["M1"].watch.unknown
    assert (len(unknown), unknown["item_state=…"]) == (21, 30)


async def test_the_plants_policy_keeps_states_in(make_plant: Make) -> None:
    plant = make_plant("disclosure: {default: {states: false}}\n")
    await plant.see("M1", "NotExecuting")
    assert (plant.sent(), len(plant.statements())) == ([], 1)


async def test_raw_signals_stay_in_unless_the_plant_names_them(make_plant: Make, write: Make) -> None:
    text = (Path("device-profiles") / "opcua-machinery.yaml").read_text()
    named = text.replace("signals:\n", "signals:\n  heat: {node: Heat, type: Double, unit: Cel}\n")
    write("own/opcua-machinery.yaml", named)
    plant = make_plant("profiles: [own]\ndisclosure: {machines: {M1: {signals: [heat]}}}\n")
    await plant.agent.emit([plant.reading(name, 21.5, "heat") for name in ("M1", "M2")])
    await plant.agent.emit([plant.reading("M1", 22.5, "heat", historical=True)])
    assert plant.sent(Stream.TELEMETRY) == []
    plant.agent.post.flush()
    (told,) = plant.sent(Stream.TELEMETRY)
    assert isinstance(told, Telemetry)
    assert (told.machine, [(column.signal, column.values) for column in told.columns]) == ("M1", [("heat", (21.5,))])
    assert [old.columns[0].values for old in plant.sent(Stream.BACKFILL)] == [(22.5,)]


async def test_a_plan_that_changes_is_read_again(make_plant: Make, write: Make) -> None:
    plan = write("plan.csv", "machine,start,end,order\n")
    plant = make_plant(f"plan: {{file: {plan}}}\n")
    await plant.see("M1", "NotExecuting")
    plan.write_text("machine,start,end,order\nM1,2026-03-02T12:00,2026-03-02T15:00,4711\n")
    plant.agent._planned = 0.0
    plant.agent.step(plant.at(seconds=4))
    assert [piece.reason for piece in plant.statements()[-1].spans] == ["planned"], "only what changed is said"
    assert all(piece.detail is None for piece in plant.statements()[-1].spans)
    plan.write_text("machine,start\n")
    plant.agent._planned = 0.0
    plant.agent.step(plant.at(seconds=5))
    assert "the last good copy ages" in plant.agent.trouble.now[f"feed/{plan}"]
    assert len(plant.agent.desks["M1"].papers.orders) == 1


async def test_what_a_log_knows_from_before_the_first_start_is_told_once(make_plant: Make, write: Make) -> None:
    rows = "M1,setup,2026-03-02T06:00,2026-03-02T07:00\nM1,production,2026-03-02T07:00,2026-03-02T12:00\n"
    log = write("log.csv", f"machine,report,start,end\n{rows}")
    plant = make_plant("", '127.0.0.1:1"}}\n  M2', f'127.0.0.1:1"}}, history: {{type: replay, file: {log}}}}}\n  M2')
    assert [(told.state, told.mode) for told in plant.sent()] == [
        ("NotExecuting", "Setup"),
        ("Executing", "Processing"),
    ]
    plant.restart()
    assert len(plant.sent()) == 2


async def test_the_status_says_what_a_person_wants_to_know(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    plant.agent._shown = 0.0
    plant.agent.step(plant.at(seconds=4))
    found = shown(plant.config.data, "agent")
    assert found
    assert found["machines"]["M1"]["state"] == "NotExecuting"
    assert 12.9 < found["machines"]["M1"]["offered_hours_next_day"] < 16.1
    assert alive(found["pid"])


class Stumbling:
    """A source that fails, twice."""

    def __init__(self) -> None:
        self.runs = 0

    async def run(self, _: Emit) -> None:
        self.runs += 1
        if self.runs < 3:
            msg = "planted"
            raise RuntimeError(msg)
        await asyncio.Event().wait()


async def test_a_source_that_fails_is_started_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.supervision.FIRST", 0.01)
    source, trouble, told = Stumbling(), Trouble(), list[Event]()

    async def emit(events: Sequence[Event]) -> None:
        told.extend(events)

    work = asyncio.ensure_future(supervise(Feed("M1", source, ("M1",)), emit, Clock(), trouble))
    async with asyncio.timeout(30):
        while source.runs < 3:  # noqa: ASYNC110 - what is waited for has no event
            await asyncio.sleep(0.01)
    work.cancel()
    await asyncio.wait([work])
    assert [(event.machine, event.up) for event in told if isinstance(event, LinkNotice)] == [("M1", False)] * 2
    assert "RuntimeError: planted" in trouble.now["source/M1"]
