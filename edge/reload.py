"""Takes the agent's config anew while it runs: tried first, then exchanged, and put back whole where that fails."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import structlog

from edge.change import Change
from edge.draft import draft
from edge.errors import FileInvalid
from edge.exchange import exchange
from edge.memory import Memory
from edge.station import Station

log = structlog.get_logger(__name__)

TROUBLE = "config"
"""The name of the trouble that the agent does not run by the file as it is."""


@dataclass(frozen=True)
class Outcome:
    """What became of a reload; where it is not `ok` the old config runs on. `text`: why, a line for each fault."""

    ok: bool
    text: str
    change: Change = field(default_factory=Change)

    def document(self) -> Mapping[str, Any]:
        """For logs and scripts."""
        change = self.change
        parts = {name: list(parts) for name, parts in change.changed.items()}
        lists = {"added": list(change.added), "removed": list(change.removed), "changed": parts}
        return {"ok": self.ok, "text": self.text, **lists}


async def reload(station: Station) -> Outcome:
    """Read the config's file and run by it from now on, or say why not. Raises nothing that a file can cause."""
    async with station.turn:
        outcome = await _outcome(station)
    if outcome.ok:
        station.agent.trouble.goes(TROUBLE)
        log.info("config read again", **outcome.document())
    else:
        # Each asking is answered in the log, also the second one for the same fault.
        log.warning("config not taken, the agent goes on with the one that it had", reason=outcome.text)
        station.agent.trouble.now[TROUBLE] = f"{outcome.text}; the agent goes on with the config that it had"
    return outcome


async def _outcome(station: Station) -> Outcome:
    try:
        found = draft(station)
    except FileInvalid as error:
        return Outcome(False, str(error))
    except Exception as error:
        log.exception("config not taken for a fault in the program, please report it")
        return Outcome(False, f"{station.path}: {type(error).__name__}: {error}; please report this fault")
    if not found.change:
        return Outcome(True, "nothing differs from what runs")
    memory = Memory.of(station)
    try:
        await exchange(station, found)
    except Exception as error:
        log.exception("config not taken, the old one is put back")
        await memory.restore(station)
        return Outcome(False, f"{station.path}: {type(error).__name__}: {error}; everything is as it was before")
    return Outcome(True, said(found.change), found.change)


def said(change: Change) -> str:
    """The change in a line for people."""
    changed = [f"{name} ({', '.join(parts)})" for name, parts in change.changed.items()]
    told = {"added": change.added, "removed": change.removed, "changed": changed}
    return "; ".join(f"{what} {', '.join(names)}" for what, names in told.items() if names)
