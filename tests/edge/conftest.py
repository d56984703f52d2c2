"""A machine to reason about: its case, its readings, and the moments of one working day."""

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, settings

from edge.archive import ARRIVED
from edge.build import build, foresight, orderbook
from edge.condition import Habits
from edge.config import read as read_config
from edge.orderbook import OrderBook
from edge.orders.job import JobState
from edge.orders.runner import OrderRun
from edge.planfolder import folder
from edge.profile import Profile, find
from edge.reading import LinkNotice, Reading
from edge.shifts import Calendar, WeekCalendar
from edge.simulate.fake_jobs import FakeJobs
from edge.simulate.job_desk import JobDesk
from edge.spare import Rules
from edge.trouble import Trouble
from edge.watch import Case
from gateway.clock import Clock
from gateway.link import Accept, Entry, Point, Position
from gateway.messages import JobReport, Message, Order, OrderAnswer, Statement, Stream, decode_up, encode
from gateway.outbox import Caps, Outbox

BERLIN = ZoneInfo("Europe/Berlin")
TWO_SHIFTS = {"week": {"mon-fri": ["06:00-14:00", "14:00-22:00"]}}


@pytest.fixture
def monday() -> Callable[..., datetime]:
    """A wall clock's time on Monday 2026-03-02 (or `day` days later) in Berlin, an hour ahead of UTC."""

    def moment(text: str, day: int = 0) -> datetime:
        local = datetime.fromisoformat(f"2026-03-02T{text}").replace(tzinfo=BERLIN)
        return (local + timedelta(days=day)).astimezone(UTC)

    return moment


@pytest.fixture
def machinery() -> Profile:
    return find("opcua-machinery")


@pytest.fixture
def make_case(machinery: Profile) -> Callable[..., Case]:
    """A case of a machine M1 on two shifts; `calendar`, `rules` and `habits` change parts of it."""

    def make(
        calendar: dict[str, Any] = TWO_SHIFTS,
        rules: Rules | None = None,
        habits: Habits | None = None,
        profile: Profile = machinery,
        **rest: Any,
    ) -> Case:
        week = Calendar(WeekCalendar.model_validate(calendar), BERLIN)
        return Case("M1", profile, week, rules or Rules(zone=BERLIN), habits or Habits(), **rest)

    return make


@pytest.fixture
def read(monday: Callable[..., datetime]) -> Callable[..., Reading]:
    """A reading of M1 at a time of Monday."""

    def make(at: str, value: object, signal: str = "item_state", **rest: Any) -> Reading:
        moment = monday(at)
        return Reading("M1", signal, value, moment, rest.pop("received", moment), **rest)

    return make


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str, str], Path]:
    """A text file in a folder of its own."""

    def make(name: str, text: str) -> Path:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    return make


settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")

CONFIG = """\
agent: plant-a
link: {id: k1, secret: "env:KEY"}
zone: Europe/Berlin
calendar: {week: {mon-fri: ["06:00-22:00"]}}
selling: {repair_time: 4 h, when_off: unattainable, forecast: off}
machines:
  M1: {profile: opcua-machinery, source: {type: opcua, url: "opc.tcp://127.0.0.1:1"}}
  M2: {profile: opcua-machinery, source: {type: opcua, url: "opc.tcp://127.0.0.1:1"}}
"""


class Plant:
    """An agent around a real outbox, without sources and without a broker; `restart` is a kill and a new start."""

    def __init__(self, folder: Path, config: str, origin: datetime) -> None:
        self.path = folder / "edge.yaml"
        self.path.write_text(config)
        self.clock = Clock(1.0, time.time(), origin)
        self.caps: Caps | None = None
        self.start()

    def start(self) -> None:
        self.config = read_config(self.path)
        self.config.data.mkdir(exist_ok=True)
        self.outbox = Outbox(self.config.data / "outbox.sqlite", now=self.clock.now, caps=self.caps)
        self.papers = folder(self.config, self.clock, Trouble(), None)
        self.agent = build(self.config, self.clock, self.outbox, self.papers)
        self.agent.foresee = foresight(self.config, self.agent.desks, Trouble()).step

    def restart(self) -> None:
        self.outbox.close()
        self.start()

    def at(self, **later: float) -> datetime:
        """Business time now, or that much later."""
        return self.clock.now() + timedelta(**later)

    def reading(self, machine: str, value: object, signal: str = "item_state", **rest: Any) -> Reading:
        now = self.clock.now()
        return Reading(machine, signal, value, rest.pop("source_time", now), now, **rest)

    async def see(self, machine: str, value: object, **rest: Any) -> None:
        """The machine is connected, and gives this value; a look a little later tells it."""
        await self.agent.emit([LinkNotice(machine, True, self.clock.now()), self.reading(machine, value, **rest)])
        self.agent.step(self.at(seconds=3))

    def sent(self, stream: Stream = Stream.STATE) -> list[Any]:
        """All that the post holds of a stream, oldest first."""
        found = []
        for epoch in self.outbox.held(stream):
            point = Point(epoch.epoch, epoch.oldest)
            found += [entry.payload for entry in self.outbox.read(stream, point, 10_000, 1 << 30)]
        return [decode_up(payload) for payload in found if payload]

    def statements(self, machine: str = "M1") -> list[Statement]:
        control = self.sent(Stream.CONTROL)
        return [told for told in control if isinstance(told, Statement) and told.machine == machine]

    def acknowledge(self) -> None:
        """The registry has everything."""
        for stream in Stream:
            for epoch in self.outbox.held(stream):
                self.outbox.delete(stream, Point(epoch.epoch, epoch.next - 1))


