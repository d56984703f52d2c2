"""One booking's life: its states, job order, metering against booked, settlement and evidence, and what can be done."""

import asyncio
from typing import Any

from fastapi import Request
from nicegui import ui
from nicegui.element import Element

from cloud.booking.bundle import Bundle
from cloud.booking.wire import Booking
from cloud.dashboard.bookings import facts
from cloud.dashboard.bookings.choose import Names
from cloud.dashboard.bookings.deeds import Deeds
from cloud.dashboard.bookings.path import path_html
from cloud.dashboard.bookings.rights import DEEDS, possible, to_accept
from cloud.dashboard.frame import button, hide, linked, said
from cloud.dashboard.house import House
from cloud.dashboard.market.told import money
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import When
from cloud.registry.model import States


def install(house: House) -> None:
    """Serve the page at /bookings/{booking_id}."""

    def build(visit: Visit, request: Request) -> None:
        ui.add_head_html(linked("market.css", "bookings.css"))
        Life(visit, request.path_params["booking_id"])

    serve(house, "booking", build)


class Life:
    """What is on the page below the bar; each part is drawn anew only if it changed."""

    def __init__(self, visit: Visit, identity: str) -> None:
        self._visit, self._id = visit, identity
        self._deeds = Deeds(visit)
        self._shown: dict[str, str] = {}
        self._booking: Booking | None = None
        self._states: States | None = None
        self._bundle: Bundle | None = None
        self._cards: dict[int, Element] = {}
        back = said("a", visit.words("bookings.back"), "back")
        back.props["href"] = "/bookings"
        self._loading = said("p", visit.words("bookings.loading"), "nothing")
        self._gone = ui.element("div").classes("nothing hidden-part")
        self._gone.props["role"] = "alert"
        with ui.element("div").classes("life hidden-part") as self._life:
            with ui.element("section").classes("card headed"):
                self._head = ui.html("", tag="div", sanitize=False)
                self._buttons = ui.element("div").classes("do deeds")
            self._path = self._card("bookings.path", "bookings.path_about", "ol", "path")
            with ui.element("div").classes("pairs"):
                self._order = self._card("bookings.order", "", "dl", "facts")
                self._price = self._card("bookings.terms", "", "dl", "facts")
                self._meter = self._card("bookings.meter", "bookings.meter_about", "div", "metering")
                self._settled = self._card("bookings.settlement", "bookings.settlement_about", "dl", "facts")
            self._evidence = self._card("bookings.evidence", "bookings.evidence_about", "table", "bookings proof")
            self._legs = self._card("bookings.bundle", "bookings.bundle_about", "ul", "misses")
        visit.on_news(self.news)

    def _card(self, title: str, about: str, tag: str, classes: str) -> ui.html:
        words = self._visit.words
        with ui.element("section").classes("card part") as card:
            with ui.element("div").classes("top"):
                said("h2", words(title))
            if about:
                said("p", words(about), "about")
            with ui.element("div").classes("inside"):
                made = ui.html("", tag=tag, sanitize=False).classes(classes)
        self._cards[made.id] = card
        return made

    async def news(self) -> None:
        """The booking as it is now, with what else is to be read about it."""
        when, plant = self._visit.when(), self._visit.watcher.plant
        if when is None or plant is None:
            return
        hide(self._loading, hidden=True)
        one = next((each for each in plant.bookings if each.id == self._id), None) or await self._read()
        self._miss(there=one is not None)
        hide(self._life, hidden=one is None)
        if "data-shown" not in self._visit.main.props:
            self._visit.main.props["data-shown"] = "booking"
        if one is None or one == self._booking:
            return
        self._booking = one
        names = Names.of(plant, self._visit.words)
        self._show(one, names, when)
        await self._more(one)
        self._show(one, names, when)

    def _miss(self, *, there: bool) -> None:
        """Say that there is no such booking, where that is so."""
        hide(self._gone, hidden=there)
        self._gone.clear()
        if not there:
            with self._gone:
                said("h1", self._visit.words("bookings.one"), "unseen")
                said("p", self._visit.words("bookings.gone"))

    async def _read(self) -> Booking | None:
        try:
            return await self._visit.registry.ask(lambda api: api.booking(self._id))
        except (Refused, Away):
            return None

    async def _more(self, one: Booking) -> None:
        """The states that the meter rests on, where this side may see them, and the bundle that it is a leg of."""
        registry, span = self._visit.registry, facts.evidence_of(one)

        async def states() -> States | None:
            return await registry.states(one.machine_id, span.start, span.end) if span else None

        async def bundle() -> Bundle | None:
            return await registry.ask(lambda api: api.bundle(str(one.bundle_id))) if one.bundle_id else None

        mine = one.provider_id == self._visit.enterprise
        found = await asyncio.gather(states() if mine else _none(), bundle(), return_exceptions=True)
        self._states = found[0] if isinstance(found[0], States) else None
        self._bundle = found[1] if isinstance(found[1], Bundle) else None

    def _show(self, one: Booking, names: Names, when: When) -> None:
        mine = one.provider_id == self._visit.enterprise
        parts = {
            self._head: facts.head_html(one, names, when),
            self._path: path_html(one, when),
            self._order: facts.order_html(one, when),
            self._price: facts.terms_html(one, when),
            self._meter: facts.meter_html(one, when),
            self._settled: facts.settlement_html(one, when),
            self._evidence: facts.evidence_html(one, self._states, when, mine=mine),
            self._legs: facts.legs_html(self._bundle, one, names, when),
        }
        for place, inside in parts.items():
            self._put(place, inside)
        self._show_deeds(one)

    def _put(self, place: ui.html, inside: str) -> None:
        if self._shown.get(str(place.id)) != inside:
            self._shown[str(place.id)] = inside
            place.set_content(inside)
            if card := self._cards.get(place.id):
                hide(card, hidden=not inside)

    def _show_deeds(self, one: Booking) -> None:
        may = [deed for deed in possible(one) if self._visit.may(DEEDS[deed])]
        if self._shown.get("deeds") == str((may, one.revision, one.state, one.updated_at)):
            return
        self._shown["deeds"] = str((may, one.revision, one.state, one.updated_at))
        self._buttons.clear()
        words = self._visit.words
        with self._buttons:
            for deed in may:
                look = "go" if deed in {"confirm", "accept", "settle"} else "quiet"
                text = words(f"bookings.{deed}")
                if deed == "settle" and (amount := to_accept(one)):
                    text = words("bookings.settle_amount", amount=money(amount))
                button(words(f"bookings.about.{deed}"), self._click(deed, one), look, text=text)

    def _click(self, deed: str, one: Booking) -> Any:
        return lambda: getattr(self._deeds, deed)(one)


async def _none() -> None:
    return None
