"""Says what the outbox gives up: once when that begins, with what to do, and once when it is over, with how much."""

from dataclasses import dataclass, field
from pathlib import Path

import structlog

log = structlog.get_logger(__name__)

ADVICE = {
    "dropped": "the registry has taken nothing for long; see whether the broker and the registry can be reached, "
    "or give telemetry more room",
    "expired": "the registry has taken nothing for longer than telemetry is kept",
}


@dataclass
class Notice:
    """For the reasons `dropped` (no room) and `expired` (too old); states and bookings are never given up."""

    path: Path
    _given_up: dict[str, int] = field(default_factory=dict)

    def given_up(self, reason: str, messages: int) -> None:
        """So many messages of telemetry became tombstones."""
        if not messages:
            return
        if reason not in self._given_up:
            log.warning(
                "telemetry given up, oldest first",
                outbox=str(self.path),
                reason=reason,
                messages=messages,
                advice=ADVICE.get(reason, ""),
            )
        self._given_up[reason] = self._given_up.get(reason, 0) + messages

    def eased(self, *, empty: bool) -> None:
        """Much less waits than the bound allows, or (`empty`) nothing at all."""
        for reason in [reason for reason in self._given_up if empty or reason != "expired"]:
            given_up = self._given_up.pop(reason)
            log.info("telemetry is kept again", outbox=str(self.path), reason=reason, given_up=given_up)
