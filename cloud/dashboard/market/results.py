"""What was found: as a list, on a map, and as a calendar of slots; and what nearly was."""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Protocol

from nicegui import ui
from nicegui.events import GenericEventArguments

from cloud.dashboard.download import csv_button
from cloud.dashboard.frame import button, hide, said
from cloud.dashboard.market import places, week
from cloud.dashboard.market.agreed import Cover
from cloud.dashboard.market.alike import Moved, rows, to_take
from cloud.dashboard.market.fields import on_do
from cloud.dashboard.market.form import Values
from cloud.dashboard.market.land import Land
from cloud.dashboard.market.lines import Shown, alike, misses_html, results_html
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When, zone_named
from cloud.dashboard.words import Words
from cloud.market.model import Found, Near, SearchAnswer, SearchRequest
from cloud.market.slots import Slots
from gateway.span import Span


class Asker(Protocol):
    """Who is told what was clicked; numbers are places in the list, or in the calendar."""

    @property
    def may_book(self) -> bool: ...

    async def hold(self, number: int, agreement: int | None = None) -> None: ...
    async def bundle(self, number: int) -> None: ...
    async def only(self, number: int) -> None: ...
    async def apply(self, number: int) -> None: ...
    async def wait(self, number: int) -> None: ...
    async def pick(self, number: int) -> None: ...
    async def unpick(self) -> None: ...
    async def turn(self, days: int) -> None: ...
    async def renew(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Question:
    """What was asked for: the form's fields, the search they make, and whether a slot of the calendar is chosen."""

    values: Values
    request: SearchRequest
    picked: bool


class Results:
    """The answer to a search."""

    def __init__(self, visit: Visit, asker: Asker) -> None:
        self._visit, self._words, self._asker = visit, visit.words, asker
        self._found: tuple[Found, ...] = ()
        self._shown = Shown()
        self._when: When | None = None
        self._picture: object = None
        with ui.element("section").classes("card results"):
            self._head()
            self._problem = said("p", "", "nothing hidden-part")
            self._problem.props["role"] = "alert"
            self._none = said("p", "", "nothing hidden-part")
            with ui.element("div").classes("moved hidden-part") as self._moved:
                self._news = said("span")
                self._news.props["role"] = "status"
                button(self._words("market.renew"), self._asker.renew, "quiet", text=self._words("market.renew"))
            with ui.element("div").classes("listed hidden-part") as self._listed:
                self._list = on_do(ui.html("", tag="ol", sanitize=False).classes("ranked"), self._do)
                with ui.element("figure").classes("where") as self._where:
                    self._map = Land(self._words("market.map.label"), self._mark)
                    self._caption = said("figcaption")
            self._more = said("p", self._words("market.more"), "more-results hidden-part")
        self._calendar = _Calendar(self._words, asker)
        with ui.element("section").classes("card") as self._missed:
            with ui.element("div").classes("top"):
                said("h2", self._words("market.misses"))
            said("p", self._words("market.misses_about"), "about")
            self._misses = on_do(ui.html("", tag="ul", sanitize=False).classes("misses"), self._do)
        hide(self._missed, hidden=True)

    def _head(self) -> None:
        words = self._words
        with ui.element("div").classes("top"):
            said("h2", words("market.results"))
            self._summary = said("span", words("market.loading"), "zone")
            self._summary.props["role"] = "status"
            with ui.element("div").classes("controls"):
                self._only = button(words("market.unpick"), self._asker.unpick, "quiet", text=words("market.unpick"))
                csv_button(words, "market", self._rows)
        hide(self._only, hidden=True)

    def wait(self) -> None:
        """Something is being looked for."""
        self._summary.set_text(self._words("market.searching"))

    def fail(self, why: str) -> None:
        """It could not be looked for; what was found before stays."""
        self._summary.set_text("")
        self._problem.set_text(why)
        hide(self._problem, hidden=False)

    def fresh(self, when: When) -> None:
        """What is shown is as of now."""
        hide(self._problem, hidden=True)
        there = self._theirs(when)
        time = f"{there.now.astimezone(there.zone):%H:%M:%S}"
        self._summary.set_text(self._words("market.fresh", time=time, zone=str(there.zone)))

    def show(self, answer: SearchAnswer, when: When, asked: Question, covers: Mapping[int, tuple[Cover, ...]]) -> None:
        """A new answer; `covers`: by result, the agreements by which it can be called off."""
        words, may = self._words, self._asker.may_book
        self._found, self._shown = answer.items, Shown(may_book=may, covers=covers, own=self._visit.enterprise)
        self._when = when = self._theirs(when)
        hide(self._moved, hidden=True)
        hide(self._only, hidden=not asked.picked)
        hide(self._none, hidden=bool(answer.items))
        hide(self._listed, hidden=not answer.items)
        self._none.set_text(words("market.none_near" if answer.near_misses else "market.none"))
        self._draw()
        self._show_map(asked.request.near)
        hide(self._missed, hidden=not answer.near_misses)
        misses = misses_html(answer.near_misses, asked.values, when, may_book=may, asked=asked.request.window)
        self._misses.set_content(misses)
        hide(self._more, hidden=answer.complete or not answer.items)
        self._caption.set_text(self._about())

    def tell_moved(self, moved: Moved) -> None:
        """The market has moved on since: what is no longer free is marked in its place, and the rest stays as it is."""
        known = self._shown.gone
        self._shown = replace(self._shown, gone=moved.gone - frozenset(self._shown.held))
        gone = self._shown.gone
        hide(self._moved, hidden=not (gone or moved.came))
        self._news.set_text(self._words("market.moved", gone=len(gone), came=moved.came))
        if gone != known:
            taken = {*gone, *self._shown.held}
            told = [
                [row[0], to_take(row, taken), set(row) <= gone, alike(row, self._shown, self._words)]
                for row in rows(self._found)
            ]
            ui.run_javascript(f"thirdshiftMarket.moved({json.dumps(told)})")

    def _show_map(self, near: Near | None) -> None:
        picture = (places.places(self._found), [one.price for one in self._found], near)
        hide(self._where, hidden=not picture[0])
        if picture[0] and picture != self._picture:
            self._picture = picture
            self._map.show(places.options(self._found, near, self._words))

    def _about(self) -> str:
        nowhere = sum(1 for one in self._found if one.latitude is None)
        words = self._words
        key = "market.map.nowhere_one" if nowhere == 1 else "market.map.nowhere"
        return words("market.map.about") + (f" {words(key, count=nowhere)}" if nowhere else "")

    def hold_list(self, held: Collection[int]) -> None:
        """These results are held."""
        self._shown = replace(self._shown, held=set(held))
        self._draw()

    def show_week(self, found: Slots, first: date, when: When, picked: Span | None) -> None:
        """The calendar of a week."""
        self._calendar.show(found, first, self._theirs(when), picked)

    def _theirs(self, when: When) -> When:
        """In the visitor's zone; who has no plant gets that of the plants that were found, if they share one."""
        plant, zones = self._visit.watcher.plant, {one.zone for one in self._found}
        if (plant and plant.sites) or len(zones) != 1:
            return when
        return When(when.now, zone_named(zones.pop()), when.words)

    def _draw(self) -> None:
        if self._when:
            self._list.set_content(results_html(self._found, self._when, self._shown))

    async def _do(self, what: str, number: int) -> None:
        deeds = {name: getattr(self._asker, name) for name in ("hold", "bundle", "only", "apply", "wait")}
        if what in deeds:
            await deeds[what](number)
        elif what.startswith("call-"):
            await self._asker.hold(number, int(what.removeprefix("call-")))

    def _mark(self, nth: int) -> None:
        """A plant was clicked on the map: its results are marked in the list."""
        made = places.places(self._found)
        if nth < len(made):
            self._shown = replace(self._shown, marked=made[nth].results)
            self._draw()
            first = next(row[0] for row in rows(self._found) if made[nth].results[0] in row)
            ui.run_javascript(f"thirdshiftMarket.seen('result-{first}')")

    def _rows(self) -> list[list[object]]:
        head = [
            "service",
            "provider",
            "machine",
            "start",
            "end",
            "quantity",
            "price",
            "currency",
            "chance",
            "confidence",
        ]
        rows: list[list[object]] = [[*head, "instant", "km"]]
        for one in self._found:
            what = [one.service_name, one.provider_name, one.machine_id, one.start, one.end, one.quantity]
            cost = [one.price.amount, one.price.currency, one.chance, int(one.confidence)]
            rows.append([*what, *cost, one.instant, one.km])
        return rows


class _Calendar:
    def __init__(self, words: Words, asker: Asker) -> None:
        self._words = words
        with ui.element("section").classes("card calendar"):
            with ui.element("div").classes("top"):
                said("h2", words("market.calendar"))
                self._zone = said("span", "", "zone")
                with ui.element("div").classes("controls"):
                    button(words("market.week_before"), lambda: asker.turn(-week.DAYS), "quiet", text="←")
                    button(words("market.week_after"), lambda: asker.turn(week.DAYS), "quiet", text="→")
            self._about = said("p", words("market.calendar_about"), "about")
            with ui.element("div").classes("weeks"):
                self._table = ui.html("", tag="table", sanitize=False).classes("slots")
            self._table.props["aria-label"] = words("market.calendar")
            self._none = said("p", words("market.no_slots"), "nothing hidden-part")

        async def pick(what: str, number: int) -> None:
            if what == "slot":
                await asker.pick(number)

        on_do(self._table, pick)
        self._table.on("keydown", _nothing, js_handler="(e) => thirdshiftMarket.walk(e)")

    def show(self, found: Slots, first: date, when: When, picked: Span | None) -> None:
        made = week.grid(found.items, first, when.zone)
        told = {"zone": str(when.zone), "time": f"{when.now.astimezone(when.zone):%H:%M:%S}"}
        currency = found.items[0].price.currency if found.items else ""
        key = "market.calendar_zone" if currency else "market.calendar_empty"
        self._zone.set_text(self._words(key, currency=currency, **told))
        self._table.set_content(week.grid_html(made, when, picked))
        for part in (self._table, self._about):
            hide(part, hidden=not made.cells)
        hide(self._none, hidden=bool(made.cells))
        ui.run_javascript("thirdshiftMarket.calendar()")


def _nothing(event: GenericEventArguments) -> Any:
    del event
