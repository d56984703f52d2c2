"""The states of a claim and the moves between them: one table, from which the database's own guard is generated."""

from collections.abc import Mapping
from enum import StrEnum

from cloud.errors import IllegalMove


class State(StrEnum):
    """Where a claim stands. A hold (`hld_`) is HELD and ends CONSUMED, when its booking (`bkg_`) takes its place."""

    HELD = "HELD"
    CONSUMED = "CONSUMED"
    REQUESTED = "REQUESTED"
    CONFIRMED = "CONFIRMED"
    DISPATCHED = "DISPATCHED"
    RUNNING = "RUNNING"
    COMPLETED = "COMPLETED"
    METERED = "METERED"
    SETTLED = "SETTLED"
    EXPIRED = "EXPIRED"
    DECLINED = "DECLINED"
    CANCELLED = "CANCELLED"
    DISPLACED = "DISPLACED"
    UNDELIVERABLE = "UNDELIVERABLE"
    NO_SHOW = "NO_SHOW"
    ABORTED = "ABORTED"
    DISPUTED = "DISPUTED"


S = State

TRANSITIONS: Mapping[State, frozenset[State]] = {
    S.HELD: frozenset({S.CONSUMED, S.EXPIRED, S.CANCELLED}),
    S.REQUESTED: frozenset({S.CONFIRMED, S.DECLINED, S.EXPIRED, S.CANCELLED}),
    S.CONFIRMED: frozenset({S.DISPATCHED, S.CANCELLED, S.DISPLACED, S.UNDELIVERABLE, S.DECLINED}),
    S.DISPATCHED: frozenset(
        {
            S.RUNNING,
            S.COMPLETED,
            S.CANCELLED,
            S.DISPLACED,
            S.UNDELIVERABLE,
            S.NO_SHOW,
            S.ABORTED,
            S.DECLINED,
        }
    ),
    S.RUNNING: frozenset({S.COMPLETED, S.ABORTED, S.CANCELLED}),
    S.COMPLETED: frozenset({S.METERED}),
    S.ABORTED: frozenset({S.METERED}),
    S.NO_SHOW: frozenset({S.METERED}),
    S.METERED: frozenset({S.SETTLED, S.DISPUTED}),
    S.DISPUTED: frozenset({S.SETTLED}),
    S.CONSUMED: frozenset(),
    S.SETTLED: frozenset(),
    S.EXPIRED: frozenset(),
    S.DECLINED: frozenset(),
    S.CANCELLED: frozenset(),
    S.DISPLACED: frozenset(),
    S.UNDELIVERABLE: frozenset(),
}
"""Every legal move. DISPATCHED means that the edge accepted the order; METERED carries its outcome in the meter."""

INITIAL = frozenset({S.HELD, S.REQUESTED, S.CONFIRMED})
"""The states in which a claim may be born."""

LIVE = frozenset({S.HELD, S.REQUESTED, S.CONFIRMED, S.DISPATCHED, S.RUNNING})
"""The states in which a claim takes its quantity over its span."""

LAPSING = frozenset({S.HELD, S.REQUESTED})
"""The states that end by themselves at `expires_at`: a hold by its TTL, a request when its span begins."""


def move(current: State, target: State) -> State:
    """The target, where the table allows the step. Raises IllegalMove otherwise."""
    if target not in TRANSITIONS[current]:
        allowed = ", ".join(sorted(TRANSITIONS[current])) or "nothing: it is final"
        msg = f"a claim can't go from {current} to {target}; from {current} it may go to {allowed}"
        raise IllegalMove(msg)
    return target
