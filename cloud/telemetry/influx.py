"""The sample store in InfluxDB: read with InfluxQL over /query, which its versions 1, 2 and 3 all answer."""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from cloud.telemetry.engine import Reader, Writer
from cloud.telemetry.lines import MEASUREMENT, NUMBER, TEXT, lines, requests
from cloud.telemetry.model import (
    EPOCH,
    QUALITIES,
    Bucket,
    Sample,
    Series,
    Standing,
    StoreAway,
    Value,
    micros,
    moment,
)
from gateway.span import Span

_NAME = str.maketrans({'"': r"\"", "\\": r"\\", "\n": r"\n"})
_STRING = str.maketrans({"'": r"\'", "\\": r"\\", "\n": r"\n"})


class InfluxSamples:
    """Samples in one database (or bucket) of an InfluxDB. It answers a write once its write-ahead log is synced."""

    name = "InfluxDB"
    trails = 0.0

    def __init__(self, writer: Writer, reader: Reader, database: str) -> None:
        self._writer = writer
        self._reader = reader
        self._database = database

    async def write(self, series: Sequence[Series]) -> None:
        for body in requests(map(lines, series)):
            await self._writer.write(body)

    async def boot(self) -> str:
        return ""

    async def close(self) -> None:
        await self._writer.close()
        await self._reader.close()

    async def read(self, machine: str, signal: str, span: Span) -> Sequence[Sample]:
        rows = await self._ask(_select("v, t, q", machine, signal, span))
        return [
            Sample(machine, signal, moment(at), _value(number, text, int(kind) & ~3), QUALITIES[int(kind) & 3])
            for at, number, text, kind in rows
        ]

    async def buckets(self, machine: str, signal: str, span: Span, step: timedelta) -> Sequence[Bucket]:
        whole = Span(span.start - (span.start - EPOCH) % step, span.end + -(span.end - EPOCH) % step)
        figures = "count(q), min(v), max(v), mean(v), last(v)"
        grouped = f" GROUP BY time({step // timedelta(seconds=1)}s) fill(none)"
        rows = await self._ask(_select(figures, machine, signal, whole) + grouped)
        return [Bucket(moment(at), int(count), *figures) for at, count, *figures in rows if count]

    async def signals(self, machine: str) -> Sequence[str]:
        query = f"SHOW TAG VALUES FROM {MEASUREMENT} WITH KEY = signal WHERE machine = {_quoted(machine)}"
        return sorted(name for _, name in await self._ask(query))

    async def standing(self) -> Standing:
        """The database's default retention policy says how long samples are kept, where this version tells that."""
        await self._ask("SHOW DATABASES")
        version = await self._reader.version("/ping")
        try:
            rows = await self._ask(f'SHOW RETENTION POLICIES ON "{self._database.translate(_NAME)}"')
        except StoreAway:
            return Standing(version, None)
        kept = next((str(duration) for _, duration, *_, default in rows if default is True), "0s")
        return Standing(version, None if kept == "0s" else kept)

    async def oldest(self, machines: Sequence[str]) -> datetime | None:
        if not machines:
            return None
        those = "|".join(map(re.escape, machines)).replace("/", r"\/")
        rows = await self._ask(f"SELECT first(q) FROM {MEASUREMENT} WHERE machine =~ /^({those})$/")  # noqa: S608
        return moment(rows[0][0]) if rows else None

    async def _ask(self, query: str) -> list[list[Any]]:
        """The rows of the one series that the query is about."""
        answer = await self._reader.get("/query", db=self._database, q=query, epoch="u")
        (result,) = answer["results"]
        if "error" in result:
            msg = f"the store of samples says: {result['error']}"
            raise StoreAway(msg)
        return [row for series in result.get("series", ()) for row in series["values"]]


def _select(what: str, machine: str, signal: str, span: Span) -> str:
    """InfluxQL: not every version binds parameters, so the two names are quoted by us."""
    of = f"machine = {_quoted(machine)} AND signal = {_quoted(signal)}"
    when = f"time >= {micros(span.start)}u AND time < {micros(span.end)}u"
    return f"SELECT {what} FROM {MEASUREMENT} WHERE {of} AND {when}"  # noqa: S608 - quoted above


def _quoted(text: str) -> str:
    return f"'{text.translate(_STRING)}'"


def _value(number: float | None, text: str | None, kind: int) -> Value:
    if kind == TEXT:
        return text
    return float(number) if kind == NUMBER and number is not None else None
