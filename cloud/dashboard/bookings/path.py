"""The states of a booking as a line: those that it entered, with times and who brought it there, and those to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

from cloud.booking.model import State
from cloud.booking.wire import Booking
from cloud.dashboard.when import When
from cloud.dashboard.words import Words

S = State

USUAL = (S.REQUESTED, S.CONFIRMED, S.DISPATCHED, S.RUNNING, S.COMPLETED, S.METERED, S.SETTLED)
"""How it goes when all goes well."""

_BY = {
    S.REQUESTED: "booker",
    S.DISPATCHED: "plant",
    S.RUNNING: "machine",
    S.COMPLETED: "machine",
    S.ABORTED: "machine",
    S.NO_SHOW: "machine",
    S.METERED: "registry",
    S.EXPIRED: "registry",
    S.DECLINED: "provider",
    S.DISPLACED: "plant",
    S.UNDELIVERABLE: "registry",
    S.CANCELLED: "side",
    S.DISPUTED: "side",
    S.SETTLED: "sides",
}


@dataclass(frozen=True, slots=True)
class Step:
    """A state: when it was entered (None: still to come), and by whom (an entry `bookings.by.…` of the dictionary)."""

    state: State
    at: datetime | None
    by: str
    reason: str


def steps(one: Booking) -> list[Step]:
    """The way that it went, and where it goes from there if all goes well."""
    found = [Step(each.state, each.at, _by(one, number), each.reason or "") for number, each in enumerate(one.history)]
    return [*found, *(Step(state, None, "", "") for state in _ahead(one.state))]


def _ahead(state: State) -> Sequence[State]:
    if state in USUAL:
        return USUAL[USUAL.index(state) + 1 :]
    if state in {S.ABORTED, S.NO_SHOW}:
        return USUAL[-2:]
    return USUAL[-1:] if state is S.DISPUTED else ()


def _by(one: Booking, number: int) -> str:
    """Who brought it there, as far as the state tells."""
    state = one.history[number].state
    if state is S.CONFIRMED:
        before = one.history[number - 1].state if number else None
        return {None: "booker", S.REQUESTED: "provider"}.get(before, "change")
    return _BY.get(state, "registry")


def path_html(one: Booking, when: When) -> str:
    """The inside of an `<ol>`."""
    made = steps(one)
    now = sum(1 for step in made if step.at) - 1
    return "".join(_step(step, number, now, when) for number, step in enumerate(made))


def _step(step: Step, number: int, now: int, when: When) -> str:
    words = when.words
    state = "past" if number < now else "here" if number == now else "ahead"
    current = ' aria-current="step"' if state == "here" else ""
    name = f"<strong>{escape(words.term('booking', step.state))}</strong>"
    if step.at is None:
        return f'<li class="{state}"><i></i>{name}<small>{escape(words("bookings.to_come"))}</small></li>'
    who = words(f"bookings.entered.{step.by}")
    reason = f"<em>{escape(_why(step.reason, words))}</em>" if step.reason else ""
    time = f'<time datetime="{step.at.isoformat()}">{escape(when.moment(step.at))}</time>'
    bad = " bad" if step.state not in USUAL else ""
    return f'<li class="{state}{bad}"{current}><i></i>{name}{time}<small>{escape(who)}</small>{reason}</li>'


def _why(reason: str, words: Words) -> str:
    """What the registry itself gives as a reason, in the page's language; what a person wrote stays as it is."""
    key = REASONS.get(reason)
    return words(f"bookings.why.{key}") if key else words.term("reason", reason)


REASONS = {
    "nothing was heard of the machine lately": "stale",
    "the plant's statement is past its lease": "lease",
    "the provider confirms each booking of this service": "asked",
    "amended": "amended",
    "moved elsewhere": "moved",
    "takes the place of another booking": "heals",
    "nobody said no in time": "lapsed",
    "not all of the bundle fits": "bundle",
    "expired": "expired",
    "the dispute was settled": "dispute",
}
"""As cloud/booking/sql says them."""
