"""The page's charts as ECharts options: samples and messages a second, and how late 99 of 100 messages came."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from cloud.dashboard.when import When
from cloud.operations.model import FlowPoint, Ingest
from gateway.messages import Stream

COLOURS = {
    Stream.CONTROL: "var(--committed)",
    Stream.STATE: "var(--executing)",
    Stream.TELEMETRY: "var(--available)",
    Stream.BACKFILL: "var(--booking)",
}
Value = Callable[[FlowPoint], float | None]
KINDS: dict[str, tuple[Value, float | None]] = {
    "samples": (lambda point: point.samples / 60, 0.0),
    "messages": (lambda point: round(point.messages / 60, 3), 0.0),
    "latency": (lambda point: point.p99_s and max(0.01, point.p99_s), None),
}
"""What each chart shows of a minute, and what of one in which nothing came."""
SHOWN = {
    "samples": frozenset({Stream.TELEMETRY, Stream.BACKFILL}),
    "latency": frozenset(Stream) - {Stream.BACKFILL},
}
"""Backfill is late by its nature."""


def moments(ingest: Ingest) -> list[datetime]:
    """The start of each minute that is shown."""
    step = timedelta(seconds=ingest.step_s) * ingest.speed
    count = int((ingest.end - ingest.start) / step) + 1
    return [ingest.start + step * number for number in range(count)]


def rows(ingest: Ingest, kind: str) -> dict[Stream, list[float | None]]:
    """A value for each minute, by stream; streams that nothing came of are left out."""
    value, nothing = KINDS[kind]
    told = {(point.stream, point.at): point for point in ingest.items}
    streams = [stream for stream in Stream if any(point.stream is stream for point in ingest.items)]
    shown = SHOWN.get(kind, frozenset(Stream))
    streams = [stream for stream in streams if stream in shown]
    at = moments(ingest)
    return {
        stream: [value(told[stream, each]) if (stream, each) in told else nothing for each in at] for stream in streams
    }


def options(ingest: Ingest, kind: str, when: When) -> dict[str, Any]:
    """A line for each stream over the minutes."""
    found = rows(ingest, kind)
    axis = {"name": when.words(f"operations.unit_{kind}"), "nameTextStyle": {"color": "var(--soft)", "align": "left"}}
    none = {"text": "" if found else when.words("operations.chart_none"), "left": "center", "top": "middle"}
    return {
        "title": {**none, "textStyle": {"color": "var(--soft)", "fontSize": 13, "fontWeight": "normal"}},
        "grid": {"left": 56, "right": 14, "top": 34, "bottom": 56},
        "legend": {"bottom": 0, "textStyle": {"color": "var(--soft)"}, "icon": "roundRect", "itemHeight": 4},
        "tooltip": {"trigger": "axis", "confine": True, "backgroundColor": "var(--card)"}
        | {"borderColor": "var(--line)", "textStyle": {"color": "var(--ink)", "fontSize": 12}},
        "xAxis": {"id": "at", "type": "category", "boundaryGap": False, "data": _labels(ingest, when)}
        | {"axisLabel": {"color": "var(--soft)"}, "axisLine": {"lineStyle": {"color": "var(--grid-strong)"}}},
        "yAxis": {**_scale(kind), "axisLabel": {"color": "var(--soft)"}, **axis}
        | {"splitLine": {"lineStyle": {"color": "var(--grid)"}}},
        "series": [_series(stream, values, when) for stream, values in found.items()],
    }


def _scale(kind: str) -> dict[str, Any]:
    """Whether something takes 20 ms or 200 ms is as much of a difference as whether it takes a minute or ten."""
    return {"type": "log", "min": 0.01} if kind == "latency" else {"type": "value", "min": 0}


def _series(stream: Stream, values: Sequence[float | None], when: When) -> dict[str, Any]:
    colour = COLOURS[stream]
    return {
        "id": stream.value,
        "name": when.words.term("operations.stream", stream),
        "type": "line",
        "data": values,
        "showSymbol": sum(value is not None for value in values) < 3,
        "symbolSize": 5,
        "lineStyle": {"width": 1.6, "color": colour},
        "itemStyle": {"color": colour},
    }


def _labels(ingest: Ingest, when: When) -> list[str]:
    return [when.moment(each) if ingest.speed > 30 else when.clock(each) for each in moments(ingest)]


def sheet(ingest: Ingest) -> list[Sequence[object]]:
    """The minutes as rows of a file."""
    head = ("minute_start", "stream", "messages", "samples", "p50_s", "p99_s")
    body = [(each.at, each.stream.value, each.messages, each.samples, each.p50_s, each.p99_s) for each in ingest.items]
    return [head, *body]
