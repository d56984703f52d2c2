"""Why an hour of a machine is for sale or is not: what plant and registry said of it, as a list of causes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cloud.registry.model import Capacity, CapacityPiece, Machine, Service
from gateway.span import Span, difference


@dataclass(frozen=True, slots=True)
class Cause:
    """An entry `machine.why.<code>` of the dictionary and its values; `against`: it keeps the hour from being sold."""

    code: str
    against: bool = True
    values: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """For sale where `services` are not empty: those that sell the hour now. The causes, weightiest first."""

    at: datetime
    causes: tuple[Cause, ...]
    services: tuple[Service, ...] = ()


def explain(machine: Machine, capacity: Capacity, services: Iterable[Service], at: datetime, now: datetime) -> Answer:
    """What stands against selling the instant `at`, as `capacity` (which must hold it) says."""
    if at < now:
        return Answer(at, (Cause("over"), *_said(machine, capacity, at)))
    if not capacity.version:
        return Answer(at, (Cause("no_statement"),))
    causes = [*_said(machine, capacity, at), *_doubts(machine, capacity, now)]
    free = [(span, piece) for span, piece in _free(machine, capacity, at)]
    if not free:
        return Answer(at, tuple(sorted(causes, key=lambda cause: not cause.against)))
    mine = [service for service in services if machine.id in service.machine_ids and service.active]
    if not mine:
        causes.append(Cause("no_service"))
    refusals = {service.id: list(_refusals(service, free, at, now)) for service in mine}
    causes += [cause for found in refusals.values() for cause in found]
    selling = tuple(service for service in mine if not refusals[service.id])
    return Answer(at, tuple(sorted(causes, key=lambda cause: not cause.against)), selling)


def _said(machine: Machine, capacity: Capacity, at: datetime) -> Iterable[Cause]:
    here = [piece for piece in capacity.spans if piece.start <= at < piece.end and piece.quantity]
    if not here:
        yield Cause("not_said")
    for piece in here:
        told = {
            "quantity": piece.quantity,
            "of": machine.quantity,
            "reason": piece.reason,
            "detail": piece.detail or "",
            "start": piece.start,
            "end": piece.end,
            "confidence": int(piece.confidence),
            "said_at": piece.said_at,
        }
        yield Cause(piece.type.lower(), piece.type != "Available", told)
    for claim in capacity.claims:
        if claim.start <= at < claim.end:
            told = {
                "id": claim.id,
                "state": claim.state,
                "quantity": claim.quantity,
                "start": claim.start,
                "end": claim.end,
            }
            yield Cause("claim", against=True, values=told)


def _doubts(machine: Machine, capacity: Capacity, now: datetime) -> Iterable[Cause]:
    """What makes an instant booking a request."""
    if not machine.fresh:
        yield Cause("silent", against=False, values={"since": machine.last_receipt_at})
    if capacity.valid_until and capacity.valid_until <= now:
        yield Cause("lapsed", against=False, values={"until": capacity.valid_until})


def _free(machine: Machine, capacity: Capacity, at: datetime) -> list[tuple[Span, CapacityPiece]]:
    """The stretches around the instant of which something is left, with what was offered there."""
    taken = sum(claim.quantity for claim in capacity.claims if claim.start <= at < claim.end)
    here = [piece for piece in capacity.spans if piece.type == "Available" and piece.start <= at < piece.end]
    if sum(piece.quantity for piece in here) <= taken:
        return []
    claims = [Span(claim.start, claim.end) for claim in capacity.claims] if machine.quantity == 1 else []
    offers = _stretches(capacity.spans)
    return [
        (span, piece)
        for piece in here
        for stretch in offers
        for span in difference([stretch], claims)
        if span.start <= at < span.end
    ][: len(here)]


def _stretches(pieces: Sequence[CapacityPiece]) -> list[Span]:
    """What is available without a break, whatever its confidence."""
    found: list[Span] = []
    for piece in sorted(
        (piece for piece in pieces if piece.type == "Available" and piece.quantity), key=lambda p: p.start
    ):
        if found and piece.start <= found[-1].end:
            found[-1] = Span(found[-1].start, max(found[-1].end, piece.end))
        else:
            found.append(Span(piece.start, piece.end))
    return found


def _refusals(
    service: Service, free: Sequence[tuple[Span, CapacityPiece]], at: datetime, now: datetime
) -> Iterable[Cause]:
    surest = max(piece.confidence for _, piece in free)
    longest = max(span.duration for span, _ in free)
    if surest < service.min_confidence:
        told = {"service": service.name, "wanted": int(service.min_confidence), "confidence": int(surest)}
        yield Cause("confidence", values=told)
    if at < now + service.notice:
        yield Cause("notice", values={"service": service.name, "notice": service.notice, "from": now + service.notice})
    if longest < max(service.min_duration, timedelta(0)):
        told = {"service": service.name, "wanted": service.min_duration, "length": longest}
        yield Cause("too_short", values=told)
