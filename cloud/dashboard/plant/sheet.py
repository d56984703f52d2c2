"""The sheet that opens for one machine: what the chart shows of it, as text."""

from nicegui import ui

from cloud.dashboard.frame import button, said
from cloud.dashboard.model import NO_STATEMENT, NOTHING_SEEN, Plant
from cloud.dashboard.plant.details import facts, free, past, taken
from cloud.dashboard.plant.table import facts_html, list_html
from cloud.dashboard.when import When
from cloud.dashboard.words import Words


class Sheet:
    """A dialog; it shows the moment at which it was opened."""

    def __init__(self, words: Words) -> None:
        self._words = words
        with ui.dialog() as self._dialog:
            self._card = ui.element("div").classes("details")

    def open(self, plant: Plant, identity: str, when: When) -> None:
        """Show the machine, if it is still there."""
        machine = next((one for one in plant.machines if one.id == identity), None)
        if machine is None:
            return
        words, capacity = self._words, plant.capacity.get(identity, NO_STATEMENT)
        lists = {
            "detail.free": list_html(free(capacity, when), words("detail.no_free")),
            "detail.taken": list_html(taken(plant, machine, when), words("detail.no_free")),
            "detail.past": list_html(past(plant.states.get(identity, NOTHING_SEEN), when), words("row.never")),
        }
        self._card.clear()
        with self._card:
            with ui.element("div").classes("top"):
                said("h2", machine.name)
                with ui.element("div").classes("controls"):
                    button(words("detail.close"), self._dialog.close, "tool", icon="close")
            ui.html(facts_html(facts(machine, capacity, When(plant.seen, when.zone, words))), tag="dl", sanitize=False)
            for title, inside in lists.items():
                said("h3", words(title))
                ui.html(inside, tag="table", sanitize=False)
        self._dialog.open()
