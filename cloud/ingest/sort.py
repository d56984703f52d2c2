"""Decides, without touching anything, what a batch of deliveries is and which of it must be parked."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from cloud.ingest.model import About, Batch, Delivery, Known, Numbered, Parked, named
from gateway.errors import MessageRefused
from gateway.messages import (
    STREAM,
    Announce,
    GapNotice,
    JobReport,
    OrderAnswer,
    Samples,
    StateChange,
    Statement,
    Stream,
    Telemetry,
    Up,
    decode_up,
)

_SHELF: dict[type[Up], str] = {
    Announce: "announces",
    Statement: "controls",
    OrderAnswer: "controls",
    JobReport: "controls",
    StateChange: "changes",
    GapNotice: "gaps",
    Samples: "samples",
    Telemetry: "samples",
}


def sort(deliveries: Iterable[Delivery]) -> Batch:
    """Each delivery decoded and on its shelf; what the contract or the stream does not admit is parked."""
    shelves: dict[str, list[Any]] = defaultdict(list)
    for delivery in deliveries:
        found = _decode(delivery)
        shelf = "parked" if isinstance(found, Parked) else _SHELF[type(found.message)]
        shelves[shelf].append(found)
    return Batch(**{shelf: tuple(found) for shelf, found in shelves.items()})


def admit(batch: Batch, known: Known) -> Batch:
    """The batch without what speaks of a machine that another agent speaks for: that is parked."""

    def ours(each: Numbered[About]) -> bool:
        return known[named(each)].agent == each.delivery.agent.id

    foreign = [bound_elsewhere(each.delivery, each.message.machine) for each in batch.told if not ours(each)]
    return Batch(
        batch.announces,
        tuple(each for each in batch.controls if ours(each)),
        tuple(each for each in batch.changes if ours(each)),
        tuple(each for each in batch.gaps if ours(each)),
        tuple(each for each in batch.samples if ours(each)),
        (*batch.parked, *foreign),
    )


def bound_elsewhere(delivery: Delivery, machine: str) -> Parked:
    """The parking of a message about a machine that another agent of the enterprise announced first."""
    reason = (
        f"machine {machine} is bound to another agent of this enterprise; "
        "rename it in this agent's configuration, or retire it at the other"
    )
    return Parked(delivery, "machine.bound_elsewhere", reason)


def _decode(delivery: Delivery) -> Numbered[Up] | Parked:
    try:
        message = decode_up(delivery.payload)
    except MessageRefused as refused:
        return Parked(delivery, refused.code, str(refused))
    due = STREAM[type(message)]
    if delivery.stream not in ({due, Stream.BACKFILL} if due is Stream.TELEMETRY else {due}):
        return Parked(delivery, "message.stream", f"a {message.kind} does not travel on stream {delivery.stream}")
    return Numbered(delivery, message)
