"""What the colours and heights of the chart mean; the same variables of colours.css colour both."""

from nicegui import ui

from cloud.dashboard.frame import said
from cloud.dashboard.plant.chart import STATES
from cloud.dashboard.plant.say import css_name
from cloud.dashboard.words import Words


def legend(words: Words) -> None:
    """Three groups: what a machine did, what it can spare, what is taken."""
    did = [(css_name(state), words.term("state", state)) for state in STATES]
    offers = [
        ("available shades", f"{words.term('type', 'Available')} ({words('legend.confidence')})"),
        ("committed", words.term("type", "Committed")),
        ("unattainable", words.term("type", "Unattainable")),
    ]
    taken = [(name, words(f"legend.{key}")) for name, key in _TAKEN.items()]
    with ui.element("ul").classes("legend") as made:
        made.props["aria-label"] = words("legend.label")
        _group(words("legend.did"), [*did, ("gap", words("legend.gap")), ("executing unsure", words("legend.unsure"))])
        _group(words("legend.offers"), offers)
        _group(words("legend.taken"), taken)


_TAKEN = {"booked": "booked", "booking": "ran", "held": "hold", "risk": "risk"}


def _group(title: str, entries: list[tuple[str, str]]) -> None:
    with ui.element("li"):
        said("b", title)
        for swatch, text in entries:
            with ui.element("span"):
                ui.element("i").classes(f"swatch {swatch}")
                said("span", text)
