"""How far the stream of each machine behind one agent was read, since when one is blind, and what it lacks."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.reading import Cursor, Gap
from edge.sources.mtconnect_follow import OVERRUN, RESTARTED, Place, place_of
from edge.sources.mtconnect_model import Header

UNNUMBERED = "the agent does not number what it says, so nobody knows what was between"


@dataclass
class Progress:
    """`places`: what comes next for each machine that was read. `blind`: since when nothing is known of it, and why.

    `missing`: signals without a data item that were told.
    """

    places: dict[str, Place] = field(default_factory=dict)
    blind: dict[str, tuple[datetime, str]] = field(default_factory=dict)
    missing: set[tuple[str, str]] = field(default_factory=set)

    @staticmethod
    def of(cursors: Mapping[str, str | None]) -> "Progress":
        """What the cursors of an earlier run say."""
        known = {name: place_of(cursor) for name, cursor in cursors.items()}
        return Progress({name: place for name, place in known.items() if place is not None})

    def tear(self, reason: str) -> None:
        """From the known places on something is lost."""
        for name, place in self.places.items():
            self.blind.setdefault(name, (place.known, reason))
        self.places.clear()

    def meet(self, header: Header) -> None:
        """Hold the places against what the agent has now; all are torn if one cannot be gone on from."""
        if any(place.instance != header.instance for place in self.places.values()):
            self.tear(RESTARTED)
        elif header.next is None:
            self.tear(UNNUMBERED)
        elif any(not (header.first or 0) <= place.next <= header.next for place in self.places.values()):
            self.tear(OVERRUN)

    def gaps(self, machines: Sequence[str], now: datetime) -> list[Gap]:
        """What these machines missed; each gap is told once."""
        found = [(name, *self.blind.pop(name)) for name in machines if name in self.blind]
        return [Gap(name, start, now, reason) for name, start, reason in found if start < now]

    def at(self, machines: Iterable[str], place: Place) -> None:
        """These machines are known up to `place`."""
        self.places.update(dict.fromkeys(machines, place))

    def cursors(self, machines: Iterable[str]) -> list[Cursor]:
        return [Cursor(name, str(self.places[name])) for name in machines if name in self.places]
