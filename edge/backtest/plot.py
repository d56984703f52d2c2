"""The plot of a backtest: how reliable the probabilities were, and one week of the machine that was busiest in it."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from edge.backtest.walk import Page
from edge.errors import FileInvalid

WEEK = 7


def plot(found: Mapping[str, Any], pages: Sequence[Page], path: Path) -> None:
    """Write the picture; its kind follows the suffix. Raises FileInvalid where matplotlib or the place is missing."""
    try:
        from matplotlib.figure import Figure  # noqa: PLC0415 - large, and only wanted here
    except ImportError as error:
        msg = f"{path}: the plot needs matplotlib, which is not installed; pip install matplotlib, or leave --plot out"
        raise FileInvalid(msg) from error
    figure = Figure(figsize=(12, 7), layout="constrained")
    upper, lower = figure.subplots(2, 1, height_ratios=(3, 2))
    _reliability(upper, found)
    _week(lower, pages)
    try:
        figure.savefig(path, dpi=110)
    except (OSError, ValueError) as error:
        msg = f"{path}: the plot cannot be written: {error}; give a file that ends in .png, .svg or .pdf"
        raise FileInvalid(msg) from error


def _reliability(axes: Any, found: Mapping[str, Any]) -> None:
    bins = found["reliability"]
    said = [each["said"] for each in bins]
    axes.plot([0, 1], [0, 1], color="0.7", linewidth=1, label="what was said came true")
    axes.plot(said, [each["seen"] for each in bins], marker="o", label="quarter hours of the next day")
    for hours, span in found["spans"].items():
        rows = span["reliability"]
        points = [each["said"] for each in rows], [each["seen"] for each in rows]
        axes.plot(*points, marker=".", linewidth=0.8, alpha=0.7, label=f"whole spans of {hours} h")
    for each in bins:
        axes.annotate(f"{each['hours']:.0f} h", (each["said"], each["seen"]), fontsize=7, xytext=(4, -10),
                      textcoords="offset points")  # fmt: skip
    axes.set(xlabel="P(idle) that was said", ylabel="share that was reported idle", xlim=(0, 1), ylim=(0, 1))
    axes.set_title(f"Reliability, days {found['days'][0]} to {found['days'][1]}")
    axes.legend(loc="upper left", fontsize=8)


def _week(axes: Any, pages: Sequence[Page]) -> None:
    name, week = _busiest(pages)
    said = np.concatenate([page.idle[: page.quarters] for page in week])
    seen = np.concatenate([page.seen[: page.quarters] for page in week])
    days = week[0].day + np.arange(len(said)) / 96
    axes.fill_between(days, 0, 1 - seen, step="post", color="0.85", label="reported busy")
    axes.plot(days, said, drawstyle="steps-post", linewidth=1.2, label="P(idle), issued each midnight")
    axes.axhline(0.9, color="0.5", linewidth=0.7, linestyle=":")
    axes.set(xlabel="day of the log", ylim=(0, 1.02), xlim=(days[0], days[-1]))
    axes.set_title(f"One week of {name}")
    axes.legend(loc="lower left", fontsize=8)


def _busiest(pages: Sequence[Page]) -> tuple[str, list[Page]]:
    """The first walked week, of the machine that works the most in it."""
    first = min(page.day for page in pages)
    week = [page for page in pages if page.day < first + WEEK]
    busy: dict[str, float] = {}
    for page in week:
        busy[page.machine] = busy.get(page.machine, 0.0) + float((1 - page.seen[: page.quarters]).sum())
    name = max(busy, key=lambda each: busy[each])
    return name, [page for page in week if page.machine == name]
