"""The machines: a list with each one's state at a glance, and beside it the chart, whose rows are as high."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial

from nicegui import ui
from nicegui.element import Element

from cloud.dashboard.frame import button, hide, said
from cloud.dashboard.model import Plant
from cloud.dashboard.plant.bands import View, row
from cloud.dashboard.plant.legend import legend
from cloud.dashboard.plant.picture import Picture
from cloud.dashboard.plant.say import machine_line
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from cloud.registry.model import Machine
from gateway.span import Span

RANGES = {"8h": timedelta(hours=8), "24h": timedelta(hours=24), "7d": timedelta(days=7)}
PER_PAGE = 20
"""Rows of one chart: beyond, a browser's canvas gets too tall."""

FINEST = 400
"""A state is drawn on its own from this fraction of the range on; about one pixel on a wide screen."""

SPARE = 50
"""This fraction of the range is drawn beyond the right edge, for the chart slides on before it is drawn anew."""

MANY = 8
"""From so many machines on there is a field to find one by name."""


def chosen(machines: Sequence[Machine], text: str) -> list[Machine]:
    """The machines whose name holds `text`, by name."""
    wanted = text.strip().casefold()
    return sorted((one for one in machines if wanted in one.name.casefold()), key=lambda one: (one.name, one.id))


class Line:
    """One machine in the list; its texts change in place, so that the focus stays where it is."""

    def __init__(self, words: Words, machine: Machine, on_open: Callable[[str], None]) -> None:
        self._was = ""
        with ui.element("li").classes("row-line"):
            label = words("row.open", name=machine.name)
            self._name = button(label, lambda: on_open(machine.id), "name", text=machine.name)
            self._heard = said("span", "", "heard")
            with ui.element("div").classes("state"):
                self._swatch = ui.element("i").classes("swatch")
                self._state = said("span")
            self._since = said("div", "", "since")

    def show(self, machine: Machine, when: When, seen: datetime) -> None:
        """Bring the line up to date."""
        line = machine_line(machine, when, seen)
        self._heard.set_text(line.heard)
        self._state.set_text(line.state)
        self._since.set_text(" · ".join(part for part in (line.since, line.origin) if part))
        look = f"{line.state_class} {line.fresh}"
        if look != self._was:
            self._swatch.classes(replace=f"swatch {line.state_class}")
            self._heard.classes(replace="heard" if line.fresh else "heard silent")
            self._was = look


class Machines:
    """The card. `changed` is called when the user chooses another range; `on_open` with a machine's id."""

    def __init__(
        self, words: Words, shown: str, changed: Callable[[str], None], on_open: Callable[[str], None]
    ) -> None:
        self._words = words
        self._on_open = on_open
        self._changed = changed
        self._find = ""
        self._page = 0
        self._ids: list[str] = []
        self._lines: list[Line] = []
        self.range = shown if shown in RANGES else "24h"
        with ui.element("section").classes("card") as self.card:
            self.card.props["id"] = "timeline"
            self._head()
            legend(words)
            with ui.element("div").classes("board") as self._board:
                self._list = ui.element("ol").classes("rows")
                # Made when there are machines to draw: a chart cannot measure itself where it is hidden.
                self._picture: Picture | None = None
            self._none = said("p", words("board.none_found"), "nothing hidden-part")
            self._pager = ui.element("nav").classes("pager choice-row hidden-part")
            self._pager.props["aria-label"] = words("board.page")

    def _head(self) -> None:
        with ui.element("div").classes("top"):
            said("h2", self._words("board.head"))
            self._zone = said("span", "", "zone")
            with ui.element("div").classes("controls"):
                self._search()
                with ui.element("div").classes("choice") as group:
                    group.props["role"] = "group"
                    group.props["aria-label"] = self._words("board.range")
                    self._choices = {name: self._choice(name) for name in RANGES}
        self._press()

    def _choice(self, name: str) -> Element:
        made = ui.element("button").on("click", lambda: self._choose(name), [])
        made.props["type"] = "button"
        with made:
            said("span", self._words(f"range.{name}"))
        return made

    def _search(self) -> None:
        self._field = ui.element("input").classes("find hidden-part")
        for name in ("placeholder", "aria-label"):
            self._field.props[name] = self._words("board.find")
        self._field.props["type"] = "search"
        take = "(event) => emit(event.target.value)"
        self._field.on("input", lambda event: self._look_for(str(event.args)), js_handler=take, throttle=0.3)

    def _look_for(self, text: str) -> None:
        self._find, self._page = text, 0
        self._changed(self.range)

    def _choose(self, name: str) -> None:
        self.range = name
        self._press()
        self._changed(name)

    def _turn(self, page: int) -> None:
        self._page = page
        self._changed(self.range)

    def _press(self) -> None:
        for name, made in self._choices.items():
            made.props["aria-pressed"] = "true" if name == self.range else "false"

    @property
    def back(self) -> timedelta:
        """How far back, and ahead, the chart reaches."""
        return RANGES[self.range]

    def window(self, now: datetime) -> Span:
        return Span(now - self.back, now + self.back)

    def show(self, plant: Plant, when: When, *, away: bool) -> None:
        """Draw everything anew, as far as it differs. While the API is `away`, what goes on since is not known."""
        found = chosen(plant.machines, self._find)
        pages = max(1, -(-len(found) // PER_PAGE))
        self._page = min(self._page, pages - 1)
        page = found[self._page * PER_PAGE :][:PER_PAGE]
        self._arrange(page, pages, total=len(plant.machines))
        window = self.window(when.now)
        drawn = Span(window.start, window.end + self.back / SPARE)
        told = View(drawn, when.now, plant.seen if away else when.now, self.back / FINEST)
        rows = [row(plant, machine, told) for machine in page]
        hide(self._list, hidden=away, by="old")
        self._zone.set_text(self._words("board.zone", zone=plant.zone))
        if page and self._picture is None:
            with self._board:
                self._picture = Picture(self._words)
        if page and self._picture:
            self._picture.show(rows, window, when)
        self.tell(plant, when)

    def tell(self, plant: Plant, when: When) -> None:
        """Bring the list's texts up to date: how long ago changes by itself."""
        by_id = {machine.id: machine for machine in plant.machines}
        for identity, line in zip(self._ids, self._lines, strict=True):
            if machine := by_id.get(identity):
                line.show(machine, when, plant.seen)

    def slide(self, when: When) -> None:
        """Move the chart on in time."""
        if self._picture:
            self._picture.slide(self.window(when.now), when)

    def _arrange(self, page: Sequence[Machine], pages: int, total: int) -> None:
        """Make the list anew where other machines are to be seen, or none."""
        ids = [machine.id for machine in page]
        if ids == self._ids and self._lines:
            return
        self._ids = ids
        self._list.clear()
        with self._list:
            self._lines = [Line(self._words, machine, self._on_open) for machine in page]
        self._board.style(f"--rows:{max(1, len(ids))}")
        hide(self._board, hidden=not ids)
        hide(self._none, hidden=bool(ids))
        hide(self._field, hidden=total < MANY)
        hide(self._pager, hidden=pages == 1)
        self._pages(pages)

    def _pages(self, pages: int) -> None:
        self._pager.clear()
        with self._pager, ui.element("div").classes("choice"):
            for page in range(pages):
                made = button(str(page + 1), partial(self._turn, page), text=str(page + 1))
                made.props["aria-pressed"] = "true" if page == self._page else "false"
