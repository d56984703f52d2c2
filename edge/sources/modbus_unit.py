"""One Modbus unit: what is due when, what its answers say, and which single signals it refuses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from edge.reading import Reading
from edge.sources.modbus_plan import Request, Want
from edge.sources.modbus_signal import FUNCTIONS
from gateway.machine import Quality

REPEAT = 60.0
"""Real seconds after which an unchanged value is told again; at half of `staleness`, where a signal has one."""

REFUSED_PAUSE = 60.0
"""Real seconds before a signal that the unit refused is asked for again."""

ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE = 1, 2, 3
GATEWAY_PATH, GATEWAY_TARGET = 10, 11
"""Exception codes (Modbus Application Protocol 1.1b3, 7)."""

FOR_GOOD = {ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE}
"""Refusals that asking again does not mend."""

MINE = {ILLEGAL_ADDRESS, ILLEGAL_VALUE, ILLEGAL_FUNCTION, 4}
"""Answers that may be meant for one of several signals; some servers call a hole in their table a failure (4)."""

FAR_AWAY = {GATEWAY_PATH, GATEWAY_TARGET}
"""Answers of a gateway whose unit is not there."""

_KINDS = {"coil": "coil", "discrete": "discrete input", "holding": "holding register", "input": "input register"}
_CODES: Mapping[int, str] = {
    4: "a fault of the unit while it answered",
    5: "it needs long for that",
    6: "it is busy",
    8: "a parity error in its memory",
}


@dataclass(frozen=True, slots=True)
class Trouble:
    """A signal that cannot be read: why, and what to do."""

    want: Want
    problem: str
    advice: str


@dataclass
class Unit:
    """The requests of one unit id, and what they last brought. Times are real seconds (monotonic)."""

    number: int
    requests: list[Request]
    _due: dict[Request, float] = field(default_factory=dict, init=False)
    _told: dict[tuple[str, str], tuple[object, float]] = field(default_factory=dict, init=False)

    def due(self, now: float) -> list[Request]:
        """The requests whose time has come."""
        return [request for request in self.requests if self._due.get(request, 0.0) <= now]

    def next_due(self) -> float:
        """When the next request is due."""
        return min((self._due.get(request, 0.0) for request in self.requests), default=float("inf"))

    def asked(self, request: Request, now: float) -> None:
        """It will be due again one pace later; a round that came late is not made up for."""
        self._due[request] = now + request.poll.total_seconds()

    def heard(self, request: Request, words: Sequence[int | bool], at: datetime, now: float) -> list[Reading]:
        """Readings of what changed, and of what was not told for long."""
        found = []
        for want, value in request.values(words):
            if self._news(want, value, now):
                found.append(Reading(want.machine, want.name, value, None, at))
        return found

    def refused(self, request: Request, code: int, at: datetime, now: float) -> tuple[list[Reading], list[Trouble]]:
        """An exception's consequence: one that names several signals is asked for them one by one from now on."""
        if len(request.wants) > 1 and code in MINE:
            self.requests.remove(request)
            self.requests += request.alone()
            return [], []
        if code in FOR_GOOD:
            self._due[request] = now + REFUSED_PAUSE
        troubles = [
            Trouble(want, *explain(want, code)) for want in request.wants if self._news(want, ("refused", code), now)
        ]
        return [Reading(each.want.machine, each.want.name, None, None, at, Quality.BAD) for each in troubles], troubles

    def forget(self) -> None:
        """After an outage everything is due, and news."""
        self._due.clear()
        self._told.clear()

    def _news(self, want: Want, value: object, now: float) -> bool:
        key = (want.machine, want.name)
        before = self._told.get(key)
        stale = want.signal.staleness
        repeat = min(REPEAT, stale.total_seconds() / 2) if stale else REPEAT
        if before is not None and _same(before[0], value) and now - before[1] < repeat:
            return False
        self._told[key] = (value, now)
        return True


def _same(one: object, other: object) -> bool:
    """Equal, of one type; a NaN equals itself."""
    return type(one) is type(other) and (one == other or (one != one and other != other))  # noqa: PLR0124


def explain(want: Want, code: int) -> tuple[str, str]:
    """Why the unit refuses this signal, and what to do."""
    signal = want.signal
    kind = _KINDS[signal.table]
    match code:
        case 1:
            function = FUNCTIONS[signal.table]
            return f"the unit has no {kind}s (ILLEGAL FUNCTION {function})", "correct `table`: the manual names it"
        case 2:
            last = signal.address + signal.width - 1
            upto = f" to {last}" if signal.width > 1 else ""
            manual = _manual(signal.table, signal.address)
            return (
                f"the unit has no {kind} {signal.address}{upto} (ILLEGAL DATA ADDRESS)",
                f"correct `table`, or `address`, which counts from 0 (this one is a manual's {manual})",
            )
        case 3:
            return (
                f"the unit does not give {signal.width} words at once (ILLEGAL DATA VALUE)",
                "correct `type` or `length`",
            )
        case _:
            words = _CODES.get(code, "an exception that the standard does not know")
            return (
                f"the unit answers exception {code}: {words}",
                "look at the machine: its own server does not get the value",
            )


def _manual(table: str, address: int) -> str:
    """How manuals number an address: by a leading digit for the table, and from 1."""
    first = {"coil": 0, "discrete": 1, "holding": 4, "input": 3}[table]
    return f"{first}{address + 1:05d}" if address >= 9999 else f"{first}{address + 1:04d}"
