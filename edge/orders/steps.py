"""What to do next for one order: from the record, what the machine says, and the time, to one step. Pure.

The machine is the truth: whatever the record missed (a crash between a call and its note) is read from the job's state.
"""

from dataclasses import dataclass
from datetime import datetime

from edge.orders.admission import OrderMode
from edge.orders.job import FINISHED, WAITING, JobState
from edge.orders.port import Unreachable
from edge.orders.record import Event, OrderRecord, Phase
from gateway.because import Because

MOST_STORES = 3
"""A machine that lost its job list is given the job again, but not for ever: somebody may be deleting it on purpose."""


@dataclass(frozen=True, slots=True)
class Absent:
    """The machine answers, and does not have the job."""


Seen = JobState | Absent | Unreachable


@dataclass(frozen=True, slots=True)
class Ask:
    """Call one method of the machine for this job: Store, Start, Abort, Cancel or Clear."""

    method: str


@dataclass(frozen=True, slots=True)
class Tell:
    """Report an event, with the phase that it leads to; `reason` for everybody, `detail` for the plant."""

    event: Event
    phase: Phase
    reason: Because | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Wait:
    """Nothing to do before `until`, or before the machine's next change (None)."""

    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """Nothing left to do, ever."""


Step = Ask | Tell | Wait | Finished


def next_step(record: OrderRecord, seen: Seen, now: datetime) -> Step:
    """The one next step; to be asked again after each step, until Finished."""
    if record.phase is Phase.DONE:
        return _done(seen)
    match seen:
        case Unreachable():
            return _blind(record, now)
        case Absent():
            return _absent(record, now)
        case JobState():
            return _present(record, seen, now)


def _done(seen: Seen) -> Step:
    """Leave nothing on the machine: neither what is over, nor what somebody could still start."""
    if isinstance(seen, Unreachable):
        return Wait()
    if seen in WAITING:
        return Ask("Cancel")
    return Ask("Clear") if seen in FINISHED else Finished()


def _present(record: OrderRecord, seen: JobState, now: datetime) -> Step:
    if record.phase is Phase.ACCEPTED:
        return Tell("stored", Phase.STORED)
    if seen in WAITING:
        return _waiting(record, seen, now)
    if seen is JobState.ABORTED and record.started is None:
        return _never_ran(record, now, Because.ABORTED)
    if record.phase is Phase.STORED:
        return Tell("started", Phase.RUNNING)
    return _running(record, seen)


def _running(record: OrderRecord, seen: JobState) -> Step:
    if seen is JobState.ENDED:
        return Tell("ended", Phase.DONE)
    if seen is JobState.ABORTED:
        return _ended(record, Because.ABORTED)
    return Ask("Abort") if record.cancelled else Wait()


def _blind(record: OrderRecord, now: datetime) -> Step:
    """No answer. What was never handed over is dropped when it is too late; all else must wait for the machine."""
    if record.phase is not Phase.ACCEPTED or record.stores:
        return Wait()
    if record.cancelled or record.mode is OrderMode.OFF:
        return _never_ran(record, now, Because.CANCELLED)
    if now > record.order.not_after:
        return Tell("no_show", Phase.DONE, Because.UNREACHABLE)
    return Wait(record.order.not_after)


def _absent(record: OrderRecord, now: datetime) -> Step:
    if record.phase is Phase.RUNNING:
        return _ended(record, Because.LOST)
    if record.cancelled or record.mode is OrderMode.OFF or now > record.order.not_after:
        return _never_ran(record, now, Because.NOT_STARTED)
    if record.stores >= MOST_STORES:
        why = record.refusal or "somebody keeps removing the job"
        return Tell("aborted", Phase.DONE, Because.REFUSED, f"handed over {record.stores} times in vain: {why}")
    return Ask("Store")


def _never_ran(record: OrderRecord, now: datetime, otherwise: Because) -> Step:
    """The end of a job that never started, and whose doing it was."""
    if record.cancelled:
        return _ended(record, otherwise)
    if record.mode is OrderMode.OFF:
        return Tell("aborted", Phase.DONE, Because.ORDERS_OFF)
    if now > record.order.not_after:
        reason = Because.REFUSED if record.refusal else Because.NOT_STARTED
        return Tell("no_show", Phase.DONE, reason, record.refusal)
    return _ended(record, otherwise)


def _ended(record: OrderRecord, otherwise: Because) -> Step:
    """Aborted: because the booking was off, if it was."""
    if record.cancelled:
        return Tell("aborted", Phase.DONE, Because.CANCELLED, record.cancelled)
    return Tell("aborted", Phase.DONE, otherwise)


def _waiting(record: OrderRecord, seen: JobState, now: datetime) -> Step:
    """Stored, not running yet. Past `not_after`, or with orders off by now, it is taken back and cannot start."""
    order = record.order
    if record.cancelled or record.mode is OrderMode.OFF or now > order.not_after:
        return Ask("Cancel")
    if record.mode is OrderMode.STORE_AND_START and seen is JobState.NOT_ALLOWED_TO_START:
        return Ask("Start") if now >= order.start else Wait(order.start)
    return Wait(order.not_after)
