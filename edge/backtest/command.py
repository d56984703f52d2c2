"""`thirdshift edge backtest`: from a log file to figures, a table and a plot."""

from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from edge.backtest.log import read_log
from edge.backtest.plot import plot as write_plot
from edge.backtest.report import document, pages_of, table
from edge.errors import FileInvalid

__all__ = ["lines", "run", "table"]


def run(  # noqa: PLR0913, PLR0917 - the options of the command line
    path: Path, zone: str, busy: Collection[str], first: int | None, last: int | None, plot: Path | None
) -> dict[str, Any]:
    """The backtest's document. Raises FileInvalid for a log, zone or plot that cannot be."""
    try:
        found_zone = ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        msg = f"--zone: {zone!r} is not a time zone; write one like Europe/Berlin"
        raise FileInvalid(msg) from error
    log = read_log(path, found_zone, busy)
    pages, days = pages_of(log, path, found_zone, first, last)
    found = document(log, pages, days, found_zone)
    if plot:
        write_plot(found, pages, plot)
    return found


def lines(found: Mapping[str, Any]) -> Iterator[str]:
    """What the table of machines does not show."""
    yield f"below every baseline on {len(found['beats_every_baseline'])} of {len(found['counted'])} counted machines"
    yield "P(idle)  said   seen   hours"
    for each in found["reliability"]:
        yield f"{each['start']:.1f}-{each['end']:.1f}  {each['said']:.3f}  {each['seen']:.3f}  {each['hours']:6.0f}"
    gaps = ", ".join(f"{hours} h {span['gap']:.3f}" for hours, span in found["spans"].items())
    yield f"mean gap between said and seen: quarter hours {found['reliability_gap']:.3f}; whole spans {gaps}"
    quoted = ", ".join(f"{hours} h {span['quoted_gap']:.3f}" for hours, span in found["spans"].items())
    yield f"the same of what the registry quotes, which knows bands and their odds alone: {quoted}"
    yield "in windows of at least 2 h, at or above:"
    for each in found["curve"]:
        share, recall = (f"{each[key] or 0:.1%}" for key in ("idle_share", "recall"))
        yield f"  {each['at']:<5g} {each['offered_hours']:7.0f} h, {share} reported idle, {recall} of all idle hours"
