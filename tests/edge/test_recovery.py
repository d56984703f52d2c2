"""What goes wrong around a running agent: a restart, an outbox in trouble, a broken file; nothing of it is lost."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from edge import control
from edge.reading import LinkNotice
from gateway.messages import GapNotice
from gateway.outbox import Caps

Make = Callable[..., Any]


async def test_after_a_restart_a_gap_bounds_what_nobody_could_see(plant: Any) -> None:
    await plant.see("M1", "Executing")
    plant.restart()
    await plant.see("M1", "NotExecuting")
    (gap,) = (told for told in plant.sent() if isinstance(told, GapNotice))
    assert (gap.machine, gap.reason) == ("M1", "the agent did not run")
    assert gap.start < gap.end


async def test_a_gap_that_did_not_get_into_the_outbox_is_offered_again(plant: Any) -> None:
    await plant.see("M1", "Executing")
    plant.outbox.close()
    plant.caps = Caps(hard=1)
    plant.start()
    offered = asyncio.create_task(plant.agent.emit([LinkNotice("M1", True, plant.at(seconds=9))]))
    await asyncio.sleep(0.05)
    assert "outbox" in plant.agent.trouble
    plant.outbox._caps = Caps()
    await asyncio.wait_for(offered, 5)
    (gap,) = (told for told in plant.sent() if isinstance(told, GapNotice))
    assert gap.reason == "the agent did not run"
    await plant.agent.emit([LinkNotice("M1", True, plant.at(seconds=19))])
    assert len([told for told in plant.sent() if isinstance(told, GapNotice)]) == 1


@pytest.mark.parametrize("fault", ['M1,2026-03-02T12:00,2026-03-02T15:00,"4712\n', f"M1,a,b,{'4' * 140_000}\n"])
async def test_a_broken_plan_leaves_the_last_good_one(make_plant: Make, write: Make, fault: str) -> None:
    rows = "machine,start,end,order\nM1,2026-03-02T12:00,2026-03-02T15:00,4711\n"
    plan = write("plan.csv", rows)
    plant = make_plant(f"plan: {{file: {plan}}}\n")
    await plant.see("M1", "NotExecuting")
    plan.write_text(rows + fault)
    plant.agent._planned = 0.0
    plant.agent.step(plant.at(seconds=4))
    assert "plan.csv:3" in plant.agent.trouble.now[f"feed/{plan}"]
    assert [piece.reason for piece in plant.statements()[-1].spans][:3] == ["idle", "planned", "idle"]


async def test_a_fault_over_a_plan_does_not_stop_the_agent(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken() -> None:
        msg = "planted"
        raise RuntimeError(msg)

    monkeypatch.setattr(plant.agent, "_replan", broken)
    await plant.see("M1", "NotExecuting")
    assert len(plant.statements()) == 1
    assert "planted" in plant.agent.trouble.now["fault/plan"]


async def test_pauses_that_cannot_be_read_stay_as_they_were(plant: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    control.pause(plant.config.data, "M1")
    await plant.see("M1", "NotExecuting")

    def denied(_: Path) -> frozenset[str]:
        msg = "planted"
        raise PermissionError(msg)

    monkeypatch.setattr(control, "paused", denied)
    plant.agent.step(plant.at(seconds=4))
    assert "planted" in plant.agent.trouble.now["pauses"]
    assert plant.agent.desks["M1"].paused
