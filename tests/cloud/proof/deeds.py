"""What may happen to a small market, as Hypothesis rules: what they are done to decides whoever runs them."""

from collections.abc import Callable, Iterable
from datetime import datetime
from itertools import count, product
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule
from pure_claims import MACHINES, QUARTER, SERVICES, WHOLE, at, piece, span_of
from pure_market import Leg, Market, Wait

from cloud.booking.model import State
from gateway.span import Span

Wish = tuple[str, int, int, int]
"""A service, start and length in quarters, and units."""

STARTS, LENGTHS, UNITS = range(14), (1, 2, 2, 3, 4, 8), (1, 1, 1, 2)
NEWEST = (0, 0, 0, 1, 1, 2, 3, 5)
"""Mostly the newest: what is long over teaches little."""


def one_of(*choices: Iterable[Any]) -> Any:
    """One of each, as a tuple: drawn at once, for drawing is what takes the time here."""
    return st.sampled_from(list(product(*choices)))


WISH = one_of(SERVICES, STARTS, LENGTHS, UNITS)
PIECE = one_of(STARTS, LENGTHS, (0, 1, 2, 2), (True, True, False), (True, True, False))
WINDOW = st.sampled_from([span_of(start, length) for start in STARTS for length in LENGTHS] + [WHOLE] * 8)
BOTH = (False, True)
DECISIONS = (State.CONFIRMED, State.CONFIRMED, State.DECLINED, State.CANCELLED)
WORDS = (*[State.DISPATCHED] * 3, *[State.DISPLACED] * 2, State.RUNNING, State.COMPLETED)


def known(what: str) -> Any:
    return precondition(lambda self: getattr(self, what))


