"""Concurrent callers of the API who write down what they asked, when, and what they were answered."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from random import Random

from api_market import START, work
from linear import Op
from one_machine import Answer, Call, Done, History, No

from cloud.booking.wire import Amendment, Booking, BookingRequest, Hold, HoldRequest
from cloud.client import ApiError, Client

STEP = timedelta(minutes=30)
OPENS = START + timedelta(hours=4)
STEPS = 6

BOOKERS = {
    "hold": 4,
    "book": 4,
    "redeem": 3,
    "extend": 2,
    "release": 2,
    "cancel": 3,
    "amend": 3,
    "read": 3,
    "read hold": 1,
}
PROVIDERS = {"confirm": 3, "decline": 1, "cancel": 1, "read": 2}
"""How often a caller asks for what."""


@dataclass
class Place:
    """One machine's service, the claims on it that callers know of, and the history of what was asked of it."""

    service_id: str
    holds: dict[str, Done] = field(default_factory=dict)
    bookings: list[str] = field(default_factory=list)
    history: list[History] = field(default_factory=list)


def moment(step: int) -> datetime:
    return OPENS + step * STEP


@dataclass
class Caller:
    """One client with a mind of its own. Callers of one enterprise know each other's claims, and fight over them."""

    client: Client
    dice: Random
    places: list[Place]
    provides: bool = False

    async def go(self, turns: int) -> None:
        for _ in range(turns):
            place = self.dice.choice(self.places)
            weights = PROVIDERS if self.provides else BOOKERS
            call = self._call(place, self.dice.choices(list(weights), list(weights.values()))[0])
            await (self._ask(place, call) if call else asyncio.sleep(0.01))

    def _call(self, place: Place, kind: str) -> Call | None:
        start = self.dice.randrange(STEPS - 1)
        span = (start, start + self.dice.choice([1, 1, 2]))
        quantity = self.dice.choice([1, 1, 1, 2])
        if kind in {"hold", "book"}:
            return Call(kind, "", *span, quantity)  # type: ignore[arg-type]
        known = list(place.holds) if kind in {"redeem", "extend", "release", "read hold"} else place.bookings
        if not known:
            return None
        # Mostly the newest: what is long over teaches little.
        name = known[-1 - min(int(self.dice.expovariate(0.7)), len(known) - 1)]
        return Call(kind, name, *span, quantity) if kind == "amend" else Call(kind, name)  # type: ignore[arg-type]

    async def _ask(self, place: Place, call: Call) -> None:
        start = time.perf_counter()
        try:
            answer: Answer = _done(await self._requests()[call.kind](place, call))
        except ApiError as refusal:
            answer = No("capacity.insufficient" if refusal.code.startswith("capacity.") else refusal.code)
        end = time.perf_counter()
        if isinstance(answer, Done) and call.kind == "hold":
            place.holds[answer.id] = answer
        elif isinstance(answer, Done) and call.kind in {"book", "redeem"}:
            place.bookings.append(answer.id)
        place.history.append(Op(call, answer, start, end))

    def _requests(self) -> dict[str, Callable[[Place, Call], Awaitable[Hold | Booking | Done]]]:
        client = self.client
        return {
            "hold": lambda place, call: client.hold(HoldRequest(**_wish(place, call))),
            "book": lambda place, call: client.book(BookingRequest(**_wish(place, call), work=work())),
            "redeem": lambda _, call: client.book(BookingRequest(hold_id=call.id, work=work())),
            "extend": lambda _, call: client.extend(call.id),
            "release": self._release,
            "confirm": lambda _, call: client.confirm(call.id),
            "decline": lambda _, call: client.decline(call.id),
            "cancel": lambda _, call: client.cancel(call.id),
            "amend": lambda _, call: client.amend(
                call.id, Amendment(start=moment(call.start), end=moment(call.end), quantity=call.quantity)
            ),
            "read": lambda _, call: client.booking(call.id),
            "read hold": lambda _, call: client.read_hold(call.id),
        }

    async def _release(self, place: Place, call: Call) -> Done:
        await self.client.release(call.id)
        held = place.holds[call.id]
        return Done(held.id, "CANCELLED", held.start, held.end, held.quantity)


def _wish(place: Place, call: Call) -> dict[str, object]:
    span = {"start": moment(call.start), "end": moment(call.end)}
    return {"service_id": place.service_id, **span, "quantity": call.quantity}


def _done(told: Hold | Booking | Done) -> Done:
    if isinstance(told, Done):
        return told
    start, end = ((each - OPENS) // STEP for each in (told.start, told.end))
    return Done(told.id, told.state, start, end, told.quantity)
