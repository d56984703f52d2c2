"""Why a machine is not sold whose values its profile does not know."""

from typing import Any

from edge.condition import Present
from edge.explain import Scene, explain
from gateway.crossing import MachineDisclosure


async def test_a_guess_is_called_a_guess(plant: Any) -> None:
    await plant.see("M1", "NotExecuting")
    await plant.see("M1", "Dancing")
    desk, now = plant.agent.desks["M1"], plant.at(minutes=6)
    scene = Scene(desk.case, desk.watch, desk.papers, Present(), MachineDisclosure(), now)
    found = explain(scene, now)
    (machine,) = [step for step in found.steps if step.layer == "machine"]
    assert machine.takes
    assert "a guess (the profile does not know item_state=Dancing) since" in machine.text
