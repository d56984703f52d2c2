"""The main job with a plant that is not ours: node-opcua with the published Machinery and ISA-95 nodesets."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.demo.api import Api
from gateway.demo.files import Hall, Reach, service
from gateway.demo.log import read
from gateway.demo.scene import Memory, Ports, Scene, new_clock, open_ports
from gateway.demo.stage import Stage
from gateway.supervisor import Supervisor

SPEED = 360.0
LINE = "/Objects/machinery:Machines/nsu=urn:foreign-plant:line;"
LOG = """machine,process,report,start,end,order,part,order_qty,completed_qty
Press,Forming,production,2026-03-02T08:00:00,2026-03-02T09:00:00,A-1,Housing,60,60
Mill,Milling,production,2026-03-02T08:00:00,2026-03-02T09:00:00,A-2,Barrel,60,60
"""


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    tmp_path.chmod(0o711)
    (tmp_path / "log.csv").write_text(LOG)
    api, dashboard, mqtt = open_ports(3)
    clock = new_clock(datetime.now(UTC), SPEED, Memory())
    return Stage(Scene(tmp_path, Ports(api, dashboard, mqtt), clock), read(tmp_path / "log.csv"), Memory(), print)


async def finished(partner: Api, booking: dict[str, Any]) -> dict[str, Any]:
    for _ in range(600):
        found: dict[str, Any] = await partner.get(f"bookings/{booking['id']}")
        if found["state"] == "METERED":
            return found
        await asyncio.sleep(0.1)
    pytest.fail(f"never metered: {found}")


async def test_a_foreign_plant_is_found_booked_run_and_metered(
    stage: Stage, foreign_plant: Callable[..., Awaitable[Any]]
) -> None:
    plant = await foreign_plant(clock=str(stage.scene.clock), cycleMs=240_000)
    await plant.ask("stop_at", machine="Mill", share=0.4)
    press, mill = (next(each for each in stage.log.machines if each.name == name) for name in ("Press", "Mill"))
    reach = tuple(Reach("opcua-machinery", plant.url, LINE + machine.name) for machine in (press, mill))
    async with Supervisor(stage.scene.folder / "logs", print) as supervisor:
        await stage.raise_cloud(supervisor, dashboard=False)
        await stage.enlist()
        keys = stage.memory.keys
        async with (
            Api(stage.scene.api_url, keys["plant"]) as owner,
            Api(stage.scene.api_url, keys["partner"]) as partner,
        ):
            await stage.send_agent(supervisor, owner, Hall("line", (press, mill), reach))
            machines = await stage.seen(owner)
            bookings = {}
            for machine in (press, mill):
                offered = await owner.post("services", service(machine, machines[machine.name]["id"]))
                bookings[machine.name] = await book(stage, partner, offered["id"])
            metered = {name: await finished(partner, booking) for name, booking in bookings.items()}
    assert {name: booking["meter"]["share"] for name, booking in metered.items()} == {"Press": 1.0, "Mill": 0.4}
    assert metered["Press"]["meter"]["good_quantity"] == 10
    assert metered["Press"]["meter"]["run_hours"] > 0
    for name, booking in metered.items():
        seen = await plant.ask("machine", machine=name)
        assert ["Store", f"{booking['id']}-1"] in seen["calls"]


async def book(stage: Stage, partner: Api, offered: str) -> dict[str, Any]:
    start = stage.scene.clock.now() + stage.scene.clock.business(timedelta(seconds=3))
    wish = {"service_id": offered, "start": start.isoformat(), "duration": "PT1H"}
    found = await partner.post("search", {**wish, "end": (start + timedelta(hours=8)).isoformat()})
    slot = {key: found["items"][0][key] for key in ("service_id", "machine_id", "start", "end")}
    work = {"work_master": "demo-part", "quantity": 10}
    booking: dict[str, Any] = await partner.post("bookings", {**slot, "work": work})
    return booking