class Deeds(RuleBasedStateMachine):
    """`do` does one of them; `market` is the registry in plain values, of which the rules take what to do it to."""

    do: Callable[..., Any]

    def __init__(self) -> None:
        super().__init__()
        self.market = Market()
        self.ids = count(1)
        self.holds: list[str] = []
        self.bookings: list[str] = []
        self.waits: list[str] = []

    @initialize()
    def everything_is_free(self) -> None:
        for machine, quantity in MACHINES.items():
            self.do("state", machine, WHOLE, [piece(WHOLE, quantity)])

    # Holds and bookings.

    @rule(wish=WISH)
    def book(self, wish: Wish) -> None:
        self._book(wish, consent=False)

    @rule(wish=WISH)
    def book_with_consent(self, wish: Wish) -> None:
        self._book(wish, consent=True)

    @rule(wish=WISH, quarters=one_of(range(1, 5)))
    def hold(self, wish: Wish, quarters: tuple[int]) -> None:
        service, start, length, units = wish
        self.do("hold", self._new("hld", self.holds), service, span_of(start, length), units, *quarters)

    @known("holds")
    @rule(how=one_of(NEWEST, BOTH))
    def redeem(self, how: tuple[int, bool]) -> None:
        self.do("redeem", self._new("bkg", self.bookings), _pick(self.holds, how[0]), consent=how[1])

    @known("holds")
    @rule(how=one_of(NEWEST, range(1, 5)))
    def extend(self, how: tuple[int, int]) -> None:
        self.do("extend", _pick(self.holds, how[0]), how[1])

    @known("holds")
    @rule(which=one_of(NEWEST))
    def release(self, which: tuple[int]) -> None:
        self.do("release", _pick(self.holds, *which))

    @known("bookings")
    @rule(how=one_of(NEWEST, DECISIONS))
    def decide(self, how: tuple[int, State]) -> None:
        self.do("decide", _pick(self.bookings, how[0]), how[1])

    @known("bookings")
    @rule(how=one_of(NEWEST, (None, *range(14)), (None, *range(1, 22)), UNITS))
    def amend(self, how: tuple[int, int | None, int | None, int]) -> None:
        which, start, end, units = how
        self.do("amend", _pick(self.bookings, which), _moment(start), _moment(end), units)

    # Together, and in line.

    @rule(legs=st.lists(WISH, min_size=1, max_size=2), held=one_of((None, *NEWEST), BOTH))
    def bundle(self, legs: list[Wish], held: tuple[int | None, bool]) -> None:
        which, whole = held
        asked: list[Leg] = [
            (self._new("bkg", self.bookings), service, span_of(start, length), units)
            for service, start, length, units in legs
        ]
        if which is not None and self.holds:
            asked.append((self._new("bkg", self.bookings), _pick(self.holds, which), None, 1))
        self.do("bundle", asked, whole=whole)

    @rule(wish=WISH, more=one_of(range(7)))
    def wait(self, wish: Wish, more: tuple[int]) -> None:
        service, start, length, units = wish
        name = self._new("wtg", self.waits)
        self.do("wait", Wait(name, service, span_of(start, length + more[0]), length, units))

    @known("waits")
    @rule(which=one_of(NEWEST))
    def leave(self, which: tuple[int]) -> None:
        self.do("leave", _pick(self.waits, *which))

    @known("waits")
    @rule()
    def serve(self) -> None:
        for name in self.do("in_line"):
            hold = self._new("hld", [])
            if self.do("serve", name, hold) == "OFFERED":
                self.holds.append(hold)

    # The plant, time, and healing.

    @rule(machine=one_of(MACHINES), window=WINDOW, said=st.lists(PIECE, max_size=2))
    def state(self, machine: tuple[str], window: Span, said: list[tuple[int, int, int, bool, bool]]) -> None:
        pieces = [
            piece(span_of(start, length), units, offered=offered, firm=firm)
            for start, length, units, offered, firm in said
        ]
        self.do("state", *machine, window, pieces)

    @rule(machine=one_of(MACHINES))
    def offer_all(self, machine: tuple[str]) -> None:
        self.do("state", *machine, WHOLE, [piece(WHOLE, MACHINES[machine[0]])])

    @known("bookings")
    @rule(how=one_of(NEWEST, WORDS))
    def plant(self, how: tuple[int, State]) -> None:
        self.do("plant", _pick(self.bookings, how[0]), how[1])

    @rule(quarters=one_of((0, 1, 1, 2)))
    def pass_time(self, quarters: tuple[int]) -> None:
        self.market.now += quarters[0] * QUARTER
        self.do("sweep")

    @known("bookings")
    @rule(which=one_of(NEWEST))
    def take_back(self, which: tuple[int]) -> None:
        """The plant withdraws hours that were sold."""
        claim = self.market.claims[_pick(self.bookings, *which)]
        self.do("state", claim.machine, claim.span, [])

    @rule(patience=one_of((0, 1)))
    def heal(self, patience: tuple[int]) -> None:
        self.market.now += patience[0] * QUARTER
        for name in self.do("ailing"):
            new = self._new("bkg", [])
            if self.do("heal", name, new) == "moved":
                self.bookings.append(new)

    @known("proposed")
    @rule(which=one_of(NEWEST))
    def accept(self, which: tuple[int]) -> None:
        taken = _pick(self.proposed, *which)
        self.do("accept", taken, self._new("bkg", self.bookings))

    @property
    def proposed(self) -> list[str]:
        return [name for name, claim in self.market.claims.items() if claim.proposal] or self.bookings[-1:]

    def _book(self, wish: Wish, *, consent: bool) -> None:
        service, start, length, units = wish
        name = self._new("bkg", self.bookings)
        self.do("book", name, service, span_of(start, length), units, consent=consent)

    def _new(self, kind: str, among: list[str]) -> str:
        name = f"{kind}_{next(self.ids)}"
        among.append(name)
        return name

    def forget_the_refused(self) -> None:
        """Ids that came to nothing are no claims to do something to."""
        for names, there in ((self.holds, self.market.claims), (self.bookings, self.market.claims)):
            names[:] = [name for name in names if name in there]
        self.waits[:] = [name for name in self.waits if name in self.market.line]


def _pick(names: list[str], which: int) -> str:
    return names[-1 - min(which, len(names) - 1)]


def _moment(quarter: int | None) -> datetime | None:
    return None if quarter is None else at(quarter)
