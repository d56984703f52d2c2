"""The PackML profile on a machine that is not ours, whose inner states come and go with the outer ones."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from foreign_opcua import PLANT, ForeignPlant

from edge.mapping import Seen, StampBounds, apply, shape
from edge.profile import find
from edge.reading import Event, Reading
from edge.secret import Vault
from edge.sources.building import Site, Wanted, build
from edge.sources.opcua_device import OpcUa
from gateway.clock import Clock
from gateway.machine import ItemState, OperationMode, Quality

MakePlant = Callable[..., Awaitable[ForeignPlant]]
PROFILE = find("opcua-packml")
UNITS = {"order": "packaging", "machines": [], "packml": ["Filler"]}

STEPS = [
    (("Cleared", "Stopped", None, "Produce"), ItemState.NOT_EXECUTING, OperationMode.PROCESSING),
    (("Cleared", "Running", "Idle", "Manual"), ItemState.NOT_EXECUTING, OperationMode.SETUP),
    (("Cleared", "Running", "Execute", "Produce"), ItemState.EXECUTING, OperationMode.PROCESSING),
    (("Cleared", "Running", "Suspended", None), ItemState.NOT_EXECUTING, OperationMode.PROCESSING),
    (("Cleared", "Running", "Held", None), ItemState.OUT_OF_SERVICE, OperationMode.PROCESSING),
    (("Cleared", "Running", "Execute", None), ItemState.EXECUTING, OperationMode.PROCESSING),
    (("Aborted", None, None, "Maintenance"), ItemState.OUT_OF_SERVICE, OperationMode.MAINTENANCE),
    (("Cleared", "Clearing", None, "Produce"), ItemState.OUT_OF_SERVICE, OperationMode.PROCESSING),
    (("Cleared", "Stopped", None, None), ItemState.NOT_EXECUTING, OperationMode.PROCESSING),
]


class Heard:
    """What the profile makes of what the machine's server tells."""

    def __init__(self) -> None:
        self.seen = Seen()
        self.last: tuple[ItemState | None, OperationMode | None, Quality] | None = None

    async def emit(self, events: Sequence[Event]) -> None:
        readings = [event for event in events if isinstance(event, Reading)]
        self.seen, shaped = shape(PROFILE, self.seen, readings)
        self.seen, facts = apply(PROFILE, self.seen, shaped, StampBounds())
        if facts:
            self.last = (facts[-1].state, facts[-1].mode, facts[-1].quality)


async def test_each_packml_state_is_read_right_from_a_foreign_server(foreign_plant: MakePlant, tmp_path: Path) -> None:
    plant = await foreign_plant(**UNITS)
    device = OpcUa(type="opcua", url=plant.url, root=f"/Objects/nsu={PLANT};Filler", security="none", publishing_ms=50)
    site = Site(Clock(), Vault(tmp_path, {}), ZoneInfo("UTC"))
    heard = Heard()
    wanted = {"Filler": Wanted(device, PROFILE, PROFILE.signals, "machines.Filler.source")}
    task = asyncio.create_task(build(site, wanted).run(heard.emit))
    try:
        for (base, state, execute, mode), expected, in_mode in STEPS:
            await plant.ask("packml", machine="Filler", base=base, state=state, execute=execute, mode=mode)
            async with asyncio.timeout(40):
                while heard.last != (expected, in_mode, Quality.GOOD):  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
    finally:
        while not task.done():  # told again where a library swallows it, as the agent's supervision does
            task.cancel()
            await asyncio.wait([task], timeout=0.5)
