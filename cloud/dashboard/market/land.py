"""The map: the world's land, which this process serves itself, with marks on it."""

import json
from collections.abc import Callable, Mapping
from typing import Any

from nicegui.events import GenericEventArguments

from cloud.dashboard.echart import Chart, chart
from cloud.dashboard.frame import stamped

LAND = "land.json"
"""Natural Earth's land at 1:110 million, which is in the public domain, rounded to a tenth of a degree (GeoJSON)."""


class Land:
    """A map of which a click on a mark tells which one it was."""

    def __init__(self, label: str, clicked: Callable[[int], Any]) -> None:
        self._chart: Chart = chart({}, label, height="100%")

        def told(event: GenericEventArguments) -> None:
            value = event.args.get("value")
            if event.args.get("seriesId") == "plants" and isinstance(value, list):
                clicked(int(value[2]))

        self._chart.on("componentClick", told, ["seriesId", "value"])

    def show(self, options: Mapping[str, Any]) -> None:
        """Draw this."""
        given = json.dumps([self._chart.id, stamped(LAND), dict(options)])
        self._chart.client.run_javascript(f"thirdshiftMarket.map(...{given})")
