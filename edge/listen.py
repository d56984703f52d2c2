"""Tries a source by running it for a moment: what each wanted signal says first, and which says nothing."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress

from edge.reading import Event, LinkNotice, Reading
from edge.sources import Source
from edge.verdict import ENDPOINT, Verdict
from gateway.machine import Quality

PATIENCE = 8.0
"""Real seconds that a source gets to say something of every signal."""

Wanted = Mapping[str, Mapping[str, str]]
"""Machine → signal → where it is looked for."""


async def listen(source: Source, wanted: Wanted, patience: float = PATIENCE) -> list[Verdict]:
    """A verdict per wanted signal, in their order; one named `endpoint` for a machine whose link never came up."""
    ear = _Ear({(machine, signal) for machine, signals in wanted.items() for signal in signals})
    work = asyncio.ensure_future(source.run(ear.emit))
    try:
        await asyncio.wait(
            {work, whole := asyncio.ensure_future(ear.whole.wait())},
            timeout=patience,
            return_when=asyncio.FIRST_COMPLETED,
        )
        whole.cancel()
    finally:
        failure = work.exception() if work.done() and not work.cancelled() else None
        work.cancel()
        with suppress(asyncio.CancelledError, Exception):
            await work
    return [verdict for machine, signals in wanted.items() for verdict in ear.verdicts(machine, signals, failure)]


class _Ear:
    """Keeps the first reading of each signal, and the last word on each link."""

    def __init__(self, due: set[tuple[str, str]]) -> None:
        self.whole = asyncio.Event()
        self._due = due
        self._first: dict[tuple[str, str], Reading] = {}
        self._links: dict[str, LinkNotice] = {}

    async def emit(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event, Reading):
                self._first.setdefault((event.machine, event.signal), event)
            elif isinstance(event, LinkNotice):
                self._links[event.machine] = event
        if self._due <= self._first.keys():
            self.whole.set()

    def verdicts(self, machine: str, signals: Mapping[str, str], failure: BaseException | None) -> list[Verdict]:
        link = self._links.get(machine)
        heard = any((machine, signal) in self._first for signal in signals)
        if not heard and (failure is not None or (link is not None and not link.up)):
            problem = link.reason if link is not None and not link.up else f"failed: {failure}"
            return [Verdict(machine, ENDPOINT, "", ok=False, problem=problem)]
        return [_judge(machine, signal, place, self._first.get((machine, signal))) for signal, place in signals.items()]


def _judge(machine: str, signal: str, place: str, reading: Reading | None) -> Verdict:
    if reading is None:
        advice = "let the machine change it while you look, or correct where the profile looks for it"
        return Verdict(machine, signal, place, ok=False, problem="said nothing while we listened", advice=advice)
    problem = "has no value now" if reading.quality is Quality.BAD else None
    return Verdict(
        machine,
        signal,
        place,
        ok=problem is None,
        type=type(reading.value).__name__,
        value=reading.value,
        quality=reading.quality,
        problem=problem,
        advice="look at the machine: its own server does not get the value" if problem else None,
    )
