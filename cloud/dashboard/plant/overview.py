"""The table of all machines and the alarms: static/plantglance.js builds it of rows, and is told those that changed."""

from typing import Any

import orjson
from nicegui import ui

from cloud.dashboard.plant.glance import STATES, periods
from cloud.dashboard.plant.kept import board_of
from cloud.dashboard.plant.totals import Totals
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When
from cloud.dashboard.words import TAGS, Words

SCRIPTS = ("planttold.js", "plantband.js", "plantpages.js", "plantglance.js")
"""What the page loads besides."""


class Overview:
    """One element of the server, whatever the number of machines."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._board = board_of(visit.watcher)
        self._sent = -1
        self._alarmed = -1
        self._ids: set[str] | None = None
        self._clock: object = None
        self._place = ui.element("div").classes("overview")
        self._place.props["id"] = "overview"
        self._begun = False
        self.show()

    @property
    def totals(self) -> Totals | None:
        """As of the last showing."""
        return self._board.totals

    def show(self) -> None:
        """Send what is new."""
        watcher, when = self._visit.watcher, self._visit.when()
        if watcher.plant is None or when is None:
            return
        self._board.refresh(watcher)
        self._board.bring_up_to_date(watcher)
        told: dict[str, Any] = {}
        if not self._begun:
            self._begun = True
            told["settings"] = settings(self._visit.words, when)
        if self._board.stamp > self._sent:
            told["rows"] = self._board.since(self._sent)
        if self._ids != self._board.rows.keys():
            self._ids = set(self._board.rows)
            told["ids"] = list(self._board.rows)
        if self._board.alarmed > self._alarmed:
            told["alarms"] = self._board.alarms
            self._alarmed = self._board.alarmed
        self._sent = self._board.stamp
        told |= self._time(when)
        if told:
            self._place.client.run_javascript(f"thirdshiftGlance.tell({orjson.dumps(told).decode()})")

    def _time(self, when: When) -> dict[str, Any]:
        watcher, figures = self._visit.watcher, self._board.figures
        clock = (watcher.pace, figures.read, figures.failed, watcher.silent is None)
        if clock == self._clock or watcher.pace is None:
            return {}
        self._clock = clock
        at = periods(when.now, when.zone)
        edges = {
            name: [span.start.timestamp(), span.end.timestamp()]
            for name, span in (("today", at.today), ("week", at.week))
        }
        read = self._visit.words("plant.figures_read", at=when.moment(figures.read)) if figures.read else ""
        if figures.failed:
            read = self._visit.words("plant.figures_away", why=figures.failed)
        return {
            "clock": {"now": when.now.timestamp(), "speed": watcher.pace.speed, "away": watcher.silent is not None},
            "edges": edges,
            "pending": figures.read is None and not figures.failed,
            "read": read or self._visit.words("plant.figures_wait"),
        }


def settings(words: Words, when: When) -> dict[str, Any]:
    """Words, zone and codes for the browser."""
    return {
        "language": TAGS[words.language],
        "zone": getattr(when.zone, "key", "UTC"),
        "states": STATES,
        "words": words.terms("plant"),
        "state": words.terms("state"),
        "mode": words.terms("mode"),
        "reason": words.terms("reason"),
    }
