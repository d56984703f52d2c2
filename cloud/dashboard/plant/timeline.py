"""What machines did and can spare, on one axis for many: made for a visitor who asks for it, as it is dear to draw."""

import time

from nicegui import ui
from nicegui.element import Element

from cloud.dashboard.frame import button, said
from cloud.dashboard.model import Plant
from cloud.dashboard.plant.machines import Machines
from cloud.dashboard.plant.sheet import Sheet
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When

TICK = 1.0
"""Seconds (real) between two looks at whether time alone moved something."""

RETELL = 5.0
"""Seconds (real) after which the texts that count time are said anew, though nothing happened."""

WIDE = 1100
"""Pixels of a wide chart: time moves on when it has moved by about one."""


class Timeline:
    """Shown or not, as the visitor left it."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._machines: Machines | None = None
        self._told = self._slid = 0.0
        self._sheet = Sheet(visit.words)
        with ui.element("section").classes("timeline") as self.card:
            self._head = ui.element("div").classes("card timeline-top")
            self._place = ui.element("div")
        self._button: Element | None = None
        self._name()
        if visit.session.timeline:
            self._open()
        self._timer = ui.timer(TICK, self._tick, active=visit.session.timeline)

    def _name(self) -> None:
        shown = self._visit.session.timeline
        label = self._visit.words("plant.timeline_hide" if shown else "plant.timeline_show")
        self._head.clear()
        with self._head:
            said("h2", self._visit.words("plant.timeline"))
            self._button = button(label, self._toggle, "quiet", text=label)
            self._button.props["aria-expanded"] = "true" if shown else "false"

    def _toggle(self) -> None:
        session = self._visit.session
        session.timeline = not session.timeline
        self._name()
        if session.timeline:
            self._open()
        else:
            self._machines = None
            self._place.clear()
        self._timer.active = session.timeline

    def _open(self) -> None:
        with self._place:
            self._machines = Machines(self._visit.words, self._visit.session.shown, self._choose, self._detail)
        self._visit.watcher.reach_back(self._machines.back)
        self._again()

    def _choose(self, shown: str) -> None:
        self._visit.session.shown = shown
        if self._machines:
            self._visit.watcher.reach_back(self._machines.back)
        self._again()

    def _detail(self, machine_id: str) -> None:
        if self._visit.watcher.plant and (when := self._visit.when()):
            self._sheet.open(self._visit.watcher.plant, machine_id, when)

    def _again(self) -> None:
        if self._visit.watcher.plant and (when := self._visit.when()):
            self.show(self._visit.watcher.plant, when)

    def show(self, plant: Plant, when: When) -> None:
        """Draw everything anew, as far as it differs."""
        if self._machines:
            self._told = self._slid = time.monotonic()
            self._machines.show(plant, when, away=self._visit.watcher.silent is not None)

    def _tick(self) -> None:
        moment, plant, when = time.monotonic(), self._visit.watcher.plant, self._visit.when()
        if self._machines is None or plant is None or when is None or not plant.machines:
            return
        if moment - self._slid >= self._pixel(self._machines):
            self._slid = moment
            self._machines.slide(when)
        if moment - self._told >= RETELL:
            self._told = moment
            self._machines.tell(plant, when)

    def _pixel(self, machines: Machines) -> float:
        """Seconds (real) in which time moves on by half a pixel; not below one, not above thirty."""
        speed = self._visit.watcher.pace.speed if self._visit.watcher.pace else 1.0
        return min(30.0, max(1.0, machines.back.total_seconds() / WIDE / speed))