@pytest.fixture
def make_plant(tmp_path: Path, monday: Callable[..., datetime]) -> Iterator[Callable[..., Plant]]:
    """A plant of two machines on a Monday at 09:00; `extra` is added to its config."""
    plants: list[Plant] = []

    def make(extra: str = "", old: str = "", new: str = "") -> Plant:
        plants.append(Plant(tmp_path, CONFIG.replace(old, new) + extra, monday("09:00")))
        return plants[-1]

    yield make
    for plant in plants:
        plant.outbox.close()


@pytest.fixture
def plant(make_plant: Callable[..., Plant]) -> Plant:
    return make_plant()


WORK = "orders: {policy: store_and_start, work_masters: {turn: {parameters: {rpm: {min: 100, max: 900}}}}}"


class Shop:
    """A plant whose M1 takes job orders, and the registry's side of the link to it."""

    def __init__(self, plant: Any) -> None:
        self.plant = plant
        self.desk = JobDesk(plant.clock)
        self.port = FakeJobs(self.desk)
        self.seq = 0
        self.open()

    def open(self, *, listed: bool = True) -> None:
        """Start the order book; `listed`: whether M1's config names its list of job orders."""
        ports = {"M1": self.port} if listed else {}
        self.book: OrderBook = orderbook(self.plant.config, self.plant.agent, ports)
        self.running = asyncio.create_task(self.book.run())

    async def close(self) -> None:
        self.running.cancel()
        await asyncio.gather(self.running, return_exceptions=True)

    async def restart(self, old: str = "", new: str = "", *, listed: bool = True) -> None:
        """A kill and a new start, perhaps with another config."""
        await self.close()
        self.plant.path.write_text(self.plant.path.read_text().replace(old, new))
        self.plant.restart()
        self.open(listed=listed)

    async def lose_disk(self) -> None:
        """A new start of an agent that remembers nothing; the machine does."""
        await self.close()
        self.plant.outbox.close()
        shutil.rmtree(self.plant.config.data)
        self.plant.start()
        self.open()

    def order(self, booking: str = "bkg_1", **changes: Any) -> Order:
        """An order for the coming hour that may start now."""
        now = self.plant.clock.now()
        usual: dict[str, Any] = {
            "revision": 1,
            "machine": "M1",
            "start": now,
            "end": now + timedelta(hours=1),
            "not_after": now + timedelta(minutes=20),
            "work_master": "turn",
            "quantity": 3,
        }
        return Order(booking=booking, **usual | changes)

    async def arrive(self, *messages: Message | bytes) -> None:
        """The messages come down; returns when they are answered."""
        payloads = [message if isinstance(message, bytes) else encode(message) for message in messages]
        entries = tuple(
            Entry(self.seq + number, self.seq + number, each) for number, each in enumerate(payloads, start=1)
        )
        self.seq += len(entries)
        with self.plant.outbox.transaction() as tx:
            self.book.store(tx, Accept(Stream.CONTROL, 1, entries, Position()))
        await self.until(lambda: not self.plant.outbox.documents(ARRIVED))

    async def until(self, true: Callable[[], Any]) -> None:
        async with asyncio.timeout(5):
            while not true():  # noqa: ASYNC110 - anything may be waited for here
                await asyncio.sleep(0.01)

    def answers(self) -> list[tuple[str, str]]:
        control_stream = self.plant.sent(Stream.CONTROL)
        return [(told.answer, told.reason or "") for told in control_stream if isinstance(told, OrderAnswer)]

    def events(self) -> list[str]:
        return [told.event for told in self.plant.sent(Stream.CONTROL) if isinstance(told, JobReport)]

    def reasons(self) -> list[tuple[str, str]]:
        reports = [told for told in self.plant.sent(Stream.CONTROL) if isinstance(told, JobReport)]
        return [(told.event, told.reason or "") for told in reports if told.reason]

    async def state_of(self, job: str, state: JobState) -> None:
        await self.until(lambda: job in self.desk.held.jobs and self.desk.held.jobs[job].state is state)


@pytest.fixture
async def shop(make_plant: Callable[..., Any]) -> AsyncIterator[Shop]:
    plant = make_plant("", "M1: {profile: opcua-machinery,", f"M1: {{{WORK}, profile: opcua-machinery,")
    await plant.see("M1", "NotExecuting")
    made = Shop(plant)
    yield made
    await made.close()


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(OrderRun, "poll_s", 0.02)
