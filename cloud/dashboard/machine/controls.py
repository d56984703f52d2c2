"""The bar above the chart: ranges that move on with time, steps, and two fields for a piece of history."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from functools import partial

from nicegui import ui
from nicegui.element import Element
from nicegui.events import GenericEventArguments

from cloud.dashboard.frame import button, said
from cloud.dashboard.machine.look import RANGES, Look
from cloud.dashboard.when import When
from cloud.dashboard.words import Words

STEPS = {
    "earlier": ("\N{LEFTWARDS ARROW}", "pan(-0.5)"),
    "later": ("\N{RIGHTWARDS ARROW}", "pan(0.5)"),
    "closer": ("+", "zoom(0.5)"),
    "farther": ("\N{EN DASH}", "zoom(2)"),
}
"""What the buttons say, and what static/machine.js does for them."""

TYPED = """() => emit([document.getElementById('look-from').value, document.getElementById('look-until').value])"""


class Controls:
    """`choose` is called with a range's name, `pick` with two moments."""

    def __init__(
        self,
        words: Words,
        choose: Callable[[str], Awaitable[None]],
        pick: Callable[[datetime, datetime], Awaitable[None]],
    ) -> None:
        self._words = words
        self._pick = pick
        self._when: When | None = None
        self._told = ""
        with ui.element("div").classes("top look"):
            with ui.element("div").classes("choice") as group:
                group.props["role"] = "group"
                group.props["aria-label"] = words("machine.range")
                self._ranges = {name: self._range(name, choose) for name in RANGES}
            with ui.element("div").classes("choice steps"):
                for name, (sign, does) in STEPS.items():
                    self._step(name, sign, does)
            self._edges()
            self._state = said("span", "", "look-state")
            self.tools = ui.element("div").classes("controls")
        self._wrong = said("p", "", "problem look-wrong")
        self._wrong.props["role"] = "alert"

    def _range(self, name: str, choose: Callable[[str], Awaitable[None]]) -> Element:
        made = button(
            self._words(f"machine.range.{name}"), partial(choose, name), text=self._words(f"machine.range.{name}")
        )
        made.props["data-range"] = name
        return made

    def _step(self, name: str, sign: str, does: str) -> None:
        label = self._words(f"machine.{name}")
        made = ui.element("button").on("click", js_handler=f"() => thirdshiftMachine.{does}")
        made.props["type"], made.props["aria-label"], made.props["title"] = "button", label, label
        with made:
            said("span", sign)

    def _edges(self) -> None:
        words = self._words
        with ui.element("div").classes("edges"):
            for name, key in (("look-from", "machine.from"), ("look-until", "machine.until")):
                label = said("label", words(key))
                label.props["for"] = name
                field = ui.element("input")
                field.props["id"], field.props["type"] = name, "datetime-local"
                field.on("keydown.enter", self._typed, js_handler=TYPED)
            go = ui.element("button").classes("quiet").on("click", self._typed, js_handler=TYPED)
            go.props["type"] = "button"
            with go:
                said("span", words("machine.go"))

    async def _typed(self, event: GenericEventArguments) -> None:
        start, end = (self._read(str(text)) for text in event.args)
        right = start is not None and end is not None and start < end
        self._wrong.set_text("" if right else self._words("machine.go_wrong"))
        if right and start and end:
            await self._pick(start, end)

    def _read(self, text: str) -> datetime | None:
        """A clock of the plant."""
        try:
            local = datetime.fromisoformat(text)
        except ValueError:
            return None
        return local.replace(tzinfo=self._when.zone) if self._when else None

    def show(self, look: Look, when: When) -> None:
        """Say which window is looked at."""
        self._when = when
        self._wrong.set_text("")
        for name, made in self._ranges.items():
            made.props["aria-pressed"] = "true" if name == look.range else "false"
        state = self._words("machine.live" if look.live else "machine.still")
        self._state.set_text(f"{state} · {getattr(when.zone, 'key', 'UTC')}")
        self._state.classes(replace="look-state live" if look.live else "look-state")
        edges = [f"{edge.astimezone(when.zone):%Y-%m-%dT%H:%M}" for edge in (look.window.start, look.window.end)]
        fill = "".join(
            f"document.getElementById('{name}').value='{edge}';"
            for name, edge in zip(("look-from", "look-until"), edges, strict=True)
        )
        if fill != self._told:
            self._told = fill
            ui.run_javascript(fill)
