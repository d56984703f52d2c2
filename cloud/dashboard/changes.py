"""Which parts of what is shown an event makes old, and how a newer answer about a past joins the older one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from cloud.booking.wire import Booking
from cloud.registry.model import Gap, StateBand, States


@dataclass(slots=True)
class Stale:
    """What is to be read again. Ids are machines' and bookings'."""

    everything: bool = False
    machines: bool = False
    parked: bool = False
    all_bookings: bool = False
    states: set[str] = field(default_factory=set)
    capacity: set[str] = field(default_factory=set)
    bookings: set[str] = field(default_factory=set)

    def __bool__(self) -> bool:
        flags = self.everything or self.machines or self.parked or self.all_bookings
        return bool(flags or self.states or self.capacity or self.bookings)


def mark(stale: Stale, kind: str, data: Mapping[str, object]) -> None:
    """Mark what the event makes old. An event that names nothing makes all of its kind old."""
    machine, booking = _named(data, "machine_id"), _named(data, "booking_id", "claim_id", "id")
    match kind:
        case "machine.state" if machine:
            stale.machines = True
            stale.states.add(machine)
        case "capacity.changed" if machine:
            stale.machines = True
            stale.capacity.add(machine)
        case "booking.changed" | "hold.changed" if machine and booking:
            stale.capacity.add(machine)
            if booking.startswith("bkg_"):
                stale.bookings.add(booking)
        case "message.parked":
            stale.parked = True
        case "machine.state" | "capacity.changed" | "booking.changed" | "hold.changed":
            stale.everything = True
        case _:
            pass


def _named(data: Mapping[str, object], *names: str) -> str:
    return next((str(data[name]) for name in names if data.get(name)), "")


def resume_from(states: States, default: datetime) -> datetime:
    """From when on a past must be read again: the start of the state that it ended with, or all of it."""
    return max(states.items[-1].start, default) if states.items else default


def joined(old: States, new: States, since: datetime, oldest: datetime) -> States:
    """`new`, which tells all from `since` on, after what `old` told before that; nothing that ended before `oldest`."""
    before = [
        piece if piece.end and piece.end <= since else piece.model_copy(update={"end": since})
        for piece in old.items
        if piece.start < since
    ]
    items = (*before, *(_not_before(piece, since) for piece in new.items if piece.end is None or piece.end > since))
    return States(
        items=tuple(piece for piece in items if piece.end is None or piece.end > oldest),
        gaps=tuple(gap for gap in _gaps(old, new) if gap.end > oldest),
    )


def _not_before(piece: StateBand, since: datetime) -> StateBand:
    return piece if piece.start >= since else piece.model_copy(update={"start": since})


def _gaps(old: States, new: States) -> list[Gap]:
    return sorted({*old.gaps, *new.gaps}, key=lambda gap: gap.start)


def with_bookings(known: tuple[Booking, ...], read: list[Booking]) -> tuple[Booking, ...]:
    """The known bookings, with those read anew in their places or added."""
    newer = {booking.id: booking for booking in read}
    kept = tuple(newer.pop(booking.id, booking) for booking in known)
    return (*kept, *newer.values())
