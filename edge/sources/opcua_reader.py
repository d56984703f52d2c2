"""From what a server says of a node to a reading of a signal: its type, its part, its name, and how far to trust it."""

from collections.abc import Iterable, Mapping
from datetime import datetime

import structlog
from asyncua import ua

from edge import pointer
from edge.reading import Reading
from edge.sources.opcua_session import OpcUaSession
from edge.sources.opcua_signals import Signal
from edge.sources.opcua_structure import Coded
from edge.sources.opcua_types import Names, TypeBook
from edge.sources.opcua_values import quality, source_time
from gateway.machine import Quality

SIMPLE = {int, float, bool, str, type(None)}

log = structlog.get_logger()


class Reader:
    """Reads values of one session; what it cannot make sense of is a bad reading, and is told once a signal."""

    def __init__(self, session: OpcUaSession) -> None:
        self.book = TypeBook(session)
        self._names: dict[Signal, Names] = {}
        self._told: set[Signal] = set()

    async def prepare(self, nodes: Mapping[Signal, ua.NodeId]) -> None:
        """Learn the names of those signals that want names."""
        wanted = [signal for signal in nodes if signal.ask.names and not signal.steps]
        if wanted:
            found = await self.book.names([nodes[signal] for signal in wanted])
            self._names.update({signal: names for signal, names in zip(wanted, found, strict=True) if names})

    async def learn(self, values: Iterable[ua.DataValue]) -> None:
        """Learn the structures among the values that were never met before."""
        complex_ones = [each for each in values if each.Value is not None and type(each.Value.Value) not in SIMPLE]
        unknown = self.book.unknown(complex_ones) if complex_ones else ()
        if unknown:
            await self.book.learn(unknown)

    def reading(self, signal: Signal, value: ua.DataValue, now: datetime) -> Reading:
        """The reading; what cannot be read is bad, whatever the server says of it."""
        trust = quality(value.StatusCode)
        found, problem = self.content(signal, value)
        if problem is not None and trust is not Quality.BAD:
            trust = Quality.BAD
            if signal not in self._told:
                self._told.add(signal)
                log.warning("opcua.unreadable", machine=signal.machine, signal=signal.name, reason=problem)
        return Reading(signal.machine, signal.name, found, source_time(value), now, trust)

    def content(self, signal: Signal, value: ua.DataValue) -> tuple[object, str | None]:
        """The signal's own part of the value, and what is wrong with that."""
        raw = value.Value.Value if value.Value is not None else None
        found = raw if type(raw) in SIMPLE else self.book.content(value)
        if raw is not None and found is None:
            return None, "the server does not describe this structure"
        if signal.steps and raw is not None:
            try:
                found = pointer.get(found, signal.steps)
            except pointer.PointerMiss as miss:
                return None, str(miss)
        if isinstance(found, Coded):
            return (found.name if signal.ask.names else int(found)), None
        if signal.ask.names and isinstance(found, int):
            return self._names.get(signal, {}).get(found, found), None
        return found, None
