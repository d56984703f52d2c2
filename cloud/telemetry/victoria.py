"""The sample store in VictoriaMetrics: read with PromQL. It keeps numbers alone, to the millisecond."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from cloud.telemetry.engine import Reader, Writer
from cloud.telemetry.lines import MEASUREMENT, NOTHING, numbers, requests
from cloud.telemetry.model import EPOCH, QUALITIES, Bucket, Sample, Series, Standing, StoreAway, moment
from gateway.span import Span

log = structlog.get_logger(__name__)

MILLI = timedelta(milliseconds=1)
FIGURES = ("count", "min", "max", "avg", "last")
STARTED = re.compile(r"^process_start_time_seconds (\S+)", re.MULTILINE)
UPTIME = re.compile(r"^vm_app_uptime_seconds (\S+)", re.MULTILINE)
VERSION = re.compile(r'^vm_app_version\{.*short_version="([^"]*)"', re.MULTILINE)
KEEPS = re.compile(r'^flag\{name="retentionPeriod", value="([^"]*)"', re.MULTILINE)
YOUNG = 2.0
"""Seconds. It tells its start by the second, so two starts can be told apart only if nothing is written before this."""


class VictoriaSamples:
    """Samples in a VictoriaMetrics. It answers before it syncs, so a write counts only when it has lived 10 s longer.

    It should run with `-dedup.minScrapeInterval=1ms`: else what is written again is counted again in a bucket.
    """

    name = "VictoriaMetrics"
    trails = 10.0

    def __init__(self, writer: Writer, reader: Reader, trails: float = 10.0) -> None:
        self.trails = trails
        self._writer = writer
        self._reader = reader
        self._told: set[tuple[str, str]] = set()

    async def write(self, series: Sequence[Series]) -> None:
        for body in requests(self._numbers(each) for each in series):
            await self._writer.write(body)

    async def boot(self) -> str:
        told = await self._reader.text("/metrics")
        started, uptime = STARTED.search(told), UPTIME.search(told)
        if started is None or uptime is None:
            msg = "the store of samples does not say since when it runs (process_start_time_seconds at /metrics)"
            raise StoreAway(msg)
        if float(uptime[1]) < YOUNG:
            msg = "the store of samples has only just started"
            raise StoreAway(msg)
        return started[1]

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        first, last = _millis(span.start), _millis(span.end - timedelta.resolution)
        query = f"{{__name__=~'{MEASUREMENT}_[vq]',{_labels(machine, signal)}}}[{last - first + 1}ms]"
        found = await self._ask("/api/v1/query", query=query, time=last / 1000)
        kept: dict[str, dict[int, float]] = {"v": {}, "q": {}}
        for series in found:
            name = series["metric"]["__name__"].removeprefix(f"{MEASUREMENT}_")
            kept[name] = {round(at * 1000): float(value) for at, value in series["values"]}
        times = sorted(at for at in kept["v"].keys() | kept["q"].keys() if first <= at <= last)
        return [self._sample(machine, signal, at, kept) for at in times]

    async def buckets(self, machine: str, signal: str, span: Span, step: timedelta) -> Sequence[Bucket]:
        start, width = _millis(span.start - (span.start - EPOCH) % step), step // MILLI
        selector = f"{MEASUREMENT}_v{{{_labels(machine, signal)}}}[{width}ms]"
        parts = (f"label_replace({name}_over_time({selector}), 'figure', '{name}', '', '')" for name in FIGURES)
        # A window is open at its start and closed at its end: one that ends 1 ms before a bucket does is the bucket.
        edges = {
            "start": (start + width - 1) / 1000,
            "end": _millis(span.end - timedelta.resolution) / 1000 + width / 1000,
        }
        found = await self._ask("/api/v1/query_range", query=" or ".join(parts), step=f"{width}ms", nocache=1, **edges)
        told: dict[int, dict[str, float]] = {}
        for series in found:
            for at, value in series["values"]:
                told.setdefault(round(at * 1000) + 1 - width, {})[series["metric"]["figure"]] = float(value)
        return [
            Bucket(moment(at * 1000), int(of["count"]), of["min"], of["max"], of["avg"], of["last"])
            for at, of in sorted(told.items())
            if at < _millis(span.end - timedelta.resolution) + 1
        ]

    async def standing(self) -> Standing:
        told = await self._reader.text("/metrics")
        version, keeps = VERSION.search(told), KEEPS.search(told)
        return Standing(version[1] if version else "", _days(keeps[1]) if keeps else None)

    async def oldest(self, machines: Sequence[str]) -> datetime | None:  # noqa: ARG002 - it would read every sample
        return None

    async def signals(self, machine: str) -> Sequence[str]:
        match = {"match[]": f'{{__name__=~"{MEASUREMENT}_[vq]",machine={_quoted(machine)}}}'}
        found = await self._ask("/api/v1/label/signal/values", **match, start=0)
        return sorted(found)

    def _numbers(self, series: Series) -> list[str]:
        found, texts = numbers(series)
        if texts and series[:2] not in self._told and len(self._told) < 10_000:
            self._told.add(series[:2])
            log.warning("VictoriaMetrics keeps no texts, they are left out", machine=series[0], signal=series[1])
        return found

    def _sample(self, machine: str, signal: str, at: int, kept: dict[str, dict[int, float]]) -> Sample:
        mark = int(kept["q"].get(at, 0))
        value = None if mark & NOTHING else kept["v"].get(at)
        return Sample(machine, signal, moment(at * 1000), value, QUALITIES[mark & 3])

    async def _ask(self, path: str, **query: object) -> Any:
        answer = await self._reader.get(path, **query)
        if answer["status"] != "success":
            msg = f"the store of samples says: {answer.get('error')}"
            raise StoreAway(msg)
        return answer["data"]["result"] if isinstance(answer["data"], dict) else answer["data"]


def _millis(at: datetime) -> int:
    return int((at - EPOCH) // MILLI)


def _days(period: str) -> str:
    """Without a unit it is in months of 31 days (manual of VictoriaMetrics, "Retention")."""
    return f"{int(period) * 31}d" if period.isdecimal() else period


def _labels(machine: str, signal: str) -> str:
    return f"machine={_quoted(machine)},signal={_quoted(signal)}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
