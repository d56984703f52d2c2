"""The routes that read what machines measured: which signals, one signal as a chart wants it, and rollups of states."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Response

from cloud.api.call import Call, ReadCall
from cloud.api.catalogue import NOT_FOUND, REQUEST_INVALID, STORE_AWAY
from cloud.api.problem import Problem
from cloud.api.problems import documented
from cloud.registry import store as registry
from cloud.registry.api import known
from cloud.registry.machines import plain
from cloud.registry.model import Moment
from cloud.telemetry import rollups
from cloud.telemetry.model import Bucket, Sample, Value
from cloud.telemetry.steps import step_for
from cloud.telemetry.thin import thinned
from cloud.telemetry.units import units
from cloud.telemetry.wire import (
    LedgerShare,
    Part,
    Point,
    Rollup,
    Rollups,
    Samples,
    Shape,
    Signal,
    Signals,
    StateShare,
    Width,
)
from gateway.span import Span

router = APIRouter(prefix="/v1/machines/{machine_id}", tags=["samples"])

AnId = Annotated[str, Path(max_length=64)]
Start = Annotated[Moment | None, Query(description="RFC 3339")]
End = Annotated[Moment | None, Query(description="RFC 3339, after start")]


async def _asked(start: Start = None, end: End = None) -> tuple[datetime | None, datetime | None]:
    return start, end


Window = Annotated[tuple[datetime | None, datetime | None], Depends(_asked)]
LONGEST = timedelta(days=366)
LONGEST_MINUTES = timedelta(days=7)
THINNED = 15_000
"""So many samples are looked at one by one; of more, the buckets are told."""


@dataclass(frozen=True, slots=True)
class _Line:
    signal: str
    points: int
    shape: Shape


async def _line(
    signal: Annotated[str, Query(max_length=64, description="one of the machine's signals")] = "",
    points: Annotated[int, Query(ge=10, le=10_000, description="at most so many points, about")] = 1000,
    shape: Annotated[Shape, Query(description="how to make fewer of many")] = "buckets",
) -> _Line:
    return _Line(signal, points, shape)


Line = Annotated[_Line, Depends(_line)]


@router.get("/signals", responses=documented(NOT_FOUND, STORE_AWAY))
async def list_signals(call: ReadCall, machine_id: AnId) -> Signals:
    """The signals of the machine that its plant lets out and that have samples, each with its unit."""
    measured = await _units(call, machine_id)
    found = await call.desk.samples.of(call.tenant).signals(machine_id)
    items = tuple(Signal(signal=name, unit=measured.get(name)) for name in found)
    return Signals(items=items, store=call.desk.samples.name)


@router.get("/samples", response_model=Samples, responses=documented(NOT_FOUND, REQUEST_INVALID, STORE_AWAY))
async def read_samples(call: ReadCall, machine_id: AnId, asked: Window, wanted: Line) -> Response:
    """One signal, in the unit that its plant named last; without a window over the last day: every sample, or where
    there are more than `points`, buckets of least, most, mean and last of equal steps. With `shape=line` it is samples
    as long as they are not too many to be looked at, and those are left out (by MinMaxLTTB) without which the line
    looks the same.
    """
    measured = await _units(call, machine_id)
    if not wanted.signal:
        fault = _invalid("signal", "name one of the machine's signals; GET …/signals lists them")
        raise fault
    window, signal = _window(asked, call.now, LONGEST), wanted.signal
    reader, step = call.desk.samples.of(call.tenant), step_for(window.duration, wanted.points)
    buckets = await reader.buckets(machine_id, signal, window, timedelta(seconds=step))
    total = sum(bucket.samples for bucket in buckets)
    few = total <= (THINNED if wanted.shape == "line" else wanted.points)
    raw = thinned(await reader.read(machine_id, signal, window), wanted.points) if few else ()
    told = Samples(
        machine_id=machine_id,
        signal=signal,
        unit=measured.get(signal),
        start=window.start,
        end=window.end,
        step_s=None if few else step,
        total=total,
        store=call.desk.samples.name,
        items=tuple(map(_sample, raw) if few else map(_bucket, buckets)),
    )
    return plain(told)


@router.get("/rollups", response_model=Rollups, responses=documented(NOT_FOUND, REQUEST_INVALID))
async def read_rollups(
    call: ReadCall, machine_id: AnId, asked: Window, width: Width = "hour", only: Part | None = None
) -> Response:
    """For how long the machine was in which state, and what was offered and claimed of it; by default by hour, over the
    last day. Days are days of the plant's zone. `only` one of the two, for who needs no more.
    """
    zone = await _machine(call, machine_id)
    longest = LONGEST_MINUTES if width == "minute" else LONGEST
    window = _window(asked, call.now, longest)
    async with call.rows() as rows:
        told = machine_id, width, window.start, window.end
        states = () if only == "ledger" else await rollups.states(rows, *told)
        ledger = () if only == "states" else await rollups.ledger(rows, *told)
    items = tuple(_together(states, ledger))
    return plain(Rollups(machine_id=machine_id, width=width, zone=zone, items=items))


async def _machine(call: Call, machine_id: str) -> str:
    """The zone of its plant. Raises the problem `not_found` for one that is not the caller's."""
    async with call.rows() as rows:
        row = known(await registry.machine(rows, call.tenant, machine_id, call.fresh_after))
        site = known(await registry.site(rows, call.tenant, row["site_id"]))
    return str(site["zone"])


async def _units(call: Call, machine_id: str) -> Mapping[str, str]:
    """Of the machine's signals. Raises the problem `not_found` for one that is not the caller's."""
    async with call.rows() as rows:
        return known(await units(rows, call.tenant, machine_id))


def _sample(sample: Sample) -> Point:
    number = sample.value if isinstance(sample.value, float) and math.isfinite(sample.value) else None
    return Point(
        at=sample.at, value=_plain(sample.value), quality=sample.quality, least=number, most=number, last=number
    )


def _plain(value: Value) -> Value:
    """JSON has no NaN and no infinity."""
    return str(value) if isinstance(value, float) and not math.isfinite(value) else value


def _bucket(bucket: Bucket) -> Point:
    at, samples, least, most, mean, last = bucket
    return Point(at=at, value=mean, samples=samples, least=least, most=most, last=last)


def _together(states: Iterable[Any], ledger: Iterable[Any]) -> Iterable[Rollup]:
    found: dict[datetime, tuple[list[StateShare], list[LedgerShare]]] = {}
    for row in states:
        values = {name: value for name, value in row.items() if name != "start_at"}
        found.setdefault(row["start_at"], ([], []))[0].append(StateShare.model_validate(values))
    for row in ledger:
        values = {name: value for name, value in row.items() if name != "start_at"}
        found.setdefault(row["start_at"], ([], []))[1].append(LedgerShare.model_validate(values))
    return [Rollup(start=at, states=tuple(of[0]), ledger=tuple(of[1])) for at, of in sorted(found.items())]


def _window(asked: tuple[datetime | None, datetime | None], now: datetime, longest: timedelta) -> Span:
    end = asked[1] or now
    span = Span.between(asked[0] or end - timedelta(days=1), end)
    if span is None or span.duration > longest:
        fault = _invalid("end", f"`end` must come after `start`, at most {longest.days} days")
        raise fault
    return span


def _invalid(field: str, detail: str) -> Problem:
    return Problem(REQUEST_INVALID, detail, errors=[{"pointer": f"query/{field}", "detail": detail}])
