"""The bar on top: whose view it is, business time, whether the registry answers; and banners that say what is wrong."""

from collections.abc import Callable
from typing import Any

from nicegui import ui

from cloud.dashboard.frame import MARK, button, hide, language_button, said, theme_button
from cloud.dashboard.model import Plant
from cloud.dashboard.sessions import Session
from cloud.dashboard.watch import Watcher
from cloud.dashboard.when import DASH, When
from cloud.dashboard.words import Words


class Header:
    """The bar. `log_out` is called by its button."""

    def __init__(self, session: Session, words: Words, dark: ui.dark_mode, log_out: Callable[[], Any]) -> None:
        self._words = words
        with ui.element("header").classes("bar"):
            with ui.element("div").classes("brand"):
                ui.html(MARK, tag="span", sanitize=False).style("display:flex")
                with ui.element("div").style("min-width:0"):
                    said("h1", words("app.name"))
                    self._who = said("div", "", "who")
            with ui.element("div").classes("right"):
                self._clock()
                self._link = said("div", words("link.loading"), "link")
                self._link.props["role"] = "status"
                with ui.element("div").classes("tools"):
                    language_button(session, words)
                    theme_button(session, words, dark)
                    button(words("app.log_out"), log_out, "tool", icon="out")

    def _clock(self) -> None:
        with ui.element("div").classes("clock") as clock:
            clock.props["aria-label"] = self._words("clock.label")
            with ui.element("div").classes("time"):
                self._time = said("span", DASH)
                self._speed = said("span", "", "speed")
            self._date = said("div", "", "date")

    def show(self, watcher: Watcher, when: When | None) -> None:
        """Bring the bar up to date."""
        if watcher.plant:
            self._who.set_text(watcher.plant.enterprise.name)
        if when and watcher.pace:
            self._tell(when, watcher.pace.speed)
        if watcher.silent:
            self._state("away", "link.away")
        elif watcher.plant:
            self._state("live", "link.live")

    def _tell(self, when: When, speed: float) -> None:
        self._time.set_text(f"{when.now.astimezone(when.zone):%H:%M:%S}")
        self._date.set_text(when.date(when.now))
        fast = "" if speed == 1 else f"{speed:g}×"  # noqa: RUF001 - a multiplication sign is meant
        if self._speed.text != fast:
            self._speed.set_text(fast)
            self._speed.props["title"] = self._words("clock.speed", speed=f"{speed:g}")

    def _state(self, name: str, key: str) -> None:
        if self._link.text != self._words(key):
            self._link.set_text(self._words(key))
            self._link.classes(remove="live away", add=name)


class Banners:
    """What is wrong, in a sentence each; nothing where nothing is."""

    def __init__(self, words: Words) -> None:
        self._words = words
        with ui.element("div").classes("banner hidden-part") as self._away:
            self._away.props["role"] = "alert"
            with ui.element("div"):
                self._since = said("strong")
                self._shown = said("div")
        with ui.element("div").classes("banner note hidden-part") as self._parked:
            self._count = said("div")

    def show(self, watcher: Watcher, when: When | None) -> None:
        """Bring the banners up to date."""
        hide(self._away, hidden=watcher.silent is None)
        if silent := watcher.silent:
            key = "away.database" if silent.code == "database.away" else "away.head"
            self._since.set_text(self._words(key, since=when.moment(silent.since) if when and silent.since else DASH))
            self._shown.set_text(self._last(watcher.plant, when))
        parked = watcher.plant.parked if watcher.plant else 0
        hide(self._parked, hidden=parked == 0)
        if parked:
            self._count.set_text(self._words("parked.one" if parked == 1 else "parked.some", count=parked))

    def _last(self, plant: Plant | None, when: When | None) -> str:
        if plant is None or when is None:
            return self._words("away.nothing")
        return self._words("away.shown", seen=when.moment(plant.seen))
