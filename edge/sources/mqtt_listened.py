"""Tries machines behind a broker for `edge check`: what they say, what is wrong with it, and what else is published."""

import asyncio
import difflib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace

from edge.listen import PATIENCE, Wanted, listen
from edge.sources.mqtt_connection import BrokerSource
from edge.sources.mqtt_hearing import Note
from edge.verdict import ENDPOINT, Verdict
from gateway.mqtt import MqttClient, MqttSettings

SILENT = "said nothing while we listened"
"""What `listen` finds of a signal of which nothing came."""

LOOK = 2.0
"""Real seconds that are looked for what else is there."""

MOST = 300
"""Topics that are told apart; a plant's broker may have any number."""


async def listened(source: BrokerSource, places: Wanted, everything: str, hint: str = "") -> list[Verdict]:
    """A verdict per signal. `everything`: the filter in which a silent machine's topics are looked for.

    `hint`: what to do about a signal that says nothing where others of its machine do.
    """
    notes: list[Note] = []
    source.note = notes.append
    verdicts = [_told(verdict, notes) for verdict in await listen(source, places, PATIENCE)]
    speaking = {verdict.machine for verdict in verdicts if verdict.ok} if hint else set()
    verdicts = [_hinted(verdict, hint) if verdict.machine in speaking else verdict for verdict in verdicts]
    if not any(map(_silent, verdicts)):
        return verdicts
    there = await _topics(source.settings, everything)
    return [_near(verdict, places, there) if _silent(verdict) else verdict for verdict in verdicts]


def _told(verdict: Verdict, notes: Sequence[Note]) -> Verdict:
    """What the source itself found wrong with a signal says more than that it was bad."""
    for note in sorted(notes, key=lambda note: note.usable):
        if (note.about, note.signal) == (verdict.machine, verdict.signal):
            if note.usable and verdict.ok:
                return replace(verdict, advice=note.text)
            return replace(verdict, ok=False, problem=note.text, advice=None)
    return verdict


def _hinted(verdict: Verdict, hint: str) -> Verdict:
    return replace(verdict, problem=hint, advice=None) if verdict.problem == SILENT else verdict


def _silent(verdict: Verdict) -> bool:
    """Whether to look at what else there is: not where the broker is the trouble, or a value is there."""
    said = verdict.value is not None or (verdict.problem or "").startswith("broker ")
    return not verdict.ok and not said and (verdict.problem in {SILENT, None} or verdict.signal == ENDPOINT)


def _near(verdict: Verdict, places: Wanted, there: list[str] | None) -> Verdict:
    if there is None:
        return verdict
    place = next(iter(places[verdict.machine].values()), "") if verdict.signal == ENDPOINT else verdict.place
    topic = place.split(" ", maxsplit=1)[0]
    if topic in there:
        return verdict
    near = difflib.get_close_matches(topic, there, n=4, cutoff=0.5) or there[:4]
    found = f"published here: {', '.join(near)}" if near else f"nothing at all was published here in {LOOK:g} s"
    return replace(verdict, advice=f"{found}; let the machine publish while you look, or correct its address")


async def _topics(settings: MqttSettings, everything: str) -> list[str] | None:
    """Some of the topics on which something is published, or kept; None where the broker cannot be asked."""
    found: list[str] | None = None
    with suppress(TimeoutError):
        async with MqttClient(replace(settings, client_id=f"{settings.client_id}-look")) as client:
            inbox = client.subscribe(everything)
            async with asyncio.timeout(LOOK):
                await client.wait_connected()
                found = []
                async for message in inbox:
                    if message.topic not in found:
                        found.append(message.topic)
                    if len(found) >= MOST:
                        break
    return found
