"""The chart as data: rows become arrays of numbers for ECharts' custom series, which static/plant.js draws."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from cloud.dashboard.plant.bands import BookingBar, OfferBar, Row, StateBar
from cloud.dashboard.plant.ticks import ticks
from cloud.dashboard.when import When
from gateway.span import Span

STATES = ("Executing", "NotExecuting", "OutOfService", "NotAvailable")
"""What the machine is doing (OPC 40001-1, MachineryItemState), by the code that goes to the browser."""

TYPES = ("Available", "Committed", "Unattainable")
"""The capacity ledger (ISA-95), by code."""

LANES = ("axis", "states", "offers", "bookings", "now")
"""The series, from the bottom to the top."""

MINOR, MAJOR, NOW = 0, 1, 2

Data = list[list[Any]]


def lanes(rows: Sequence[Row], now: datetime) -> dict[str, Data]:
    """The data of the three series that depend on machines; times are whole seconds since 1970 (UTC).

    An end of 0 means "until now", so that a band grows in the browser while nothing new arrives.
    """
    numbered = list(enumerate(rows))
    return {
        "states": [
            item
            for n, row in numbered
            for item in (
                *(_state(n, band, now) for band in row.states),
                *([n, _seconds(gap.start), _seconds(gap.end), len(STATES), 1, 1, "", ""] for gap in row.gaps),
            )
        ],
        "offers": [_offer(n, band) for n, row in numbered for band in row.offers],
        "bookings": [_booking(n, bar) for n, row in numbered for bar in row.bookings],
    }


def timeline(window: Span, when: When) -> dict[str, Data]:
    """The data of the two series that move with the clock: the marks of the axis, and the line of now."""
    now = _seconds(when.now)
    marks = [[_seconds(tick.at), MAJOR if tick.major else MINOR, tick.label] for tick in ticks(window, when)]
    return {"axis": [[now, NOW, ""], *marks], "now": [[now, 0, when.clock(when.now)]]}


def options(count: int, window: Span, data: dict[str, Data], label: str) -> dict[str, Any]:
    """The whole chart for `count` machines. A key with a leading colon is JavaScript, which NiceGUI evaluates."""
    return {
        "animation": False,
        "aria": {"enabled": True, "label": {"description": label}},
        "grid": {"left": 0, "right": 0, "top": 44, "bottom": 1},
        "xAxis": {"type": "value", **edges(window), **_HIDDEN},
        "yAxis": {"type": "value", "min": 0, "max": max(count, 1), "inverse": True, **_HIDDEN},
        "tooltip": _TOOLTIP,
        "series": [_series(lane, data.get(lane, [])) for lane in LANES],
    }


def patch(window: Span, data: dict[str, Data]) -> dict[str, Any]:
    """What to merge into the chart: the axis' edges and the series of `data`, the others stay."""
    return {"xAxis": edges(window), "series": [{"id": lane, "data": items} for lane, items in data.items()]}


def edges(window: Span) -> dict[str, int]:
    """The two ends of the axis."""
    return {"min": _seconds(window.start), "max": _seconds(window.end)}


_HIDDEN: dict[str, Any] = {"show": False}

_TOOLTIP: dict[str, Any] = {
    "trigger": "item",
    "confine": True,
    "className": "tip",
    "backgroundColor": "transparent",
    "borderWidth": 0,
    "padding": 0,
    "transitionDuration": 0,
    "extraCssText": "box-shadow:none",
    ":formatter": "(item) => thirdshift.tip(item)",
}

_DIMENSIONS: dict[str, list[Any]] = {
    "axis": ["at", "kind", {"name": "label", "type": "ordinal"}],
    "states": ["row", "start", "end", "code", "sure", "changes"],
    "offers": ["row", "start", "end", "code", "confidence", "low", "high"],
    "bookings": ["row", "start", "end", "live", "risk", "ran_from", "ran_to", "held"],
    "now": ["at", "nothing", {"name": "label", "type": "ordinal"}],
}


def _series(lane: str, data: Data) -> dict[str, Any]:
    return {
        "id": lane,
        "type": "custom",
        "clip": False,
        "progressive": 0,
        "silent": lane in {"axis", "now"},
        "dimensions": _DIMENSIONS[lane],
        "encode": {"x": [0] if lane in {"axis", "now"} else [1, 2]},
        "data": data,
        ":renderItem": f"(params, api) => thirdshift.{lane}(params, api)",
    }


def _state(row: int, band: StateBar, now: datetime) -> list[Any]:
    code = STATES.index(band.state)
    end = 0 if band.span.end >= now else _seconds(band.span.end)
    shown = [row, _seconds(band.span.start), end, code, int(band.sure), band.changes]
    return [*shown, band.state, band.mode, band.origin]


def _offer(row: int, band: OfferBar) -> list[Any]:
    offer = band.offer
    code = TYPES.index(offer.type) if offer.type in TYPES else len(TYPES) - 1
    shown = [row, _seconds(band.span.start), _seconds(band.span.end), code, int(offer.confidence), band.low, band.high]
    return [*shown, offer.type, offer.reason, offer.quantity, offer.detail or ""]


def _booking(row: int, bar: BookingBar) -> list[Any]:
    ran = (_seconds(bar.ran.start), _seconds(bar.ran.end)) if bar.ran else (0, 0)
    span = (_seconds(bar.span.start), _seconds(bar.span.end))
    return [row, *span, int(bar.live), int(bar.at_risk), *ran, int(bar.state == "HELD"), bar.id, bar.state, bar.share]


def _seconds(moment: datetime) -> int:
    return round(moment.timestamp())


def changed(before: dict[str, Data], after: dict[str, Data], among: Iterable[str] = LANES) -> dict[str, Data]:
    """The series of `after` that differ from those of `before`."""
    return {lane: after[lane] for lane in among if lane in after and after[lane] != before.get(lane)}
