"""The chart as an element of the page: made once, then only what differs is sent to the browser."""

import json
from collections.abc import Sequence
from typing import Any

from nicegui import ui

from cloud.dashboard.plant.bands import Row
from cloud.dashboard.plant.chart import Data, changed, edges, lanes, options, patch, timeline
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from gateway.span import Span


class Picture:
    """One chart for all rows of the page."""

    def __init__(self, words: Words) -> None:
        self._label = words("board.chart")
        self._rows: Sequence[Row] = ()
        self._data: dict[str, Data] = {}
        self._edges: dict[str, int] = {}
        self._zone = ""
        self._chart = ui.echart({"series": []}).classes("chart")
        self._chart.props["role"] = "img"
        self._chart.props["aria-label"] = self._label

    def show(self, rows: Sequence[Row], window: Span, when: When) -> None:
        """Draw these rows over `window`."""
        self._tell_zone(when)
        data = {**lanes(rows, when.now), **timeline(window, when)}
        if len(rows) != len(self._rows) or not self._data:
            self._chart.options.clear()
            self._chart.options.update(options(len(rows), window, data, self._label))
            self._chart.update()
        else:
            self._send(window, changed(self._data, data))
        self._rows, self._data, self._edges = rows, data, edges(window)

    def slide(self, window: Span, when: When) -> None:
        """Move on in time; nothing else is new."""
        if self._data:
            moved = timeline(window, when)
            self._send(window, moved)
            self._data |= moved

    def _send(self, window: Span, data: dict[str, Data]) -> None:
        # Not by the element's options: NiceGUI would send all of them for each that changes.
        if data or edges(window) != self._edges:
            self._edges = edges(window)
            self._run("patch", patch(window, data))

    def _tell_zone(self, when: When) -> None:
        zone = getattr(when.zone, "key", "UTC")
        if zone != self._zone:
            self._zone = zone
            self._chart.client.run_javascript(f"thirdshift.configure({json.dumps({'zone': zone})})")

    def _run(self, name: str, value: Any) -> None:
        self._chart.client.run_javascript(f"thirdshift.{name}({self._chart.id}, {json.dumps(value)})")


def browser_words(words: Words, language: str) -> str:
    """The script that tells static/plant.js its words; `<` is escaped, so that no word can end the script."""
    said = {
        "language": language,
        "words": {
            "before": words("board.before"),
            "after": words("board.after"),
            "plant": words("row.plant"),
            "booking": words("row.booking", id="{id}"),
            "changes": words("tip.changes", count="{count}"),
            "unsure": words("tip.unsure"),
            "gap": words("tip.gap"),
            "confidence": words("tip.confidence", band="{band}", word="{word}"),
            "quantity": words("tip.quantity", count="{count}"),
            "share": words("tip.share", share="{share}"),
            "ran": words("tip.ran"),
            "risk": words("tip.risk"),
            "h": words("tip.h"),
            "min": words("tip.min"),
            **words.vocabularies(),
        },
    }
    text = json.dumps(said, ensure_ascii=False).replace("<", "\\u003c")
    return f"<script>thirdshift.configure({text})</script>"
