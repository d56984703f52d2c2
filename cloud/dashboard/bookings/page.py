"""All bookings: what waits for a word, every one on one time axis, and the same as a list."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from fastapi import Request
from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from cloud.booking.wire import Booking
from cloud.dashboard.bookings import gantt, table
from cloud.dashboard.bookings.asked import Asked
from cloud.dashboard.bookings.choose import GROUPS, ROLES, Filter, Names, Row, chosen, ordered, rows
from cloud.dashboard.bookings.feed import feed_button
from cloud.dashboard.download import csv_button
from cloud.dashboard.echart import chart, picture_button
from cloud.dashboard.frame import button, hide, linked, said
from cloud.dashboard.house import House
from cloud.dashboard.model import Plant
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import When
from cloud.dashboard.words import Words

RETELL = 20.0
"""Seconds (real) after which what counts time is said anew, though nothing happened."""


def install(house: House) -> None:
    """Serve the page at /bookings."""

    def build(visit: Visit, request: Request) -> None:
        ui.add_head_html(linked("market.css"))
        Bookings(visit, Filter.of(dict(request.query_params)))

    serve(house, "bookings", build)


class Bookings:
    """What is on the page below the bar."""

    def __init__(self, visit: Visit, wanted: Filter) -> None:
        self._visit, self._wanted = visit, wanted
        self._seen: object = None
        self._shown = 0.0
        self._page = 0
        self._found: list[Booking] = []
        said("h1", visit.words("bookings.nav"), "unseen")
        self._asked = Asked(visit)
        with ui.element("section").classes("card"):
            self._head()
            self._loading = said("p", visit.words("bookings.loading"), "nothing")
            with ui.element("div").classes("nothing hidden-part") as self._none:
                self._why = said("p")
                self._way = said("a", visit.words("bookings.to_market"), "way")
                self._way.props["href"] = "/market"
            self._axis = _Axis(visit.words)
        self._list = _List(visit.words, self._turn)
        visit.on_news(self.news)

    def _head(self) -> None:
        words = self._visit.words
        with ui.element("div").classes("top"):
            said("h2", words("bookings.axis"))
            self._summary = said("span", "", "zone")
            self._summary.props["role"] = "status"
            with ui.element("div").classes("controls"):
                csv_button(words, "bookings", self._rows)
                self._picture = ui.element("span")
                feed_button(self._visit)
        self._filters = _Filters(words, self._wanted, self._filter)

    def news(self) -> None:
        """What changed of the bookings; what is only heard of machines costs nothing here."""
        watcher, when, moment = self._visit.watcher, self._visit.when(), time.monotonic()
        if watcher.plant is None or when is None:
            return
        names = [machine.name for machine in watcher.plant.machines]
        seen = (watcher.plant.bookings, watcher.plant.sites, names, watcher.silent is None)
        if seen == self._seen and moment - self._shown < RETELL:
            return
        self._seen, self._shown = seen, moment
        self._asked.show(watcher.plant, when)
        self._show(watcher.plant, when)
        if "data-shown" not in self._visit.main.props:
            self._visit.main.props["data-shown"] = "bookings"

    def _filter(self, **change: Any) -> None:
        self._wanted, self._page = replace(self._wanted, **change), 0
        query = urlencode(self._wanted.query())
        ui.run_javascript(f"history.replaceState(null, '', {json.dumps('/bookings' + (f'?{query}' if query else ''))})")
        if (plant := self._visit.watcher.plant) and (when := self._visit.when()):
            self._show(plant, when)

    def _turn(self, page: int) -> None:
        self._page = page
        if (plant := self._visit.watcher.plant) and (when := self._visit.when()):
            self._list.show(self._found, Names.of(plant, self._visit.words), when, page)

    def _show(self, plant: Plant, when: When) -> None:
        words, names = self._visit.words, Names.of(plant, self._visit.words)
        self._found = ordered(chosen(plant.bookings, self._wanted, names), when.now)
        hide(self._loading, hidden=True)
        hide(self._none, hidden=bool(self._found))
        self._why.set_text(words("bookings.none_chosen" if plant.bookings else "bookings.none_yet"))
        hide(self._way, hidden=bool(plant.bookings))
        hide(self._filters.card, hidden=not plant.bookings)
        count = {"count": len(self._found), "all": len(plant.bookings), "zone": str(when.zone)}
        key = "bookings.summary" if self._visit.watcher.silent is None else "bookings.summary_old"
        self._summary.set_text(words(key, **count, time=when.moment(plant.seen)))
        self._axis.show(rows(self._found, self._wanted.by, names), when)
        if not self._axis.pictured and self._found:
            with self._picture:
                self._axis.picture_button()
        self._list.show(self._found, names, when, self._page)

    def _rows(self) -> list[list[object]]:
        plant = self._visit.watcher.plant
        return table.rows(self._found, Names.of(plant, self._visit.words)) if plant else []


class _Filters:
    """What is shown of the bookings; `change` gets what is wanted now."""

    def __init__(self, words: Words, wanted: Filter, change: Callable[..., None]) -> None:
        self._words, self._change = words, change
        with ui.element("div").classes("filters") as self.card:
            find = ui.element("input").classes("find")
            find.props.update({"type": "search", "placeholder": words("bookings.find"), "value": wanted.text})
            find.props["aria-label"] = words("bookings.find")
            find.on("input", lambda event: change(text=str(event.args)), throttle=0.3, leading_events=False,
                    js_handler="(e) => emit(e.target.value)")  # fmt: skip
            self._choice("group", {group: words(f"bookings.group.{group}") for group in GROUPS}, wanted.group)
            self._choice("role", {role: words(f"bookings.role.{role}") for role in ROLES}, wanted.role)
            self._choice("by", {by: words(f"bookings.by.{by}") for by in ("machine", "partner")}, wanted.by)
            self._risk = button(
                words("bookings.at_risk_only"), self._toggle, "quiet", text=words("bookings.at_risk_only")
            )
            self._risk.props["aria-pressed"] = "true" if wanted.at_risk else "false"

    def _choice(self, name: str, options: Mapping[str, str], now: str) -> None:
        made = {}
        with ui.element("div").classes("choice") as group:
            group.props["role"] = "group"
            group.props["aria-label"] = self._words(f"bookings.choose.{name}")
            for code, text in options.items():
                made[code] = ui.element("button").on("click", lambda code=code: press(code), [])
                made[code].props["type"] = "button"
                with made[code]:
                    said("span", text)

        def press(code: str, *, first: bool = False) -> None:
            for each, pressed in made.items():
                pressed.props["aria-pressed"] = "true" if each == code else "false"
            if not first:
                self._change(**{name: code})

        press(now, first=True)

    def _toggle(self) -> None:
        on = self._risk.props["aria-pressed"] != "true"
        self._risk.props["aria-pressed"] = "true" if on else "false"
        self._change(at_risk=on)


_MOVES = (("back", "←", -0.5, 1), ("on", "→", 0.5, 1), ("closer", "+", 0, 0.5), ("farther", "−", 0, 2))  # noqa: RUF001
"""What the mouse does to the chart, for keyboards and fingers: by how much of what is shown, and how much wider."""


class _Axis:
    """The chart; it opens around now, and stays where it was moved to."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._lanes = 0
        self._rows: list[Row] = []
        self._drawn: str = ""
        self.pictured = False
        self._chart = chart({}, words("bookings.axis_label"), height="200px")
        self._chart.classes("axis")
        self._chart.on("componentClick", self._open, ["seriesId", "value"])
        with ui.element("div").classes("moves") as self._moves:
            for key, text, shift, factor in _MOVES:
                call = f"thirdshiftBookings.move({self._chart.id}, {shift}, {factor})"
                button(
                    words(f"bookings.move.{key}"), partial(self._chart.client.run_javascript, call), "quiet", text=text
                )
        self._legend = _legend(words)

    def show(self, made: list[Row], when: When) -> None:
        """These rows; what stays as it was is not drawn anew."""
        lanes, anew = sum(row.lanes for row in made), not self._drawn
        names, drawn = gantt.told(made, when), gantt.options(made, when.now, window=anew or lanes != self._lanes)
        for part in (self._chart, self._moves, self._legend):
            hide(part, hidden=not made)
        signature = json.dumps([names, drawn["series"][2]["data"]])
        if made and signature == self._drawn:
            self._chart.merge({"series": [drawn["series"][-1]]})
        if not made or signature == self._drawn:
            return
        if lanes != self._lanes or anew:
            self._chart.style(f"height:{gantt.height(lanes)}px")
        self._rows, self._drawn, how = made, signature, "show" if anew or lanes != self._lanes else "merge"
        self._lanes = lanes
        given = json.dumps([self._chart.id, how, names, drawn])
        self._chart.client.run_javascript(f"thirdshiftBookings.show(...{given})")

    def picture_button(self) -> None:
        self.pictured = True
        picture_button(self._words, self._chart, "bookings")

    def _open(self, event: GenericEventArguments) -> None:
        value = event.args.get("value")
        bars = [one for row in self._rows for _, one in row.bars]
        if event.args.get("seriesId") == "bars" and isinstance(value, list) and int(value[7]) < len(bars):
            ui.navigate.to(f"/bookings/{bars[int(value[7])].id}")


