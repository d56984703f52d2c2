"""Where the registry's messages go that cannot be judged: kept, counted, and dropped when they are old."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import structlog

from edge.archive import ARRIVED, PARKED, Archive, Parked
from edge.post import Letter
from edge.trouble import Trouble
from gateway.clock import Clock
from gateway.outbox import OutboxUnavailable

log = structlog.get_logger(__name__)


@dataclass
class Parking:
    """`send` puts letters into the outbox and says whether they are in."""

    archive: Archive
    clock: Clock
    send: Callable[[Sequence[Letter]], bool]
    trouble: Trouble
    parked: Mapping[str, Parked] = field(default_factory=dict)

    def park(self, name: str, payload: bytes, why: str) -> bool:
        """Set aside what arrived under this name."""
        parked = Parked(at=self.clock.now(), why=why, payload=payload.decode(errors="replace"))
        documents = {(PARKED, name): parked.model_dump_json().encode()}
        if not self.send([Letter(documents=documents, removed=((ARRIVED, name),))]):
            return False
        self.parked = {**self.parked, name: parked}
        self._say()
        return True

    def tidy(self) -> None:
        """Drop what was over long ago, orders too, and count what is parked."""
        try:
            self.send([self.archive.old(self.clock.now())])
            self.parked = self.archive.parked()
        except OutboxUnavailable as error:
            log.warning("nothing is tidied up now", reason=str(error))
            return
        self._say()

    def status(self) -> list[Mapping[str, Any]]:
        return [{"at": each.at.isoformat(), "why": each.why} for each in self.parked.values()]

    def _say(self) -> None:
        if self.parked:
            last = max(self.parked.values(), key=lambda each: each.at)
            reason = f"{len(self.parked)} of the registry's messages could not be judged and were set aside: {last.why}"
            self.trouble.comes("orders", reason)
        else:
            self.trouble.goes("orders")
