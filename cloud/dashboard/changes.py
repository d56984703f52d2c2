"""Which parts of what is shown an event makes old, and how a newer answer about a past joins the older one."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from pydantic import ValidationError

from cloud.booking.wire import Booking
from cloud.dashboard.model import NOTHING_SEEN, Plant
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


def told(plant: Plant, data: Mapping[str, object], at: datetime) -> Plant | None:
    """The plant as an event `machine.state` says that it is now; None where the event does not say enough.

    What the event leaves open (the quality of the value) is taken for good until the state is read.
    """
    machine = next((one for one in plant.machines if one.id == data.get("machine_id")), None)
    known = plant.states.get(machine.id, NOTHING_SEEN) if machine else NOTHING_SEEN
    try:
        told_band = {"start": data["at"], **{name: data[name] for name in ("state", "mode", "origin")}}
        band = StateBand.model_validate({**told_band, "end": None, "quality": "good"})
    except (KeyError, ValidationError):
        return None
    last = known.items[-1] if known.items else None
    if machine is None or (last and last.start > band.start):
        return None
    changed = machine.model_copy(
        update={"state": band.state, "mode": band.mode, "origin": band.origin, "state_since": band.start}
        | {"fresh": True, "last_receipt_at": max(at, machine.last_receipt_at or at)}
    )
    return replace(
        plant,
        seen=max(plant.seen, at),
        machines=tuple(changed if one.id == changed.id else one for one in plant.machines),
        states={**plant.states, machine.id: States(items=(*_until(known.items, band.start), band), gaps=known.gaps)},
    )


def _until(items: tuple[StateBand, ...], moment: datetime) -> tuple[StateBand, ...]:
    """The bands before that moment, the last of which ends then at the latest."""
    before = [piece for piece in items if piece.start < moment]
    if before and (before[-1].end is None or before[-1].end > moment):
        before[-1] = before[-1].model_copy(update={"end": moment})
    return tuple(before)


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
