"""A message that reached the door, in words for people: whose it is, what it says, and what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.bridge.judge import Judged, Passed, Reduced, Stopped
from gateway.messages import (
    Announce,
    GapNotice,
    JobReport,
    Message,
    OrderAnswer,
    Samples,
    StateChange,
    Statement,
    Telemetry,
    Up,
)


@dataclass(frozen=True, slots=True)
class Account:
    """One message in words. `verdict`: crosses, reduced or stays; `why` says what is kept back; `size` in bytes."""

    agent: str
    machine: str
    kind: str
    what: str
    size: int
    verdict: str
    why: str
    stream: str
    epoch: int
    seq: int

    @property
    def case(self) -> tuple[str, str, str, str]:
        """What makes two messages the same news."""
        return self.agent, self.machine, self.kind, self.why


def account(agent: str, judged: Judged) -> Account:
    """What the door has to say of a message."""
    verdict, message = judged.verdict, judged.verdict.message
    machine = str(getattr(message, "machine", ""))
    kind = message.kind if message else ("given up" if isinstance(verdict, Passed) else "unreadable")
    what = _WORDS[type(message)](message) if message else ""
    word, why = _verdict(judged)
    return Account(agent, machine, kind, what, verdict.size, word, why, str(judged.stream), *judged.point)


def _verdict(judged: Judged) -> tuple[str, str]:
    match judged.verdict:
        case Passed(why=why):
            return "crosses", why
        case Reduced(message=message):
            return "reduced", _less(message)
        case Stopped(why=why):
            return "stays", why


def _less(message: Up) -> str:
    match message:
        case Statement(machine=machine):
            return f"disclosure of {machine} shows its hours less finely"
        case Telemetry(machine=machine):
            return f"disclosure of {machine} does not name all of these signals"
        case Announce():
            return "the disclosure does not name all signals whose units are told"
        case _:
            return "the plant's own words for the reason stay in"


def _telemetry(message: Telemetry) -> str:
    names = [column.signal for column in message.columns]
    shown = ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")
    return f"{shown}; {sum(len(column.values) for column in message.columns)} values"


def _introduced(machine: Announce.Machine) -> str:
    units = ", ".join(f"{signal} in {unit}" for signal, unit in sorted((machine.units or {}).items()))
    return f"{machine.name} ({units})" if units else machine.name


_WORDS: Mapping[type[Message], Callable[[Any], str]] = {
    Announce: lambda said: "; ".join(map(_introduced, said.machines)),
    Statement: lambda said: f"version {said.version}, {_from_to(said)}, {len(said.spans)} spans",
    StateChange: lambda said: f"{said.state}, {said.mode} since {said.at:%Y-%m-%d %H:%M:%S}",
    GapNotice: lambda said: f"{_from_to(said)}: {said.reason}",
    Samples: lambda said: f"{said.signal}; {len(said.values)} values",
    Telemetry: _telemetry,
    OrderAnswer: lambda said: f"{said.booking} {said.answer}",
    JobReport: lambda said: f"{said.booking} {said.event}",
}


def _from_to(said: Statement | GapNotice) -> str:
    return f"{said.start:%Y-%m-%d %H:%M} to {said.end:%Y-%m-%d %H:%M}"
