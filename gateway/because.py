"""Why a plant refused an order, why a job came to its end, or nobody saw a machine: as far as others are told."""

from enum import StrEnum


class Because(StrEnum):
    """The only reasons of order answers and job reports that cross the fence; more is in the agent's log and status."""

    MACHINE_UNKNOWN = "machine-unknown"
    ORDERS_OFF = "orders-off"
    TOO_LATE = "too-late"
    WORK_MASTER = "work-master-not-allowed"
    QUANTITY = "quantity-not-allowed"
    PARAMETER = "parameter-not-allowed"
    BOUNDS = "parameter-out-of-bounds"
    NO_JOB_LIST = "no-job-list"
    PLANT_NEEDS = "plant-needs-the-time"
    NO_ROOM = "other-orders-leave-no-room"
    ALREADY_OVER = "already-over"
    CANCELLED = "cancelled"
    REFUSED = "machine-refused"
    ABORTED = "machine-aborted"
    LOST = "machine-lost-the-job"
    UNREACHABLE = "machine-unreachable"
    NOT_STARTED = "not-started-in-time"
    DECLINED = "plant-declined"
    NOT_ANSWERED = "plant-did-not-answer"
    OTHER = "plant-keeps-its-reason"


class Unseen(StrEnum):
    """The only reasons of gaps that cross the fence; hosts, nodes and brokers stay in the agent's log and status."""

    AGENT = "the agent did not run"
    CHANGED = "its config was changed"
    FAULT = "a fault of the agent"
    MACHINE = "the machine was not seen"


def unseen(reason: str) -> str:
    """The reason of a gap, if it is one of these; what else a source may have written stays in."""
    return reason if reason in frozenset(Unseen) else Unseen.MACHINE


def public(reason: str | None) -> str | None:
    """The reason, if it is one of these words; what else a plant may have written stays in."""
    if reason is None or reason in frozenset(Because):
        return reason
    return Because.OTHER
