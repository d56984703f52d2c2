"""Which bookings are shown, in which order, and on which rows of the chart."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal

from cloud.booking.model import LIVE, State
from cloud.booking.wire import Booking
from cloud.dashboard.figures import short
from cloud.dashboard.model import Plant
from cloud.dashboard.words import Words

Group = Literal["all", "open", "asked", "done", "off"]
Role = Literal["all", "booker", "provider"]
By = Literal["machine", "partner"]

OPEN = LIVE - {State.HELD}
DONE = frozenset({State.COMPLETED, State.METERED, State.SETTLED, State.DISPUTED})
GROUPS: Mapping[Group, frozenset[State]] = {
    "all": frozenset(State),
    "open": OPEN,
    "asked": frozenset({State.REQUESTED}),
    "done": DONE,
    "off": frozenset(State) - OPEN - DONE,
}
ROLES: tuple[Role, ...] = ("all", "provider", "booker")


@dataclass(frozen=True, slots=True)
class Filter:
    """What of the bookings is wanted. `text` is looked for in ids, names and work masters."""

    group: Group = "all"
    role: Role = "all"
    at_risk: bool = False
    text: str = ""
    by: By = "machine"

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Filter":
        """As a page's address says it; what it does not say, or says wrong, is as usual."""
        made = cls(text=given.get("text", "")[:100], at_risk=given.get("at_risk") == "1")
        for group in GROUPS:
            made = replace(made, group=group) if given.get("state") == group else made
        for role in ROLES:
            made = replace(made, role=role) if given.get("role") == role else made
        return replace(made, by="partner") if given.get("by") == "partner" else made

    def query(self) -> dict[str, str]:
        """What differs from the usual, for the page's address."""
        told = {"state": self.group, "role": self.role, "text": self.text, "by": self.by}
        usual = {"state": "all", "role": "all", "text": "", "by": "machine"}
        found = {name: value for name, value in told.items() if value != usual[name]}
        return {**found, "at_risk": "1"} if self.at_risk else found


@dataclass(frozen=True, slots=True)
class Names:
    """What machines are called, where that is known: one's own by name, others' by their plant."""

    machines: Mapping[str, str]
    own: str
    words: Words

    @classmethod
    def of(cls, plant: Plant, words: Words) -> "Names":
        return cls({machine.id: machine.name for machine in plant.machines}, plant.enterprise.id, words)

    def machine(self, booking: Booking) -> str:
        """`mill-1`, or `at Donau Precision: mch_…8yza`."""
        if name := self.machines.get(booking.machine_id):
            return name
        return f"{booking.provider_name or short(booking.provider_id)} · {short(booking.machine_id)}"

    def partner(self, booking: Booking) -> str:
        """The other side, or that it is one's own."""
        here = booking.role == "provider"
        name, identity = (
            (booking.booker_name, booking.booker_id) if here else (booking.provider_name, booking.provider_id)
        )
        return self.words("bookings.self") if identity == self.own else name or short(identity)


def chosen(bookings: Iterable[Booking], wanted: Filter, names: Names) -> list[Booking]:
    """Those that are wanted."""
    states, text = GROUPS[wanted.group], wanted.text.casefold()
    return [
        one
        for one in bookings
        if one.state in states
        and wanted.role in {"all", one.role}
        and (not wanted.at_risk or (one.at_risk and one.state in OPEN))
        and (not text or text in _told(one, names))
    ]


def _told(one: Booking, names: Names) -> str:
    parts = (
        one.id,
        one.work.work_master,
        one.work.material or "",
        names.machine(one),
        names.partner(one),
        one.bundle_id,
    )
    return "\n".join(filter(None, parts)).casefold()


def ordered(bookings: Iterable[Booking], now: datetime) -> list[Booking]:
    """What runs or comes first, soonest on top; then what has been, latest on top."""
    every = list(bookings)
    live = sorted((one for one in every if one.state in OPEN), key=lambda one: (one.start, one.id))
    past = sorted((one for one in every if one.state not in OPEN), key=lambda one: (min(one.end, now), one.id))
    return [*live, *reversed(past)]


def queue(bookings: Iterable[Booking]) -> list[Booking]:
    """The requests that wait for this enterprise's word, the first to run out on top."""
    asked = (one for one in bookings if one.state is State.REQUESTED and one.role == "provider")
    return sorted(asked, key=lambda one: (one.expires_at or one.start, one.id))


@dataclass(frozen=True, slots=True)
class Row:
    """A machine or a partner with its bookings, each on a lane of it; those that meet in time lie on different ones."""

    name: str
    first: int
    lanes: int
    bars: tuple[tuple[int, Booking], ...]


def rows(bookings: Sequence[Booking], by: By, names: Names) -> list[Row]:
    """The chart's rows in the order of their names; `first` is the number of the lanes above."""
    groups: dict[str, list[Booking]] = {}
    for one in bookings:
        groups.setdefault(names.machine(one) if by == "machine" else names.partner(one), []).append(one)
    found, first = [], 0
    for name in sorted(groups, key=str.casefold):
        bars = _on_lanes(groups[name])
        lanes = max(lane for lane, _ in bars) + 1
        found.append(Row(name, first, lanes, bars))
        first += lanes
    return found


def _on_lanes(bookings: Sequence[Booking]) -> tuple[tuple[int, Booking], ...]:
    """Each on the lowest lane that is free by then."""
    free: list[datetime] = []
    placed = []
    for one in sorted(bookings, key=lambda each: (each.start, each.end, each.id)):
        lane = next((number for number, until in enumerate(free) if until <= one.start), len(free))
        if lane == len(free):
            free.append(one.end)
        free[lane] = one.end
        placed.append((lane, one))
    return tuple(placed)
