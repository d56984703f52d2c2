"""What colours and heights of the machine's chart mean."""

from nicegui import ui

from cloud.dashboard.frame import said
from cloud.dashboard.machine.lanes import STATES
from cloud.dashboard.plant.say import css_name
from cloud.dashboard.words import Words


def legend(words: Words) -> None:
    """A group for each lane."""
    did = [(css_name(state), words.term("state", state)) for state in STATES]
    did += [("executing unsure", words("legend.unsure")), ("gap", words("legend.gap"))]
    offers = [
        ("available shades", f"{words.term('type', 'Available')} ({words('legend.confidence')})"),
        ("booking", words("machine.legend.booked")),
        ("committed", words.term("type", "Committed")),
        ("unattainable", words.term("type", "Unattainable")),
    ]
    taken = [("booked", words("legend.booked")), ("booking", words("legend.ran"))]
    taken += [("held", words("legend.hold")), ("risk", words("legend.risk"))]
    with ui.element("ul").classes("legend") as made:
        made.props["aria-label"] = words("machine.legend.label")
        for name, entries in (("states", did), ("ledger", offers), ("bookings", taken)):
            with ui.element("li"):
                said("b", words(f"machine.lane.name.{name}"))
                for swatch, text in entries:
                    with ui.element("span"):
                        ui.element("i").classes(f"swatch {swatch}")
                        said("span", text)
