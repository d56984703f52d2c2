"""The chart as a table, for those who do not see it; it is made only while it is open."""

from collections.abc import Callable

from nicegui import ui
from nicegui.events import GenericEventArguments

from cloud.dashboard.frame import said
from cloud.dashboard.machine import rows
from cloud.dashboard.machine.seen import Seen
from cloud.dashboard.visit import Visit


class Text:
    """A part that is folded away at first."""

    def __init__(self, visit: Visit, seen: Callable[[], Seen | None]) -> None:
        self._visit = visit
        self._seen = seen
        self._open = False
        self._shown: Seen | None = None
        with ui.element("details").classes("as-text") as details:
            details.on("toggle", self._toggled, js_handler="(event) => emit(event.target.open)")
            said("summary", visit.words("machine.text"))
            with ui.element("div").classes("wide") as wide:
                wide.props["tabindex"] = "0"
                self._table = ui.html("", tag="table", sanitize=False).classes("bookings text-table")

    def _toggled(self, event: GenericEventArguments) -> None:
        self._open = bool(event.args)
        self.show()

    def show(self) -> None:
        """Bring it up to date, if it is open."""
        seen, when = self._seen(), self._visit.when()
        if self._open and seen and when and seen is not self._shown:
            self._shown = seen
            self._table.set_content(rows.table(seen, when))
