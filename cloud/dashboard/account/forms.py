"""Forms whose fields the page itself knows nothing of until they are sent, and which are empty again then."""

from collections.abc import Awaitable, Callable, Mapping

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement
from nicegui.events import GenericEventArguments

from cloud.dashboard.frame import said

SENT = """(event) => {
  event.preventDefault();
  emit(Object.fromEntries(new FormData(event.target)));
  event.target.reset();
}"""


def form(on_sent: Callable[[Mapping[str, str]], Awaitable[None]]) -> Element:
    """A form; `on_sent` is called with what its fields held."""

    async def sent(event: GenericEventArguments) -> None:
        fields = event.args if isinstance(event.args, dict) else {}
        await on_sent({str(name): str(value) for name, value in fields.items()})

    return ui.element("form").classes("fields").on("submit", sent, js_handler=SENT)


def field(label: str, name: str, kind: str, autocomplete: str, **more: str) -> Element:
    """An input with its label; further props as given, "" leaves one out."""
    with ui.element("label").classes("unseen" if "hidden" in more else "") as around:
        if label:
            said("span", label)
        made = ui.element("input")
        props = {"name": name, "type": kind, "autocomplete": autocomplete, "required": "true", "maxlength": "200"}
        for prop, value in {**props, **more}.items():
            if value:
                made.props[prop] = value
    if "hidden" in more:
        around.props["hidden"] = "true"
    return made


def choice(label: str, options: Mapping[str, str], chosen: str) -> Element:
    """A select of the browser's own: value and text of each option."""
    made = ui.element("select")
    made.props["aria-label"] = label
    with made:
        for value, text in options.items():
            option = said("option", text)
            option.props["value"] = value
            if value == chosen:
                option.props["selected"] = "true"
    return made


def submit(text: str, classes: str = "go") -> TextElement:
    """The button that sends the form."""
    made = said("button", text, classes)
    made.props["type"] = "submit"
    return made


def told() -> TextElement:
    """Where the form says what is wrong."""
    made = said("p", "", "problem")
    made.props["role"] = "alert"
    return made
