"""The life of a job order on a machine, as OPC 10031-4 has it: states, moves, return codes, and what is ordered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from gateway.errors import ThirdshiftError
from gateway.messages import Order


class JobState(StrEnum):
    """Top-level states of a job order (OPC 10031-4, ISA95JobOrderReceiverObjectType)."""

    NOT_ALLOWED_TO_START = "NotAllowedToStart"
    ALLOWED_TO_START = "AllowedToStart"
    RUNNING = "Running"
    INTERRUPTED = "Interrupted"
    ENDED = "Ended"
    ABORTED = "Aborted"


NUMBER: dict[JobState, int] = {state: number for number, state in enumerate(JobState, start=1)}
"""The StateNumber of each state in the published nodeset."""
STATE: dict[int, JobState] = {number: state for state, number in NUMBER.items()}

WAITING = frozenset({JobState.NOT_ALLOWED_TO_START, JobState.ALLOWED_TO_START})
FINISHED = frozenset({JobState.ENDED, JobState.ABORTED})


class Move(StrEnum):
    """What moves a job: methods of the receiver, and the machine itself (`run`, `interrupt`, `finish`)."""

    START = "Start"
    REVOKE_START = "RevokeStart"
    STOP = "Stop"
    PAUSE = "Pause"
    RESUME = "Resume"
    ABORT = "Abort"
    RUN = "run"
    INTERRUPT = "interrupt"
    FINISH = "finish"


MOVES: dict[JobState, dict[Move, JobState]] = {
    JobState.NOT_ALLOWED_TO_START: {Move.START: JobState.ALLOWED_TO_START, Move.ABORT: JobState.ABORTED},
    JobState.ALLOWED_TO_START: {
        Move.REVOKE_START: JobState.NOT_ALLOWED_TO_START,
        Move.RUN: JobState.RUNNING,
        Move.ABORT: JobState.ABORTED,
    },
    JobState.RUNNING: {
        Move.PAUSE: JobState.INTERRUPTED,
        Move.INTERRUPT: JobState.INTERRUPTED,
        Move.STOP: JobState.ENDED,
        Move.FINISH: JobState.ENDED,
        Move.ABORT: JobState.ABORTED,
    },
    JobState.INTERRUPTED: {
        Move.RESUME: JobState.RUNNING,
        Move.STOP: JobState.ENDED,
        Move.ABORT: JobState.ABORTED,
    },
    JobState.ENDED: {},
    JobState.ABORTED: {},
}
"""OPC 10031-4, the state machine of a job order. Cancel removes a waiting job, Clear a finished one."""


class IllegalMove(ThirdshiftError):
    """A move that the job's state does not allow; nothing changed."""

    code = "job.illegal_move"


def moved(state: JobState, move: Move) -> JobState:
    """The state after the move. Raises IllegalMove."""
    if move not in MOVES[state]:
        msg = f"a job that is {state} cannot {move}; it can {', '.join(MOVES[state]) or 'only be cleared'}"
        raise IllegalMove(msg)
    return MOVES[state][move]


RETURN_BITS: dict[int, str] = {
    1: "unknown job order",
    2: "invalid command",
    3: "not possible in the job's state",
    4: "unable to accept job orders",
    32: "invalid request",
}
"""Bits of ReturnStatus other than 0, which means no error (OPC 10031-4, B.2; bit 2 only in its first version)."""
NO_ERROR = 1


def faults(status: int) -> tuple[str, ...]:
    """What a ReturnStatus complains of; nothing for success. A bare 0, which some servers mean as success, is one."""
    bits = [bit for bit in range(1, 64) if status >> bit & 1]
    return tuple(RETURN_BITS.get(bit, f"the machine's own code {bit}") for bit in bits)


Parameter = float | int | str


@dataclass(frozen=True, slots=True)
class JobOrder:
    """What a machine is asked to do. `quantity` in pieces; `parameters` belong to the work master."""

    id: str
    work_master: str
    start: datetime
    end: datetime
    quantity: int
    material: str | None = None
    parameters: Mapping[str, Parameter] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class JobResponse:
    """What became of it so far. Times are the machine's own; None where it gave none."""

    id: str
    state: JobState
    started: datetime | None
    ended: datetime | None
    good_quantity: int


@dataclass(frozen=True, slots=True)
class ListedJob:
    """A job in a machine's list, whoever put it there. `runs`: pieces to make, where it says so."""

    id: str
    start: datetime
    end: datetime
    state: JobState
    runs: int | None = None


def job_id(order: Order) -> str:
    """The job's id on the machine: another revision is another job."""
    return f"{order.booking}-{order.revision}"


def job_order(order: Order) -> JobOrder:
    """An order from the registry as the job that the machine gets."""
    return JobOrder(
        id=job_id(order),
        work_master=order.work_master,
        start=order.start,
        end=order.end,
        quantity=order.quantity,
        material=order.material,
        parameters=dict(order.parameters),
    )
