"""The replay of a recorded SHDR stream: one machine lives through it again, in the order of its stamps."""

import asyncio
import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby
from pathlib import Path

import structlog

from edge.errors import FileInvalid
from edge.planfile import read_bytes
from edge.reading import Cursor, Event, LinkNotice, Reading
from edge.sources import Emit
from edge.sources.building import Site, Wanted
from edge.sources.mtconnect_items import Bound, Missing, find_device, find_item
from edge.sources.mtconnect_model import DataItem, Devices, NotMtconnect, Observation
from edge.sources.mtconnect_signal import MtconnectSignal
from edge.sources.mtconnect_values import Conditions, readings
from edge.sources.mtconnect_xml import read
from edge.sources.shdr import Fault, parse
from gateway.clock import Clock
from gateway.span import utc

BATCH = 100
"""Instants in one transaction while catching up."""

LONGEST_NAP = 60.0
PER_SECOND = 20
"""Batches in a second that `rate` is divided into."""

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Instant:
    """What the signals said at `at`."""

    at: datetime
    readings: tuple[Reading, ...]


@dataclass
class ShdrReplay:
    """Plays `instants` from after `cursor` on; what is past is told at once, the rest as business time comes."""

    machine: str
    instants: Sequence[Instant]
    clock: Clock
    cursor: str | None = None
    rate: float | None = None

    async def run(self, emit: Emit) -> None:
        """Emit until the recording ends, then stay silent until cancelled."""
        await emit([LinkNotice(self.machine, True, self.clock.now(), "replaying")])
        rest = self._rest()
        while rest:
            now = self.clock.now()
            ready = self._ready(rest, now)
            if ready:
                await emit(self._events(rest[:ready], now))
                self.cursor = rest[ready - 1].at.isoformat()
                rest = rest[ready:]
            await self._nap(rest)
        await asyncio.Event().wait()

    def _rest(self) -> Sequence[Instant]:
        if self.cursor is None:
            return self.instants
        told = utc(datetime.fromisoformat(self.cursor))
        return [each for each in self.instants if each.at > told]

    def _ready(self, rest: Sequence[Instant], now: datetime) -> int:
        if self.rate is not None:
            return min(len(rest), max(1, round(self.rate / PER_SECOND)))
        return next((count for count, each in enumerate(rest[:BATCH]) if each.at > now), min(BATCH, len(rest)))

    def _events(self, instants: Sequence[Instant], now: datetime) -> list[Event]:
        """All of it is history: the recording's stamps are true."""
        told: list[Event] = [
            replace(reading, received=now, historical=True) for each in instants for reading in each.readings
        ]
        return [*told, Cursor(self.machine, instants[-1].at.isoformat())]

    async def _nap(self, rest: Sequence[Instant]) -> None:
        if self.rate is not None:
            await asyncio.sleep(max(1, round(self.rate / PER_SECOND)) / self.rate)
        elif rest:
            await asyncio.sleep(min(self.clock.seconds_until(rest[0].at), LONGEST_NAP))


def replay(site: Site, name: str, wanted: Wanted) -> ShdrReplay:
    """The replay of one machine. Raises FileInvalid for a file that cannot be read, or has none of the signals."""
    device = wanted.device
    found = instants(name, device.file, wanted.signals, device.model, device.device)
    return ShdrReplay(name, found, site.clock, site.cursor(name), device.rate)


def instants(
    machine: str,
    file: Path,
    signals: Mapping[str, MtconnectSignal],
    model: Path | None = None,
    device: str | None = None,
) -> list[Instant]:
    """What the recording says of these signals, by time; faulty lines are told and left out. Raises FileInvalid."""
    items = model_items(model, device) if model else {}
    bound = _bound(machine, file, signals, items)
    lines = read_bytes(file).decode("utf-8-sig", "replace").splitlines()
    seen, faults = list[Observation](), list[Fault]()
    for each in parse(lines, items):
        if isinstance(each, Fault):
            faults.append(each)
        elif each.item in bound:
            seen.append(each)
    if faults:
        first = f"{file}:{faults[0].line}: {faults[0].problem}"
        log.warning("shdr.lines_left_out", count=len(faults), first=first)
    if not seen:
        msg = (
            f"{file}: no line has one of the items {', '.join(sorted(bound))}; check the profile's `item`s, or `model`"
        )
        raise FileInvalid(msg)
    return list(_instants(seen, bound))


def _instants(seen: Sequence[Observation], bound: Mapping[str, Sequence[Bound]]) -> Iterator[Instant]:
    """In the order of the stamps, whatever the order of the lines."""
    conditions = Conditions()
    timed = sorted(((each.at, each) for each in seen if each.at is not None), key=lambda pair: pair[0])
    for at, group in groupby(timed, key=lambda pair: pair[0]):
        found = readings(bound, [each for _, each in group], conditions, at, {})
        yield Instant(at, tuple(found))


def model_items(model: Path, device: str | None = None) -> dict[str, DataItem]:
    """A device's data items by every key that an adapter may write: name and id. Raises FileInvalid."""
    try:
        found = read(read_bytes(model))
    except NotMtconnect as error:
        msg = f"{model}: {error}; write the path of the device's Devices.xml"
        raise FileInvalid(msg) from error
    if not isinstance(found, Devices):
        msg = f"{model}: has no devices; write the path of the device's Devices.xml"
        raise FileInvalid(msg)
    chosen = find_device(found.devices, device)
    if isinstance(chosen, Missing):
        msg = f"{model}: {chosen}"
        raise FileInvalid(msg)
    return {key: item for item in chosen.items for key in (item.id, item.name) if key}


def _bound(
    machine: str, file: Path, signals: Mapping[str, MtconnectSignal], items: Mapping[str, DataItem]
) -> dict[str, list[Bound]]:
    """The signals by the keys that carry them in the recording."""
    bound: dict[str, list[Bound]] = {}
    for name, signal in signals.items():
        item = _item(file, name, signal, items)
        if isinstance(item, Missing):
            level = logging.INFO if signal.optional else logging.WARNING
            log.log(level, "shdr.signal_missing", machine=machine, signal=name, problem=str(item))
            continue
        for key in {item.id, item.name} - {None}:
            bound.setdefault(str(key), []).append(Bound(machine, name, signal, item))
    return bound


def _item(file: Path, name: str, signal: MtconnectSignal, items: Mapping[str, DataItem]) -> DataItem | Missing:
    if items:
        return find_item(list(dict.fromkeys(items.values())), signal)
    if signal.item is None:
        msg = (
            f"{file}: signal {name} is found by its type, and a recording has no types; name its Devices.xml as `model`"
        )
        raise FileInvalid(msg)
    return DataItem(signal.item, None, "EVENT", "")
