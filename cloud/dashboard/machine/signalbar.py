"""Which of the machine's signals are drawn: a button for each that crosses the fence."""

from collections.abc import Awaitable, Callable
from functools import partial

from nicegui import ui
from nicegui.element import Element

from cloud.dashboard.frame import button, hide, said
from cloud.dashboard.registry import Away, Refused, Registry
from cloud.dashboard.words import Words

MOST = 4
"""So many signals at most are drawn at the same time."""


class SignalBar:
    """`changed` is called when others are chosen."""

    def __init__(self, words: Words, changed: Callable[[], Awaitable[None]]) -> None:
        self._words = words
        self._changed = changed
        self._buttons: dict[str, Element] = {}
        self.chosen: tuple[str, ...] = ()
        with ui.element("div").classes("signals"):
            self._title = said("span", words("machine.signals"), "signals-title")
            self._list = ui.element("div").classes("signals-list")
            self._list.props["role"] = "group"
            self._list.props["aria-label"] = words("machine.signals")

    async def read(self, registry: Registry, machine_id: str) -> None:
        """Ask which there are; the first is drawn."""
        try:
            there = (await registry.ask(lambda api: api.signals(machine_id))).items
        except (Away, Refused) as error:
            self._title.set_text(self._words("machine.signals_away", why=error.code))
            return
        self._title.set_text(self._words("machine.signals" if there else "machine.no_signals"))
        self.chosen = tuple(each.signal for each in there[:1])
        hide(self._list, hidden=not there)
        with self._list:
            for each in there:
                text = f"{each.signal} ({each.unit})" if each.unit else each.signal
                self._buttons[each.signal] = button(text, partial(self._toggle, each.signal), "signal", text=text)
        self._press()

    async def _toggle(self, name: str) -> None:
        if name in self.chosen:
            self.chosen = tuple(each for each in self.chosen if each != name)
        else:
            self.chosen = (*self.chosen, name)[-MOST:]
        self._press()
        await self._changed()

    def _press(self) -> None:
        for name, made in self._buttons.items():
            made.props["aria-pressed"] = "true" if name in self.chosen else "false"
