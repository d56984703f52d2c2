"""Cooperation: what was agreed with whom, what is asked and quoted, alliances, and how dealings with partners went."""

import asyncio
import time
from functools import partial

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from cloud.cooperation.trust import Trust, TrustAnswer
from cloud.dashboard.cooperation import figures, told
from cloud.dashboard.cooperation.agreed import agreements_html
from cloud.dashboard.cooperation.allied import alliances_html
from cloud.dashboard.cooperation.asked import inquiries_html
from cloud.dashboard.cooperation.deeds import Deeds
from cloud.dashboard.cooperation.reading import read
from cloud.dashboard.cooperation.tiles import tiles_html
from cloud.dashboard.cooperation.view import View
from cloud.dashboard.download import csv_button
from cloud.dashboard.frame import button, hide, said
from cloud.dashboard.house import House
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import DASH, When

EVENTS = (
    *("agreement.changed", "inquiry.changed", "quote.changed", "alliance.changed"),
    *("booking.changed", "hold.changed"),
)
"""After one of these the page is read anew."""

REST = 1.0
"""Seconds (real) between two readings at least that nobody asked for."""
COUNT_AGAIN = 30.0
"""Seconds (real) for which trust figures count as new."""


def install(house: House) -> None:
    """Serve the page at /cooperation."""
    serve(house, "cooperation", lambda visit, _: Cooperation(visit))


class Cooperation:
    """What is on the page below the bar."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._heard: object = None
        self._counted = 0.0
        self._view: View | None = None
        self._lists: dict[str, ui.html] = {}
        self._empty: dict[str, Element] = {}
        self._sources: dict[str, TextElement] = {}
        self._starts: dict[str, Element] = {}
        self._deeds = Deeds(visit, lambda: self._view, self.read)
        words = visit.words
        said("h1", words("cooperation.title"), "unseen")
        self._state = said("p", words("cooperation.loading"), "card nothing")
        self._state.props["role"] = "status"
        with ui.element("div").classes("content waiting") as self._content:
            self._tiles = ui.html("", tag="div", sanitize=False).classes("tiles")
            self._section("agreements", ("propose_provider", "propose_booker"))
            self._section("inquiries", ("inquire",))
            self._section("alliances", ("found",))
            self._section("trust", ())
        visit.on_news(self.news)

    def _section(self, name: str, starts: tuple[str, ...]) -> None:
        words = self._visit.words
        with ui.element("section").classes(f"card {name}") as card:
            card.props["aria-labelledby"] = f"head-{name}"
            with ui.element("div").classes("top"):
                said("h2", words(f"cooperation.{name}")).props["id"] = f"head-{name}"
                with ui.element("div").classes("controls"):
                    self._controls(name, starts)
            said("p", words(f"cooperation.{name}_about"), "about")
            self._lists[name] = ui.html("", tag="div" if name == "trust" else "ul", sanitize=False)
            self._lists[name].classes("wide" if name == "trust" else "deals")
            told.on_act(self._lists[name], self._deeds.do)
            self._empty[name] = said("p", words(f"cooperation.{name}_empty"), "nothing")
            self._sources[name] = said("p", "", "source")

    def _controls(self, name: str, starts: tuple[str, ...]) -> None:
        words = self._visit.words
        for start in starts:
            label = words(f"cooperation.{start}")
            self._starts[start] = button(label, partial(self._deeds.do, start, ""), f"quiet {start}", text=label)
        if name == "trust":
            csv_button(words, "trust", lambda: figures.rows(self._trusted()))

    def _trusted(self) -> tuple[Trust, ...]:
        return self._view.trust.items if self._view and self._view.trust else ()

    def _known(self) -> TrustAnswer | None:
        """Trust figures that were read a short while ago."""
        if time.monotonic() - self._counted < COUNT_AGAIN and self._view:
            return self._view.trust
        self._counted = time.monotonic()
        return None

    async def news(self) -> None:
        """Read it anew once something of it changed."""
        heard = tuple(self._visit.watcher.heard[event] for event in EVENTS)
        if self._visit.watcher.plant is not None and (heard != self._heard or self._view is None):
            self._heard = heard
            await self.read()
            await asyncio.sleep(REST)  # what comes meanwhile is told afterwards, all at once

    async def read(self) -> None:
        """All of it, as the registry has it now."""
        when, plant = self._visit.when(), self._visit.watcher.plant
        if when is None or plant is None:
            return
        try:
            self._view = await read(self._visit.registry, plant, when, self._known())
        except Refused as error:
            self._say(told.refused(error.code, error.detail, error.problem, when))
        except Away:
            self._say(self._visit.words("cooperation.away"))
        else:
            hide(self._state, hidden=True)
            self._show(self._view, when)

    def _say(self, text: str) -> None:
        """What stands in the way, above what was seen last."""
        self._state.set_text(text)
        hide(self._state, hidden=False)

    def _show(self, view: View, when: When) -> None:
        words = self._visit.words
        self._tiles.set_content(tiles_html(view, when))
        table = f'<table class="bookings">{figures.table_html(self._trusted(), when)}</table>'
        full = {
            "agreements": agreements_html(view, when),
            "inquiries": inquiries_html(view, when),
            "alliances": alliances_html(view, when),
            "trust": table if self._trusted() else "",
        }
        days = f"{when.date(view.trust.start)} {DASH} {when.date(view.trust.end)}" if view.trust else DASH
        for name, content in full.items():
            self._lists[name].set_content(content)
            hide(self._lists[name], hidden=not content)
            hide(self._empty[name], hidden=bool(content))
            hide(self._sources[name], hidden=not content)
            at = view.trust.end if name == "trust" and view.trust else view.seen
            self._sources[name].set_text(words(f"cooperation.{name}_source", at=when.clock(at), days=days))
        allowed = {
            "propose_provider": view.may_provide and bool(view.services),
            "propose_booker": view.may_book,
            "inquire": view.may_book,
            "found": view.may_provide,
        }
        for start, may in allowed.items():
            hide(self._starts[start], hidden=not may)
        hide(self._content, hidden=False, by="waiting")
        if "data-shown" not in self._visit.main.props:
            self._visit.main.props["data-shown"] = "cooperation"
            self._visit.main.update()
