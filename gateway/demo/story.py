"""The main job, told over HTTP: machines seen, hours offered, one found, held, booked, run and metered."""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from gateway.clock import Clock
from gateway.demo.api import Api
from gateway.demo.log import LoggedMachine
from gateway.errors import GatewayError

LEAD = timedelta(seconds=4)
"""Real time between booking and start: enough for the order to reach the machine."""

JOB = timedelta(minutes=48)
"""How much of the booked hour the work needs."""

STOPS_AT = 0.4
FINAL = {"METERED", "CANCELLED", "DECLINED", "EXPIRED", "DISPLACED", "UNDELIVERABLE", "DISPUTED"}


class StoryFailed(GatewayError):
    """A step of the story did not happen; the message says which, and what was seen instead."""

    code = "demo.story_failed"


@dataclass(slots=True)
class Tale:
    """What has happened so far: `steps` maps each step to the real seconds that it took."""

    steps: dict[str, float] = field(default_factory=dict)
    tell: Callable[[str], None] = lambda _: None

    @asynccontextmanager
    async def step(self, name: str, told: str) -> AsyncIterator[None]:
        began = time.monotonic()
        yield
        self.steps[name] = round(time.monotonic() - began, 3)
        self.tell(f"{told} ({self.steps[name]:.2f} s)")


@dataclass(frozen=True, slots=True)
class Role:
    """What becomes of one booking: the share that its machine is to make, and how the plant is told to behave."""

    name: str
    share: float
    behaviour: dict[str, object] | None


