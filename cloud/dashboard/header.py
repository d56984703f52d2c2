"""The bar on top: whose view it is, business time, whether the registry answers; and banners that say what is wrong."""

import json
import time
from datetime import tzinfo

from nicegui import ui

from cloud.dashboard.frame import ICONS, MARK, button, hide, language_button, said, theme_button
from cloud.dashboard.house import Guest, House
from cloud.dashboard.model import Plant
from cloud.dashboard.watch import Pace, Watcher
from cloud.dashboard.when import DASH, When
from cloud.dashboard.words import TAGS, Words

OFF = 0.25
"""Seconds (real) by which the browser's clock may be off before it is told anew."""


class Header:
    """The bar. `here` is the name of the page that it stands on."""

    def __init__(self, house: House, here: str, guest: Guest, dark: ui.dark_mode) -> None:
        _, session, words = guest
        self._words = words
        self._pace: tuple[Pace, tzinfo] | None = None
        with ui.element("header").classes("bar"):
            with ui.element("div").classes("brand"):
                ui.html(MARK, tag="span", sanitize=False).style("display:flex")
                with ui.element("div").style("min-width:0"):
                    said("span", words("app.name"), "name")
                    self._who = said("div", "", "who")
            _navigation(house, here, words)
            with ui.element("div").classes("right"):
                self._clock()
                self._link = said("div", words("link.loading"), "link")
                self._link.props["role"] = "status"
                with ui.element("div").classes("tools"):
                    language_button(session, words)
                    theme_button(session, words, dark)
                    _aside(house, here, words)
                    button(words("app.log_out"), lambda: _log_out(house, guest), "tool", icon="out")
            _compact(house, here, words)

    def _clock(self) -> None:
        with ui.element("div").classes("clock") as clock:
            clock.props["role"] = "group"
            clock.props["aria-label"] = self._words("clock.label")
            with ui.element("div").classes("time"):
                said("span", DASH, "now")
                self._speed = said("span", "", "speed")
            said("div", "", "date")

    def show(self, watcher: Watcher, when: When | None) -> None:
        """Bring the bar up to date."""
        if watcher.plant and self._who.text != watcher.plant.enterprise.name:
            self._who.set_text(watcher.plant.enterprise.name)
        if when and watcher.pace:
            self._tell(watcher.pace, when.zone)
        if watcher.silent:
            self._state("away", "link.away")
        elif watcher.plant:
            self._state("live", "link.live")

    def _tell(self, pace: Pace, zone: tzinfo) -> None:
        """The browser's clock goes on by itself; it is told only where it would go wrong."""
        moment = time.monotonic()
        if self._pace and self._pace[1] == zone and not _differ(pace, self._pace[0], moment):
            return
        self._pace = pace, zone
        now, tag = pace.at(moment).timestamp() * 1000, TAGS[self._words.language]
        given = json.dumps([now, pace.speed, getattr(zone, "key", "UTC"), tag])
        ui.run_javascript(f"thirdshiftHouse.clock(...{given})")
        fast = "" if pace.speed == 1 else f"{pace.speed:g}×"  # noqa: RUF001 - a multiplication sign is meant
        if self._speed.text != fast:
            self._speed.set_text(fast)
            self._speed.props["title"] = self._words("clock.speed", speed=f"{pace.speed:g}")

    def _state(self, name: str, key: str) -> None:
        if self._link.text != self._words(key):
            self._link.set_text(self._words(key))
            self._link.classes(remove="live away", add=name)


async def _log_out(house: House, guest: Guest) -> None:
    ui.navigate.to("/login")
    await house.log_out(guest.browser)


def _differ(new: Pace, old: Pace, moment: float) -> bool:
    off = abs((new.at(moment) - old.at(moment)).total_seconds())
    return new.speed != old.speed or off > OFF * new.speed


def _navigation(house: House, here: str, words: Words) -> None:
    """A link for each page that can be gone to from anywhere."""
    with ui.element("nav").classes("pages") as bar:
        bar.props["aria-label"] = words("nav.label")
        for page in house.pages:
            if page.in_navigation and not page.aside:
                link = ui.element("a")
                link.props["href"] = page.route
                if page.name == here:
                    link.props["aria-current"] = "page"
                with link:
                    ui.html(ICONS[page.icon], tag="span", sanitize=False).classes("icon")
                    said("span", words(page.word))


def _aside(house: House, here: str, words: Words) -> None:
    for page in house.pages:
        if page.aside:
            link = ui.element("a").classes("tool")
            link.props["href"] = page.route
            link.props["aria-label"] = link.props["title"] = words(page.word)
            if page.name == here:
                link.props["aria-current"] = "page"
            with link:
                ui.html(ICONS[page.icon], tag="span", sanitize=False).style("display:flex")


def _compact(house: House, here: str, words: Words) -> None:
    """The same links for a phone: folded away behind the name of this page."""
    with ui.element("details").classes("menu"):
        with ui.element("summary") as opener:
            opener.props["aria-label"] = words("nav.open", page=words(house.page(here).word))
            ui.html(ICONS["menu"], tag="span", sanitize=False).classes("icon")
            said("span", words(house.page(here).word))
        _navigation(house, here, words)


class Banners:
    """What is wrong, in a sentence each; nothing where nothing is. `here` is the page's name."""

    def __init__(self, words: Words, here: str) -> None:
        self._words, self._here = words, here
        with ui.element("div").classes("banner hidden-part") as self._away:
            self._away.props["role"] = "alert"
            with ui.element("div"):
                self._since = said("strong")
                self._shown = said("div")
        with ui.element("div").classes("banner note hidden-part") as self._parked:
            self._count = said("span")
            said("a", words("parked.look")).props["href"] = "/operations"

    def show(self, watcher: Watcher, when: When | None) -> None:
        """Bring the banners up to date."""
        hide(self._away, hidden=watcher.silent is None)
        if silent := watcher.silent:
            key = "away.database" if silent.code == "database.away" else "away.head"
            self._since.set_text(self._words(key, since=when.moment(silent.since) if when and silent.since else DASH))
            self._shown.set_text(self._last(watcher.plant, when))
        parked = watcher.plant.parked if watcher.plant else 0
        # The page Operations says it itself, with what to do.
        hide(self._parked, hidden=parked == 0 or self._here == "operations")
        if parked:
            self._count.set_text(self._words("parked.one" if parked == 1 else "parked.some", count=parked))

    def _last(self, plant: Plant | None, when: When | None) -> str:
        if plant is None or when is None:
            return self._words("away.nothing")
        return self._words("away.shown", seen=when.moment(plant.seen))
