"""A machine's hours as a value: the model against which histories of holding, booking and changing are told."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Literal

from linear import Op

Kind = Literal[
    "hold", "book", "redeem", "extend", "release", "confirm", "decline", "cancel", "amend", "read", "read hold"
]
LIVE = {"HELD", "REQUESTED", "CONFIRMED"}


@dataclass(frozen=True, slots=True)
class Call:
    """What is asked: of a claim (`id`), or for `quantity` units over [start, end), in whole steps of time."""

    kind: Kind
    id: str = ""
    start: int = 0
    end: int = 0
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class Done:
    """The claim as it was answered."""

    id: str
    state: str
    start: int
    end: int
    quantity: int = 1


@dataclass(frozen=True, slots=True)
class No:
    """A refusal."""

    code: str


@dataclass(frozen=True, slots=True)
class Claim:
    """A claim as the model has it; one that is done with stays, for it may be read."""

    id: str
    state: str
    start: int
    end: int
    quantity: int
    extended: bool = False


State = frozenset[Claim]
Answer = Done | No
History = Op[Call, Answer]


@dataclass(frozen=True)
class Machine:
    """So many units, all offered all the time; whether a booking is confirmed at once."""

    quantity: int = 1
    instant: bool = True
    nobody: State = field(default=frozenset(), init=False)

    def step(self, state: State, op: History) -> Iterator[State]:
        """The state after a call that was answered so; nothing where the model would not have said that."""
        call, known = op.call, {claim.id: claim for claim in state}
        if call.kind in {"hold", "book"}:
            yield from self._take(state, op)
        elif call.id not in known:
            return
        elif call.kind in {"read", "read hold"}:
            if op.answer is None or op.answer == _seen(known[call.id]):
                yield state
        else:
            yield from self._change(state, known, op)

    def fits(self, state: State, start: int, end: int, quantity: int, without: str = "") -> bool:
        taken = [claim for claim in state if claim.state in LIVE and claim.id != without]
        return all(
            sum(claim.quantity for claim in taken if claim.start <= moment < claim.end) + quantity <= self.quantity
            for moment in range(start, end)
        )

    def _take(self, state: State, op: History) -> Iterator[State]:
        call = op.call
        room = self.fits(state, call.start, call.end, call.quantity)
        becomes = "HELD" if call.kind == "hold" else "CONFIRMED" if self.instant else "REQUESTED"
        match op.answer:
            case Done(id=id) if room and all(claim.id != id for claim in state):
                new = Claim(id, becomes, call.start, call.end, call.quantity)
                if _seen(new) == op.answer:
                    yield state | {new}
            case No(code="capacity.insufficient") if not room:
                yield state
            case None if room:
                yield state | {Claim(f"unheard of {op.start}", becomes, call.start, call.end, call.quantity)}
            case _:
                return

    def _change(self, state: State, known: Mapping[str, Claim], op: History) -> Iterator[State]:
        claim = known[op.call.id]
        told = getattr(self, "_" + op.call.kind)(state, claim, op.call)
        if isinstance(told, No):
            if told == op.answer or op.answer is None:
                yield state
            return
        after = next(iter(told))
        if op.call.kind == "redeem":
            name = op.answer.id if isinstance(op.answer, Done) else f"unheard of {op.start}"
            after, told = replace(after, id=name), {replace(after, id=name), replace(claim, state="CONSUMED")}
        if op.answer in {None, _seen(after)} and (op.call.kind != "redeem" or after.id not in known):
            yield state - {claim} | told

    def _redeem(self, _: State, claim: Claim, __: Call) -> set[Claim] | No:
        booked = replace(claim, state="CONFIRMED" if self.instant else "REQUESTED", extended=False)
        return {booked} if claim.state == "HELD" else No("claim.state")

    def _extend(self, _: State, claim: Claim, __: Call) -> set[Claim] | No:
        if claim.state != "HELD":
            return No("claim.state")
        return No("hold.extended") if claim.extended else {replace(claim, extended=True)}

    def _release(self, _: State, claim: Claim, __: Call) -> set[Claim] | No:
        if claim.state == "CONSUMED":
            return No("claim.state")
        return {replace(claim, state="CANCELLED")}

    def _confirm(self, _: State, claim: Claim, __: Call) -> set[Claim] | No:
        return {replace(claim, state="CONFIRMED")} if claim.state == "REQUESTED" else No("claim.state")

    def _decline(self, _: State, claim: Claim, __: Call) -> set[Claim] | No:
        return {replace(claim, state="DECLINED")} if claim.state == "REQUESTED" else No("claim.state")

    def _cancel(self, _: State, claim: Claim, __: Call) -> set[Claim] | No:
        alive = claim.state in {"REQUESTED", "CONFIRMED"}
        return {replace(claim, state="CANCELLED")} if alive else No("claim.state")

    def _amend(self, state: State, claim: Claim, call: Call) -> set[Claim] | No:
        if claim.state not in {"REQUESTED", "CONFIRMED"}:
            return No("claim.state")
        less = claim.start <= call.start and call.end <= claim.end and call.quantity <= claim.quantity
        if not less and not self.instant and claim.state == "CONFIRMED":
            return No("booking.needs_provider")
        if not less and not self.fits(state, call.start, call.end, call.quantity, claim.id):
            return No("capacity.insufficient")
        return {replace(claim, start=call.start, end=call.end, quantity=call.quantity)}


def _seen(claim: Claim) -> Done:
    return Done(claim.id, claim.state, claim.start, claim.end, claim.quantity)
