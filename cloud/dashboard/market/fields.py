"""Fields as forms have them here: a label, an input, and a place for what is wrong with it."""

import json
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from cloud.dashboard.frame import said
from cloud.dashboard.words import Words

Some = TypeVar("Some", bound=Element)

SENT = "(e) => { e.preventDefault(); emit(Object.fromEntries(new FormData(e.target))); }"
"""A form hands over its fields; nothing is loaded anew."""


class Form:
    """A form whose fields are told to `send` as text, by name, when it is sent; words say what is wrong with which."""

    def __init__(self, words: Words, send: Callable[[dict[str, str]], Any], classes: str = "") -> None:
        self.words = words
        self._faults: dict[str, TextElement] = {}
        self.element = ui.element("form").classes(f"form {classes}")
        self.element.props["novalidate"] = True
        self.element.on("submit", lambda event: send(_typed(event)), js_handler=SENT)

    def field(
        self, name: str, label: str, kind: str = "text", value: str = "", classes: str = "", **more: object
    ) -> Element:
        """An input with its label."""
        with ui.element("label").classes(f"field {classes}") as made:
            said("span", label)
            given = ui.element("input")
            self._named(given, name)
            # As an attribute: a property would put it back over what was typed whenever the page is drawn anew.
            given.props.update({"type": kind, "^value": value, "autocomplete": "off", **_dashed(more)})
            self._fault(name)
        return made

    def choice(
        self, name: str, label: str, options: Iterable[tuple[str, str]], value: str, classes: str = ""
    ) -> Element:
        """A list of which one is chosen."""
        with ui.element("label").classes(f"field {classes}") as made:
            said("span", label)
            with ui.element("select") as given:
                self._named(given, name)
                for code, text in options:
                    one = said("option", text)
                    one.props["value"] = code
                    if code == value:
                        one.props["selected"] = True
            self._fault(name)
        return made

    def tick(self, name: str, label: str) -> Element:
        """A box to tick."""
        with ui.element("label").classes("field tick") as made:
            given = ui.element("input")
            self._named(given, name)
            given.props.update({"type": "checkbox", "value": "yes"})
            said("span", label)
        return made

    def place(self, name: str) -> None:
        """A place for what is wrong with `name`, where that is no single field: boxes to tick, say."""
        self._fault(name)

    def send_button(self, label: str) -> Element:
        """What sends it; Enter in a field does so too."""
        made = ui.element("button").classes("go")
        made.props["type"] = "submit"
        with made:
            said("span", label)
        return made

    def blame(self, faults: Mapping[str, str]) -> None:
        """Say by field what is wrong (entries of the dictionary); what is not named is right."""
        for name, place in self._faults.items():
            place.set_text(self.words(faults[name]) if name in faults else "")

    def fill(self, values: Mapping[str, str]) -> None:
        """Put these texts into the fields."""
        ui.run_javascript(f"thirdshiftForms.fill({json.dumps(self.element.html_id)}, {json.dumps(dict(values))})")

    def _named(self, given: Element, name: str) -> None:
        given.props["name"] = name
        given.props["aria-describedby"] = f"{self.element.html_id}-{name}"

    def _fault(self, name: str) -> None:
        place = said("span", "", "fault")
        place.props["role"] = "alert"
        place.props["id"] = f"{self.element.html_id}-{name}"
        self._faults[name] = place


def _typed(event: GenericEventArguments) -> dict[str, str]:
    given = event.args if isinstance(event.args, dict) else {}
    return {str(name): str(value) for name, value in given.items()}


def _dashed(props: Mapping[str, object]) -> dict[str, object]:
    return {name.replace("_", "-"): value for name, value in props.items() if value is not None}


def on_do(element: Some, handler: Callable[[str, int], Any]) -> Some:
    """Clicks on what has `data-do`, anywhere inside: handler(what to do, `data-item`)."""

    def clicked(event: GenericEventArguments) -> Any:
        return handler(str(event.args[0]), int(event.args[1]))

    catch = "(e) => { const b = e.target.closest('[data-do]:not([aria-disabled=true])');"
    catch += " if (b) emit(b.dataset.do, Number(b.dataset.item)); }"
    element.on("click", clicked, js_handler=catch)
    return element
