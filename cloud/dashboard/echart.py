"""Charts: ECharts as NiceGUI bundles it, in the page's colours, with a picture of it to take away."""

import json
from collections.abc import Mapping
from typing import Any

from nicegui import ui
from nicegui.element import Element

from cloud.dashboard.frame import button
from cloud.dashboard.words import Words

Options = Mapping[str, Any]


class Chart(ui.echart):
    """A chart that is told by `show` and `merge`; static/echart.js keeps its options, this process keeps none of them.

    Wherever ECharts takes a colour, `var(--name)` is one of colours.css. A key with a leading colon is JavaScript.
    """

    def show(self, options: Options | str) -> None:
        """Draw this, instead of what is there; `options` may be JSON already, so that many pages share its making."""
        self._tell("show", options)

    def merge(self, options: Options | str) -> None:
        """Draw what differs: series, grids and axes are found by their `id`."""
        self._tell("merge", options)

    def picture(self, name: str) -> None:
        """Let the browser save the chart, as it stands, as `name`.png."""
        self.client.run_javascript(f"thirdshiftCharts.picture({self.id}, {json.dumps(f'{name}.png')})")

    def _tell(self, how: str, options: Options | str) -> None:
        told = options if isinstance(options, str) else json.dumps(options)
        self.client.run_javascript(f"thirdshiftCharts.{how}({self.id}, {told})")


def chart(options: Options, label: str, *, height: str = "320px") -> Chart:
    """A chart of these options; `label` says to those who do not see it what it shows."""
    made = Chart({"series": []}).style(f"height:{height};width:100%")
    made.props["role"] = "img"
    made.props["aria-label"] = label
    if options:
        made.show(described(options, label))
    return made


def described(options: Options, label: str) -> dict[str, Any]:
    """The options with ECharts' own description on, and without motion: pages are brought up to date all the time."""
    return {"animation": False, "aria": {"enabled": True, "label": {"description": label}}, **options}


def picture_button(words: Words, made: Chart, name: str) -> Element:
    """A button that saves the chart as `name`.png."""
    return button(words("chart.png"), lambda: made.picture(name), "quiet", text="PNG")
