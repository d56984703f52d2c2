"""The bookings on one time axis, as ECharts draws them (static/bookings.js draws the bars)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cloud.booking.model import State
from cloud.booking.wire import Booking
from cloud.dashboard.bookings.choose import OPEN, Row
from cloud.dashboard.when import When

LOOKS = ("open", "asked", "running", "done", "disputed", "off")
"""How a bar looks, by the number that it is told with."""

BACK, AHEAD = timedelta(days=2), timedelta(days=6)
"""Of time that is shown at first, before and after now."""

MOST_LANES = 24
LANE = 24
"""Pixels of a lane."""
HEAD, FOOT = 34, 58


def look(booking: Booking) -> int:
    """The bar's look, by the state."""
    if booking.state is State.REQUESTED:
        return 1
    if booking.state is State.RUNNING:
        return 2
    if booking.state in OPEN:
        return 0
    if booking.state is State.DISPUTED:
        return 4
    return 3 if booking.state in {State.COMPLETED, State.METERED, State.SETTLED} else 5


def height(lanes: int) -> int:
    """Pixels of the chart: as many lanes as there are, up to MOST_LANES; more are scrolled to."""
    return HEAD + FOOT + LANE * min(max(lanes, 3), MOST_LANES)


def told(rows: Sequence[Row], when: When) -> dict[str, Any]:
    """What static/bookings.js needs to know by name: rows, and what each bar is."""
    bars = [one for row in rows for _, one in row.bars]
    return {
        "rows": [row.name for row in rows],
        "ids": [one.id for one in bars],
        "titles": [_title(one, when) for one in bars],
        "zone": str(when.zone),
        "language": "zh-CN" if when.words.language == "zh" else "en-GB",
        "words": {"risk": when.words("bookings.risk"), "open": when.words("bookings.open")},
    }


def _title(one: Booking, when: When) -> str:
    words = when.words
    state, work = words.term("booking", one.state), one.work
    side = words("bookings.for" if one.role == "provider" else "bookings.at", partner=_other(one))
    return f"{work.work_master} × {work.quantity} · {state} · {side}"  # noqa: RUF001 - a multiplication sign is meant


def _other(one: Booking) -> str:
    name = one.booker_name if one.role == "provider" else one.provider_name
    return name or (one.booker_id if one.role == "provider" else one.provider_id)


def options(rows: Sequence[Row], now: datetime, *, window: bool) -> dict[str, Any]:
    """The chart. With `window` it opens at BACK to AHEAD around now, or at all that there is if that is elsewhere."""
    lanes = sum(row.lanes for row in rows)
    bars: list[list[float]] = []
    starts: list[float] = []
    ends: list[float] = []
    for number, row in enumerate(rows):
        for lane, one in row.bars:
            start, end = one.start.timestamp() * 1000, one.end.timestamp() * 1000
            risk = int(one.at_risk and one.state in OPEN)
            bars.append([row.first + lane, start, end, look(one), risk, int(one.role == "booker"), number, len(bars)])
            starts.append(start)
            ends.append(end)
    first, last = _window(starts, ends, now)
    return {
        "animation": False,
        "grid": {"id": "area", ":left": "thirdshiftBookings.gutter()", "right": 26, "top": HEAD, "bottom": FOOT},
        "tooltip": {"trigger": "item", ":formatter": "thirdshiftBookings.tip", "confine": True},
        "xAxis": {
            "id": "time", "type": "time", "min": min([first, *starts]), "max": max([last, *ends]), "position": "top",
            "show": False,
        },
        "yAxis": {"id": "rows", "type": "value", "inverse": True, "min": 0, "max": max(lanes, 3), "show": False},
        "dataZoom": _zoom(lanes, (first, last) if window else None),
        "series": [
            {"id": "ticks", "type": "custom", ":renderItem": "thirdshiftBookings.ticks", "silent": True, "z": 0,
             "data": [[now.timestamp() * 1000, 0]], "encode": {"x": -1, "y": -1}, "clip": False,
             "tooltip": {"show": False}},
            {"id": "lines", "type": "custom", ":renderItem": "thirdshiftBookings.row", "silent": True, "z": 1,
             "data": [[row.first, row.lanes, number] for number, row in enumerate(rows)],
             "encode": {"x": -1, "y": 0}, "clip": False, "tooltip": {"show": False}},
            {"id": "bars", "type": "custom", ":renderItem": "thirdshiftBookings.bar", "z": 3, "data": bars,
             "encode": {"x": [1, 2], "y": 0}, "clip": True},
            {"id": "now", "type": "custom", ":renderItem": "thirdshiftBookings.now", "silent": True, "z": 5,
             "data": [[now.timestamp() * 1000, 0]], "encode": {"x": 0, "y": 1}, "tooltip": {"show": False}},
        ],
    }  # fmt: skip


def _window(starts: Sequence[float], ends: Sequence[float], now: datetime) -> tuple[float, float]:
    first, last = (now - BACK).timestamp() * 1000, (now + AHEAD).timestamp() * 1000
    if starts and (min(starts) > last or max(ends) < first):
        return min(starts), max(ends)
    return first, last


def _zoom(lanes: int, window: tuple[float, float] | None) -> list[dict[str, Any]]:
    shown = {"startValue": window[0], "endValue": window[1]} if window else {}
    time = {"xAxisIndex": 0, "filterMode": "none", "minValueSpan": 3_600_000, **shown}
    found: list[dict[str, Any]] = [
        {"id": "pan", "type": "inside", "zoomOnMouseWheel": "ctrl", "moveOnMouseWheel": False, **time},
        {
            "id": "slide",
            "type": "slider",
            "height": 22,
            "bottom": 10,
            "showDetail": False,
            "brushSelect": False,
            **time,
        },
    ]
    if lanes > MOST_LANES:
        rows = {"yAxisIndex": 0, "filterMode": "none", "startValue": 0, "endValue": MOST_LANES, "zoomLock": True}
        found += [
            {"id": "scroll", "type": "inside", "zoomOnMouseWheel": False, "moveOnMouseWheel": True, **rows},
            {
                "id": "rows",
                "type": "slider",
                "width": 12,
                "right": 6,
                "showDetail": False,
                "brushSelect": False,
                **rows,
            },
        ]
    return found
