"""The plant's page: totals, alarms, machines and bookings, brought up to date as soon as they change."""

from fastapi import Request
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from cloud.dashboard.frame import hide, linked, said
from cloud.dashboard.house import House
from cloud.dashboard.model import Plant
from cloud.dashboard.plant.overview import SCRIPTS, Overview
from cloud.dashboard.plant.picture import browser_words
from cloud.dashboard.plant.say import tiles
from cloud.dashboard.plant.table import MOST, bookings_html, lines
from cloud.dashboard.plant.timeline import Timeline
from cloud.dashboard.plant.totals import Totals, totals
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import When
from cloud.dashboard.words import TAGS, Words

OFFERED = 1
"""The tile that waits for the machines' hours."""


def install(house: House) -> None:
    """Serve the page at /."""

    def build(visit: Visit, _: Request) -> None:
        ui.add_head_html(browser_words(visit.words, TAGS[visit.words.language]) + linked(*SCRIPTS))
        Board(visit)

    serve(house, "plant", build)


class Board:
    """What is on the page below the bar."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._watcher = visit.watcher
        self._words = visit.words
        self._shown: tuple[int, bool] | None = None
        self._bookings = ""
        self._listed: object = None
        self._content()
        self.tick()
        visit.on_news(self.tick)

    def _content(self) -> None:
        words = self._words
        with ui.element("div").classes("content waiting") as self._known:
            said("h1", words("plant.nav"), "unseen")
            self._tiles = _Tiles(words)
            self._source = said("p", "", "tiles-source")
            self._overview = Overview(self._visit)
            self._empty = _Empty(words)
            self._timeline = Timeline(self._visit)
            with ui.element("section").classes("card"):
                with ui.element("div").classes("top"):
                    said("h2", words("bookings.head"))
                self._no_bookings = said("p", words("bookings.none"), "nothing hidden-part")
                with ui.element("div").classes("wide"):
                    self._table = ui.html("", tag="table", sanitize=False).classes("bookings")

    def tick(self) -> None:
        """Show what is new."""
        when, plant = self._visit.when(), self._watcher.plant
        if plant is None or when is None:
            return
        hide(self._known, hidden=False, by="waiting")
        self._overview.show()
        news = (self._watcher.version, self._watcher.silent is not None)
        if news != self._shown:
            self._shown = news
            self._show(plant, when)

    def _show(self, plant: Plant, when: When) -> None:
        self._tiles.show(self._overview.totals or totals(plant, when.now), waiting=plant.outlined)
        read = {"time": when.moment(plant.seen), "zone": plant.zone}
        self._source.set_text(self._words("total.source", **read))
        empty = not plant.machines
        hide(self._timeline.card, hidden=empty)
        # Who has bookings without a machine books elsewhere, and needs no advice on how to connect a plant.
        hide(self._empty.card, hidden=not empty or bool(plant.bookings))
        if not empty:
            self._timeline.show(plant, when)
        if (listed := (plant.bookings, when.clock(when.now))) != self._listed:
            self._listed = listed
            self._list(plant, when)

    def _list(self, plant: Plant, when: When) -> None:
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

    def show(self, total: Totals, *, waiting: bool) -> None:
        for parts, tile in zip(self._parts, tiles(total, self._words), strict=True):
            told = (tile.label, tile.figure, tile.unit, tile.note)
            if waiting and parts is self._parts[OFFERED]:
                told = (tile.label, "…", "", self._words("link.loading"))
            for part, text in zip(parts, told, strict=True):
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
