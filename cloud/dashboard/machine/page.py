"""The machine's page: brought up to date as soon as the machine changes, and asked for another window at once."""

import time
from datetime import UTC, datetime

from fastapi import Request
from nicegui import ui
from nicegui.events import GenericEventArguments

from cloud.dashboard.download import csv_button
from cloud.dashboard.frame import button, hide, linked, said
from cloud.dashboard.house import House
from cloud.dashboard.machine import kept, rows, told
from cloud.dashboard.machine import look as looks
from cloud.dashboard.machine.controls import Controls
from cloud.dashboard.machine.look import Look
from cloud.dashboard.machine.picture import Picture
from cloud.dashboard.machine.reasons import Reasons
from cloud.dashboard.machine.seen import Seen
from cloud.dashboard.machine.signalbar import SignalBar
from cloud.dashboard.machine.text import Text
from cloud.dashboard.model import NO_STATEMENT, Plant
from cloud.dashboard.plant.glance import named
from cloud.dashboard.registry import KeyRefused
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import When
from cloud.registry.model import Machine

APART = 1.0
"""Seconds (real) between two readings of a live window at least that nobody asked for; a long one takes longer."""

SCRIPTS = ("machineaxis.js", "machinelanes.js", "machinetold.js", "machinehand.js")


def install(house: House) -> None:
    """Serve the page at /machine/{machine_id}."""

    def build(visit: Visit, request: Request) -> None:
        ui.add_head_html(linked(*SCRIPTS))
        MachinePage(visit, request.path_params["machine_id"], dict(request.query_params))

    serve(house, "machine", build)


class MachinePage:
    """What is on the page below the bar."""

    def __init__(self, visit: Visit, machine_id: str, query: dict[str, str]) -> None:
        self._visit = visit
        self._id = machine_id
        self._query = query
        self._look: Look | None = None
        self._seen: Seen | None = None
        self._facts = ""
        self._known: object = None
        self._read = 0.0
        self._asked = 0
        words = visit.words
        self._head()
        with ui.element("div").classes("machine-page") as self._page:
            with ui.element("section").classes("card"):
                self._controls = Controls(words, self._choose, self._pick)
                with self._controls.tools:
                    csv_button(words, f"machine-{machine_id}", lambda: rows.csv_rows(self._seen) if self._seen else ())
                    button(words("chart.png"), lambda: self._picture.save(f"machine-{machine_id}"), "quiet", text="PNG")
                self._signals = SignalBar(words, self._draw)
                self._picture = Picture(words)
                self._text = Text(visit, lambda: self._seen)
            self._reasons = Reasons(visit, lambda: self._seen)
        ui.on("machine_look", self._looked)
        ui.on("machine_why", lambda event: self._reasons.ask(_moment(event.args["at"])))
        visit.on_news(self._news)

    def _head(self) -> None:
        words = self._visit.words
        with ui.element("section").classes("card machine-head"):
            back = said("a", words("machine.back"), "back")
            back.props["href"] = "/"
            self._name = said("h1", "…", "title")
            self._list = ui.html("", tag="dl", sanitize=False).classes("machine-facts")
            self._unknown = said("p", words("machine.unknown_what"), "soft hidden-part")

    async def _news(self) -> None:
        """What is known of the machine, and the chart where the news is of it, or time moved a pixel on."""
        when, plant = self._visit.when(), self._visit.watcher.plant
        if when is None or plant is None:
            return
        machine = next((one for one in plant.machines if one.id == self._id), None)
        hide(self._unknown, hidden=machine is not None)
        hide(self._page, hidden=machine is None)
        hide(self._list, hidden=machine is None)
        if machine is None:
            self._name.set_text(self._visit.words("machine.unknown"))
            self._visit.main.props["data-shown"] = "none"
            return
        self._tell(machine, plant, when)
        if self._look is None:
            self._look = looks.asked(self._query, when.now)
            self._controls.show(self._look, when)
            await self._signals.read(self._visit.registry, self._id)
            await self._draw()
        elif self._due(machine, plant):
            self._look = self._look.at(when.now)
            await self._draw()

    def _tell(self, machine: Machine, plant: Plant, when: When) -> None:
        self._name.set_text(named(machine))
        inside = told.facts_html(told.facts(machine, plant, when))
        if inside != self._facts:
            self._facts = inside
            self._list.set_content(inside)

    def _due(self, machine: Machine, plant: Plant) -> bool:
        known = _known(machine, plant)
        if not (self._look and (self._look.live or known != self._known)):
            return False
        waited, span = time.monotonic() - self._read, self._look.window.duration
        speed = self._visit.watcher.pace.speed if self._visit.watcher.pace else 1.0
        pixel = span.total_seconds() / looks.PIECES / speed
        if known != self._known:
            return waited >= max(APART, min(pixel, 10 * APART))
        return waited >= max(5 * APART, pixel)

    async def _draw(self) -> None:
        """Read the window and draw it; of several askings the last one wins."""
        when, plant, look = self._visit.when(), self._visit.watcher.plant, self._look
        machine = next((one for one in plant.machines if one.id == self._id), None) if plant else None
        if when is None or plant is None or look is None or machine is None:
            return
        self._asked += 1
        mine, self._read, self._known = self._asked, time.monotonic(), _known(machine, plant)
        try:
            found = await kept.read(self._visit.watcher, machine, look.window, self._signals.chosen, self._known)
        except KeyRefused:
            return  # the watcher finds out too, and sends everybody to the door
        if mine != self._asked:
            return
        self._seen = found
        offer = plant.capacity.get(machine.id) or found.capacity or NO_STATEMENT
        speed = self._visit.watcher.pace.speed if self._visit.watcher.pace else 1.0
        with self._page:
            self._picture.show(found, offer, look, self._visit.when() or when, speed)
            self._text.show()
            self._visit.main.props["data-shown"] = "yes"

    async def _choose(self, name: str) -> None:
        if when := self._visit.when():
            await self._go(looks.ranged(name, when.now), when)

    async def _pick(self, start: datetime, end: datetime) -> None:
        if when := self._visit.when():
            await self._go(looks.picked(start, end), when)

    async def _looked(self, event: GenericEventArguments) -> None:
        """Somebody moved or zoomed the chart."""
        if when := self._visit.when():
            self._picture.number = int(event.args["number"])
            await self._go(looks.picked(_moment(event.args["start"]), _moment(event.args["end"])), when)

    async def _go(self, look: Look, when: When) -> None:
        self._look = look
        self._controls.show(look, when)
        ui.run_javascript(f"history.replaceState(null, '', '?{looks.query(look)}')")
        await self._draw()


def _known(machine: Machine, plant: Plant) -> object:
    """What makes the chart old when it changes."""
    capacity = plant.capacity.get(machine.id, NO_STATEMENT)
    bookings = tuple((each.id, each.revision, each.state) for each in plant.bookings if each.machine_id == machine.id)
    return machine.state, machine.mode, machine.state_since, capacity.version, capacity.claims, bookings


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(float(seconds), UTC)