ROLES = (
    Role("runs", 1.0, None),
    Role("stops", STOPS_AT, {"stop_at": STOPS_AT}),
    Role("never_starts", 0.0, {"ignore_start": True}),
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who plays: the plant's machines with their service ids, both parties' access, and the plant's ear."""

    clock: Clock
    provider: Api
    partner: Api
    machines: dict[str, LoggedMachine]
    services: dict[str, str]
    behave: Callable[[str, str, dict[str, object]], None]
    record: Callable[[], list[dict[str, Any]]]


async def tell(cast: Cast, tale: Tale) -> dict[str, Any]:
    """Live through the whole story once. Raises StoryFailed at the first step that does not happen."""
    async with tale.step("found", "a partner found idle hours"):
        slots = await _search(cast)
    bookings: dict[str, dict[str, Any]] = {}
    async with tale.step("held", "held them for the partner"):
        holds = {name: await cast.partner.post("holds", _wish(slot)) for name, slot in slots.items()}
    async with tale.step("booked", "booked them"):
        for role in ROLES:
            bookings[role.name] = await _book(cast, role, holds[role.name], slots[role.name])
    async with tale.step("stored", "the orders are in the machines, by the ISA-95 method Store"):
        await _until(cast, bookings, lambda booking: booking["state"] != "CONFIRMED", 30)
        await _stored(cast, bookings)
    async with tale.step("running", "the machine runs the job"):
        await _until(
            cast, {"runs": bookings["runs"]}, lambda booking: booking["state"] != "DISPATCHED", _wait(cast, slots)
        )
    async with tale.step("metered", "all three are metered"):
        await _until(cast, bookings, lambda booking: booking["state"] in FINAL, _wait(cast, slots) + 60)
    return await _account(cast, bookings)


async def _book(cast: Cast, role: Role, hold: dict[str, Any], slot: dict[str, Any]) -> dict[str, Any]:
    booking = dict(await cast.partner.post("bookings", _order(role, hold, cast.machines[slot["name"]])))
    if role.behaviour:
        cast.behave(slot["name"], booking["id"], role.behaviour)
    return booking


def _wait(cast: Cast, slots: dict[str, dict[str, Any]]) -> float:
    last = max(datetime.fromisoformat(slot["end"]) for slot in slots.values())
    return cast.clock.seconds_until(last) + 30


async def _search(cast: Cast) -> dict[str, dict[str, Any]]:
    """The earliest free hour of three machines, by role; the machine that makes parts quickest is the one to stop."""
    start = cast.clock.now() + cast.clock.business(LEAD)
    wish = {"start": _text(start), "end": _text(start + timedelta(days=2)), "duration": "PT1H", "limit": 100}
    names = {service: name for name, service in cast.services.items()}
    items = (await cast.partner.post("search", {"kind": "processing", **wish}))["items"]
    best: dict[str, dict[str, Any]] = {}
    for item in items:
        name = names.get(item["service_id"])
        if name and (name not in best or item["start"] < best[name]["start"]):
            best[name] = {**item, "name": name}
    slots = sorted(best.values(), key=lambda slot: (slot["start"], slot["name"]))
    if len(slots) < len(ROLES):
        msg = f"a search for an hour of processing found {len(slots)} machines, {len(ROLES)} are needed"
        raise StoryFailed(msg)
    at_once = [slot for slot in slots if slot["start"] <= slots[len(ROLES) - 1]["start"]]
    stops = min(at_once, key=lambda slot: cast.machines[slot["name"]].cycle)
    others = [slot for slot in at_once if slot is not stops]
    return {"runs": others[0], "stops": stops, "never_starts": others[1]}


def _wish(slot: dict[str, Any]) -> dict[str, object]:
    return {key: slot[key] for key in ("service_id", "machine_id", "start", "end", "quantity")}


def _order(role: Role, hold: dict[str, Any], machine: LoggedMachine) -> dict[str, object]:
    """As many parts as fit; where the machine will stop, a number that its share divides."""
    quantity = max(1, math.floor(JOB / machine.cycle))
    if role.name == "stops":
        quantity = max(5, quantity // 5 * 5)
    return {"hold_id": hold["id"], "work": {"work_master": "demo-part", "quantity": quantity, "material": "6061"}}


async def _until(
    cast: Cast, bookings: dict[str, dict[str, Any]], done: Callable[[dict[str, Any]], bool], seconds: float
) -> None:
    """Read the bookings until all are `done`; they are updated in place."""
    deadline = time.monotonic() + seconds
    while True:
        for name, booking in bookings.items():
            if not done(booking):
                bookings[name] = await cast.partner.get(f"bookings/{booking['id']}")
        if all(map(done, bookings.values())):
            return
        if time.monotonic() > deadline:
            states = ", ".join(f"{name}: {booking['state']}" for name, booking in bookings.items())
            msg = f"after {seconds:.0f} s the bookings still stand at {states}"
            raise StoryFailed(msg)
        await asyncio.sleep(0.1)


async def _stored(cast: Cast, bookings: dict[str, dict[str, Any]]) -> None:
    """The machines' own record must show a Store for each booking: our own reports are not asked here."""
    for _ in range(50):
        stored = {entry["job"].rpartition("-")[0] for entry in cast.record() if entry["method"] == "Store"}
        missing = {booking["id"] for booking in bookings.values()} - stored
        if not missing:
            return
        await asyncio.sleep(0.1)
    msg = f"no machine saw a Store for {', '.join(sorted(missing))}"
    raise StoryFailed(msg)


async def _account(cast: Cast, bookings: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What the story comes to; raises StoryFailed where a booking was not metered at what its machine really made."""
    told: dict[str, Any] = {}
    for role in ROLES:
        booking = await cast.partner.get(f"bookings/{bookings[role.name]['id']}")
        meter = booking["meter"] or {}
        keys = ("id", "machine_id", "service_id", "start", "end", "state", "price")
        told[role.name] = {key: booking[key] for key in keys} | {"meter": meter}
        if booking["state"] != "METERED" or not math.isclose(meter.get("share", -1), role.share, abs_tol=0.001):
            history = [(entry["state"], entry.get("reason")) for entry in booking["history"]]
            msg = f"{role.name}: {booking['id']} should be METERED at {role.share:.0%}: {meter}, after {history}"
            raise StoryFailed(msg)
    return told


async def round_trip(cast: Cast) -> float:
    """Real seconds of the shortest answer that the registry gives over the same connection: the best of ten."""
    found = []
    for _ in range(10):
        began = time.monotonic()
        await cast.partner.get("health")
        found.append(time.monotonic() - began)
    return round(min(found), 4)


async def hours(cast: Cast, bookings: dict[str, Any]) -> dict[str, float]:
    """Hours offered over the coming week, booked and run by this story, in all."""
    start = cast.clock.now()
    end = start + timedelta(days=7)
    week = {"start": _text(start), "end": _text(end)}
    offered = 0.0
    for machine in (await cast.provider.get("machines", limit="200"))["items"]:
        capacity = await cast.provider.get(f"machines/{machine['id']}/capacity", **week)
        spans = [part for part in capacity["spans"] if part["type"] == "Available"]
        offered += sum(_hours(part, start, end) * part["quantity"] for part in spans)
    return {
        "offered_next_7_days": round(offered, 2),
        "booked": round(sum(_hours(booking) for booking in bookings.values()), 2),
        "run": round(sum(booking["meter"]["run_hours"] for booking in bookings.values()), 2),
    }


def _hours(part: dict[str, Any], start: datetime | None = None, end: datetime | None = None) -> float:
    """Hours of the part that lie between start and end."""
    first, last = datetime.fromisoformat(part["start"]), datetime.fromisoformat(part["end"])
    return max(timedelta(), min(last, end or last) - max(first, start or first)) / timedelta(hours=1)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="seconds").replace("+00:00", "Z")
