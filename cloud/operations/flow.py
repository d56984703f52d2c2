"""Adds up the minutes of ingest: what came lately of each stream, and each minute as a chart wants it."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from cloud.operations.latency import added, quantile
from cloud.operations.model import Flow, FlowPoint
from cloud.telemetry.model import EPOCH
from gateway.messages import Stream

WINDOW_S, STEP_S = 300, 60
"""Real seconds that "lately" is, and that a minute is."""


def floor(at: datetime, speed: float) -> datetime:
    """When the minute of real time that holds it began, in business time."""
    return at - (at - EPOCH) % (timedelta(seconds=STEP_S) * speed)


def points(minutes: Iterable[Mapping[str, Any]]) -> tuple[FlowPoint, ...]:
    """Each minute of a stream."""
    return tuple(
        FlowPoint(
            at=row["at"],
            stream=row["stream"],
            messages=row["messages"],
            samples=row["samples"],
            p50_s=_rounded(quantile(row["latency"], 0.5)),
            p99_s=_rounded(quantile(row["latency"], 0.99)),
        )
        for row in minutes
    )


def flows(minutes: Iterable[Mapping[str, Any]], now: datetime, speed: float) -> tuple[Flow, ...]:
    """What of each stream came in the last WINDOW_S; streams of which nothing came at all are left out.

    The minute under way counts with the part of it that is over, so that a figure follows within seconds.
    """
    found: dict[Stream, tuple[int, int, list[int], datetime]] = {}
    since = floor(now, speed) - timedelta(seconds=WINDOW_S - STEP_S) * speed
    seconds = max(1.0, (now - since).total_seconds() / speed)
    for row in minutes:
        messages, samples, latency, last = found.get(row["stream"], (0, 0, [], row["at"]))
        if row["at"] >= since:
            messages, samples = messages + row["messages"], samples + row["samples"]
            latency = added(latency, row["latency"])
        found[row["stream"]] = (messages, samples, latency, max(last, row["at"]))
    return tuple(
        Flow(
            stream=stream,
            messages_per_s=round(found[stream][0] / seconds, 3),
            samples_per_s=round(found[stream][1] / seconds, 3),
            p50_s=_rounded(quantile(found[stream][2], 0.5)),
            p99_s=_rounded(quantile(found[stream][2], 0.99)),
            last_at=found[stream][3],
        )
        for stream in Stream
        if stream in found
    )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)