def _legend(words: Words) -> Element:
    with ui.element("ul").classes("legend") as made:
        for name in ("asked", "booked", "running", "done", "off", "risk", "provided", "taken"):
            with ui.element("li"), ui.element("span"):
                ui.element("i").classes(f"swatch bar-{name}")
                said("span", words(f"bookings.legend.{name}"))
    return made


class _List:
    def __init__(self, words: Words, turn: Callable[[int], None]) -> None:
        self._words, self._turn = words, turn
        self._shown: tuple[str, int, int] = ("", 0, 0)
        with ui.element("section").classes("card") as self._card:
            with ui.element("div").classes("top"):
                said("h2", words("bookings.list"))
                self._pages = ui.element("div").classes("controls")
            with ui.element("div").classes("wide"):
                self._table = ui.html("", tag="table", sanitize=False).classes("bookings")
            self._foot = ui.element("div").classes("pager")

    def show(self, found: list[Booking], names: Names, when: When, page: int) -> None:
        """That page of them."""
        last = max(0, (len(found) - 1) // table.PAGE)
        page = min(page, last)
        hide(self._card, hidden=not found)
        inside = table.table_html(found[page * table.PAGE : (page + 1) * table.PAGE], names, when)
        if (inside, page, last) == self._shown:
            return
        self._shown = (inside, page, last)
        self._table.set_content(inside)
        hide(self._foot, hidden=not last)
        for place in (self._pages, self._foot):
            place.clear()
            if last:
                with place:
                    self._pager(page, last)

    def _pager(self, page: int, last: int) -> None:
        said("span", self._words("bookings.page", page=page + 1, pages=last + 1), "zone")
        for step, key, text in ((-1, "bookings.before", "←"), (1, "bookings.after", "→")):
            made = button(self._words(key), partial(self._turn, page + step), "quiet", text=text)
            made.props["disabled"] = not 0 <= page + step <= last
