"""Which time is looked at: a range that ends a little after now and moves on with it, or a piece of history."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.span import Span

RANGES: Mapping[str, timedelta] = {
    "8h": timedelta(hours=8),
    "24h": timedelta(hours=24),
    "7d": timedelta(days=7),
    "30d": timedelta(days=30),
    "1y": timedelta(days=365),
}
FIRST = "24h"

AHEAD = timedelta(days=7)
"""As far ahead a range shows at most what is offered; a short one as far as it reaches back."""

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=366)
PIECES = 1500
"""About so many pieces a lane: more than a wide screen has pixels for."""


@dataclass(frozen=True, slots=True)
class Look:
    """`range` is a name of RANGES while the window moves on with time; otherwise `window` stays."""

    range: str | None
    window: Span

    @property
    def live(self) -> bool:
        return self.range is not None

    def at(self, now: datetime) -> "Look":
        """The same, as time went on."""
        return ranged(self.range, now) if self.range else self


def ranged(name: str, now: datetime) -> Look:
    """The range of that name, around now; of an unknown name the usual one. Its edges are on a grid of pixels."""
    known = name if name in RANGES else FIRST
    back = RANGES[known]
    grid = max(timedelta(seconds=1), back / PIECES)
    end = _up(now, grid) + min(back, AHEAD)
    return Look(known, Span(_up(now, grid) - back, end))


def picked(start: datetime, end: datetime) -> Look:
    """A window that somebody chose, made neither too short nor too long; the middle stays."""
    length = min(max(end - start, SHORTEST), LONGEST)
    middle = start + (end - start) / 2
    return Look(None, Span(middle - length / 2, middle + length / 2))


def asked(query: Mapping[str, str], now: datetime) -> Look:
    """What an address asks for: `start` and `end` (RFC 3339), or `range`."""
    start, end = (_moment(query.get(name, "")) for name in ("start", "end"))
    if start and end and start < end:
        return picked(start, end)
    return ranged(query.get("range", FIRST), now)


def query(look: Look) -> str:
    """The query of an address that shows the same."""
    if look.range:
        return f"range={look.range}"
    start, end = (edge.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") for edge in (look.window.start, look.window.end))
    return f"start={start}&end={end}"


def _up(at: datetime, grid: timedelta) -> datetime:
    over = (at - datetime(1970, 1, 1, tzinfo=UTC)) % grid
    return at - over + grid if over else at


def _moment(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)
