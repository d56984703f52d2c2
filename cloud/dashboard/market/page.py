"""The market: what others can spare is looked for, held and booked; near misses say what would do."""

import asyncio
import json
import secrets
import time
from datetime import date, timedelta
from urllib.parse import urlencode

from nicegui import ui

from cloud.dashboard.frame import said
from cloud.dashboard.house import House
from cloud.dashboard.market import form, told, week
from cloud.dashboard.market.hold import Intents, Kept, Whole, wish
from cloud.dashboard.market.holds import Holds
from cloud.dashboard.market.line import Line
from cloud.dashboard.market.remedy import remedy
from cloud.dashboard.market.results import Results
from cloud.dashboard.market.seek import Seek
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import When
from cloud.market.model import SearchAnswer, SearchRequest
from cloud.market.slots import Slots, SlotsRequest
from cloud.waiting.model import WaitingRequest
from gateway.span import Span

AGAIN = 2.0
"""Seconds (real) between two searches at least that nobody asked for."""


def install(house: House) -> None:
    """Serve the page at /market."""
    kept = Kept()
    serve(house, "market", lambda visit, request: Market(visit, kept, dict(request.query_params)))


class Market:
    """What is on the page below the bar."""

    def __init__(self, visit: Visit, kept: Kept, given: dict[str, str]) -> None:
        self._visit = visit
        self._given = given
        self._values: dict[str, str] = {}
        self._request: SearchRequest | None = None
        self._answer = SearchAnswer(items=(), near_misses=())
        self._intents = Intents("")
        self._first: date | None = None
        self._slots = Slots(items=())
        self._picked: Span | None = None
        self._seen: object = None
        self._searched = 0.0
        said("h1", visit.words("market.title"), "unseen")
        with ui.element("div").classes("market"):
            self._seek = Seek(visit, self.search, self.reset)
            with ui.element("div").classes("found"):
                self._holds = Holds(visit, kept, self._hold_is_over)
                self._results = Results(visit, self)
                self._line = Line(visit)
        visit.on_news(self.news)

    @property
    def may_book(self) -> bool:
        """Whether the visitor's rights are enough to book."""
        return self._visit.may("book")

    async def news(self) -> None:
        """What is held and waited for, and once anything of the bookings changed, what is left."""
        when, plant = self._visit.when(), self._visit.watcher.plant
        if when is None or plant is None:
            return
        if not self._values:
            self._values = form.merged(form.usual(when.now, when.zone), self._given)
            self._seek.begin(self._values, plant, when)
            await self._search(when)
            await self._holds.read(self._given.get("hold", ""))
            await self._line.read()
            self._seen = self._changes()
            self._visit.main.props["data-shown"] = "market"
            return
        if (seen := self._changes()) != self._seen:
            self._seen = seen
            await self._holds.read()
            await self._line.read()
            if time.monotonic() - self._searched > AGAIN and not self._holds.booking:
                await self._search(when, quiet=True)

    def _changes(self) -> object:
        watcher = self._visit.watcher
        bookings = (
            tuple((each.id, each.state, each.revision) for each in watcher.plant.bookings) if watcher.plant else ()
        )
        return hash(bookings), watcher.heard["waiting.changed"], watcher.heard["hold.changed"]

    # What the form, the list, the map and the calendar ask for.

    async def search(self, typed: dict[str, str]) -> None:
        """What was typed into the form."""
        if when := self._visit.when():
            self._values = form.merged(self._values, typed)
            self._picked = self._first = None
            await self._search(when)

    async def reset(self) -> None:
        """The form as it was at first."""
        if when := self._visit.when():
            self._values = form.usual(when.now, when.zone)
            self._seek.fill(self._values)
            self._picked = self._first = None
            await self._search(when)

    async def change(self, change: dict[str, object], span: Span | None = None) -> None:
        """The form with something changed, and for that hour alone where one is given."""
        when = self._visit.when()
        if when is None:
            return
        self._values = form.merged(self._values, change)
        if span:
            now = self._request.window if self._request else span
            wide = {"start": min(span.start, now.start), "end": max(span.end, now.end)}
            self._values |= {name: form.typed(moment, when.zone) for name, moment in wide.items()}
            self._values["hours"] = f"{span.duration / timedelta(hours=1):g}"
        self._seek.fill(self._values)
        self._picked = span
        await self._search(when)

    async def pick(self, number: int) -> None:
        """A slot of the calendar: the list shows what can be had at that very hour; once more, and all again."""
        if number < len(self._slots.items) and (when := self._visit.when()):
            slot = self._slots.items[number]
            span = Span(slot.start, slot.end)
            self._picked = None if span == self._picked else span
            await self._search(when, calendar=False)

    async def unpick(self) -> None:
        """All of the window again."""
        if when := self._visit.when():
            self._picked = None
            await self._search(when, calendar=False)

    async def turn(self, days: int) -> None:
        """The calendar so many days on."""
        if self._first and (when := self._visit.when()):
            self._first += timedelta(days=days)
            try:
                self._show_week(when, await self._ask_week(when))
            except Refused as error:
                self._refuse(error)
            except Away:
                self._visit.say(self._visit.words("market.away"), "warning")

    async def only(self, number: int) -> None:
        """Nothing but the service of that result."""
        await self.change({"service": self._answer.items[number].service_id})

    async def apply(self, number: int) -> None:
        """Ask for what a near miss could give."""
        miss = self._answer.near_misses[number]
        span = Span(miss.would_do.start, miss.would_do.end) if miss.would_do else None
        await self.change(dict(remedy(miss, self._values)), span)

    async def wait(self, number: int) -> None:
        """Get in line for what a near miss has not left."""
        if request := self._request:
            miss = self._answer.near_misses[number]
            duration = request.duration or request.window.duration
            given = {"service_id": miss.service_id, "quantity": request.quantity, "duration": duration}
            await self._line.join(WaitingRequest(start=request.start, end=request.end, **given), self._intents.answer)

    async def hold(self, number: int) -> None:
        """Hold a result; a second click on it does nothing."""
        if not self.may_book or number >= len(self._answer.items):
            return
        intents, found, pieces = self._intents, self._answer.items[number], self._values["units"]
        key = intents.begin(number)
        if key is None:
            return
        try:
            held = await self._visit.registry.ask(lambda api: api.hold(wish(found, pieces), key=key))
        except Refused as error:
            intents.failed(number, known=True)
            self._refuse(error)
        except Away:
            intents.failed(number, known=False)
            self._visit.say(self._visit.words("market.away"), "warning")
        else:
            intents.done(number, held.id)
            self._holds.add(held, found, pieces)
            self._results.hold_list(intents.held)

    async def bundle(self, number: int) -> None:
        """Book a result of several pieces: all of them, or none."""
        if self.may_book and number < len(self._answer.items):
            self._holds.write(Whole(self._answer.items[number], self._intents.answer), self._values["units"])

    def _refuse(self, error: Refused) -> None:
        if when := self._visit.when():
            self._visit.say(told.refused(error.code, error.detail, error.problem, when), "negative")

    def _hold_is_over(self, hold_id: str) -> None:
        self._intents.over(hold_id)
        self._results.hold_list(self._intents.held)

    # Asking the registry, and showing what it says.

    async def _search(self, when: When, *, quiet: bool = False, calendar: bool = True) -> None:
        request = form.asked(self._values, when.zone)
        self._seek.blame(request)
        if isinstance(request, form.Faults):
            return
        self._request, self._searched = request, time.monotonic()
        self._first = self._first or request.start.astimezone(when.zone).date()
        if not quiet:
            self._results.wait()
            self._remember()
        picked = self._picked
        narrow = request.model_copy(update={"start": picked.start, "end": picked.end}) if picked else request
        try:
            slots = self._ask_week(when) if calendar else _same(self._slots)
            answer, found = await asyncio.gather(self._visit.registry.ask(lambda api: api.search(narrow)), slots)
        except Refused as error:
            self._results.fail(told.refused(error.code, error.detail, error.problem, when))
        except Away:
            self._results.fail(self._visit.words("market.away"))
        else:
            if not (quiet and self._same(answer)):
                self._answer, self._intents = answer, Intents(secrets.token_hex(8))
                self._results.show(answer, when, self._values, request.near, picked=bool(picked))
            self._results.fresh(when)
            self._show_week(when, found)

    def _same(self, answer: SearchAnswer) -> bool:
        return answer == self._answer

    async def _ask_week(self, when: When) -> Slots:
        if self._request is None or self._first is None:
            return Slots(items=())
        asked: SlotsRequest | None = week.ask_week(self._request, self._first, when.zone, when.now)
        return await self._visit.registry.ask(lambda api: api.slots(asked)) if asked else Slots(items=())

    def _show_week(self, when: When, found: Slots) -> None:
        self._slots = found
        if self._first:
            self._results.show_week(found, self._first, when, self._picked)

    def _remember(self) -> None:
        """The page's address says what is looked for, so that it can be kept and sent on."""
        query = urlencode({name: value for name, value in self._values.items() if value or name in form.CHOSEN})
        ui.run_javascript(f"history.replaceState(null, '', {json.dumps('/market?' + query)})")


async def _same(found: Slots) -> Slots:
    return found
