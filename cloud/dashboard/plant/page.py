"""The page: totals, machines and bookings of one key, brought up to date as soon as they change."""

import time

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from cloud.dashboard.frame import hide, said
from cloud.dashboard.house import House
from cloud.dashboard.model import Plant
from cloud.dashboard.plant.machines import Machines
from cloud.dashboard.plant.picture import browser_words
from cloud.dashboard.plant.say import tiles
from cloud.dashboard.plant.sheet import Sheet
from cloud.dashboard.plant.table import MOST, bookings_html, lines
from cloud.dashboard.plant.totals import totals
from cloud.dashboard.visit import Visit, open_page
from cloud.dashboard.when import When
from cloud.dashboard.words import TAGS, Words

TICK = 1.0
"""Seconds (real) between two looks at whether time alone moved something."""

RETELL = 5.0
"""Seconds (real) after which the texts that count time are said anew, though nothing happened."""

WIDE = 1100
"""Pixels of a wide chart: time moves on when it has moved by about one."""


def install(house: House) -> None:
    """Serve the page at /."""

    @ui.page("/")
    def plant(request: Request) -> RedirectResponse | None:
        visit = open_page(house, request, "plant")
        if isinstance(visit, RedirectResponse):
            return visit
        ui.add_head_html(browser_words(visit.words, TAGS[visit.words.language]))
        with visit.main:
            Board(visit)
        return None


class Board:
    """What is on the page below the bar."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._watcher = visit.watcher
        self._session = visit.session
        self._words = visit.words
        self._shown: tuple[int, bool] | None = None
        self._told = self._slid = 0.0
        self._bookings = ""
        self._content()
        self._sheet = Sheet(self._words)
        self.tick()
        visit.on_news(self.tick)
        ui.timer(TICK, self.tick)

    def _content(self) -> None:
        words = self._words
        with ui.element("div").classes("content waiting") as self._known:
            self._tiles = _Tiles(words)
            self._machines = Machines(words, self._session.shown, self._choose, self._open)
            self._empty = _Empty(words)
            with ui.element("section").classes("card"):
                with ui.element("div").classes("top"):
                    said("h2", words("bookings.head"))
                self._no_bookings = said("p", words("bookings.none"), "nothing hidden-part")
                with ui.element("div").classes("wide"):
                    self._table = ui.html("", tag="table", sanitize=False).classes("bookings")

    def _choose(self, shown: str) -> None:
        self._session.shown = shown
        self._watcher.reach_back(self._machines.back)
        self._shown = None
        self.tick()

    def _open(self, machine_id: str) -> None:
        if self._watcher.plant and (when := self._visit.when()):
            self._sheet.open(self._watcher.plant, machine_id, when)

    def tick(self) -> None:
        """Show what is new: all of it, or only that time went on."""
        when, plant = self._visit.when(), self._watcher.plant
        if plant and when:
            hide(self._known, hidden=False, by="waiting")
            self._bring_up_to_date(plant, when)

    def _bring_up_to_date(self, plant: Plant, when: When) -> None:
        moment = time.monotonic()
        news = (self._watcher.version, self._watcher.silent is not None)
        if news != self._shown:
            self._shown = news
            self._told = self._slid = moment
            self._show(plant, when)
        elif moment - self._slid >= self._pixel():
            self._slid = moment
            self._machines.slide(when)
        if moment - self._told >= RETELL:
            self._told = moment
            self._machines.tell(plant, when)

    def _pixel(self) -> float:
        """Seconds (real) in which time moves on by half a pixel; not below one, not above thirty."""
        speed = self._watcher.pace.speed if self._watcher.pace else 1.0
        return min(30.0, max(1.0, self._machines.back.total_seconds() / WIDE / speed))

    def _show(self, plant: Plant, when: When) -> None:
        self._tiles.show(plant, when)
        empty = not plant.machines
        hide(self._machines.card, hidden=empty)
        # Who has bookings without a machine books elsewhere, and needs no advice on how to connect a plant.
        hide(self._empty.card, hidden=not empty or bool(plant.bookings))
        if not empty:
            self._machines.show(plant, when, away=self._watcher.silent is not None)
        inside = bookings_html(lines(plant, when), self._words, max(0, len(plant.bookings) - MOST))
        if inside != self._bookings:
            self._bookings = inside
            self._table.set_content(inside)
            hide(self._table, hidden=not plant.bookings)
            hide(self._no_bookings, hidden=bool(plant.bookings))


class _Tiles:
    def __init__(self, words: Words) -> None:
        self._words = words
        with ui.element("section").classes("tiles") as made:
            made.props["aria-label"] = words("total.label")
            self._parts = [self._tile() for _ in range(4)]

    @staticmethod
    def _tile() -> tuple[TextElement, ...]:
        with ui.element("div").classes("tile card"):
            label = said("div", "", "label")
            with ui.element("div").classes("figure"):
                figure, unit = said("span"), said("small")
            return label, figure, unit, said("div", "", "note")

    def show(self, plant: Plant, when: When) -> None:
        for parts, tile in zip(self._parts, tiles(totals(plant, when.now), self._words), strict=True):
            for part, text in zip(parts, (tile.label, tile.figure, tile.unit, tile.note), strict=True):
                part.set_text(text)


def _with_code(text: str) -> None:
    """Words, and between backticks what is typed."""
    for number, part in enumerate(text.split("`")):
        said("code" if number % 2 else "span", part)


class _Empty:
    def __init__(self, words: Words) -> None:
        with ui.element("section").classes("card empty") as self.card:
            said("h2", words("empty.head"))
            said("p", words("empty.about"))
            with ui.element("ol"):
                for step in ("empty.step1", "empty.step2", "empty.step3"):
                    with ui.element("li"):
                        _with_code(words(step))
        hide(self.card, hidden=True)
