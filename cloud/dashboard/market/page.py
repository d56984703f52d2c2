"""The market: what others can spare is looked for, held and booked; near misses say what would do."""

import asyncio
import json
import secrets
import time
from datetime import date, timedelta
from typing import TypeVar
from urllib.parse import urlencode

from nicegui import ui

from cloud.dashboard.cooperation.told import refused
from cloud.dashboard.frame import said
from cloud.dashboard.house import House
from cloud.dashboard.market import form, week
from cloud.dashboard.market.agreed import Agreed, read
from cloud.dashboard.market.agreed import covers as covering
from cloud.dashboard.market.alike import moved
from cloud.dashboard.market.hold import Intents, Kept, Whole, wish
from cloud.dashboard.market.holds import Holds
from cloud.dashboard.market.line import Line
from cloud.dashboard.market.remedy import remedy
from cloud.dashboard.market.results import Question, Results
from cloud.dashboard.market.seek import Seek
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import When
from cloud.market.model import SearchAnswer, SearchRequest
from cloud.market.slots import Slots, SlotsRequest
from cloud.waiting.model import WaitingRequest
from gateway.span import Span

Some = TypeVar("Some")

AGAIN, LATEST = 2.0, 10.0
"""Seconds (real) between two searches that nobody asked for, at least and at most.

What others do at the registry is told to those alone whom it concerns, so it is asked for; what is done from this
dashboard, by whomever, is known at once.
"""


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
        self._answer = self._latest = SearchAnswer(items=(), near_misses=())
        self._intents = Intents("")
        self._first: date | None = None
        self._slots = Slots(items=())
        self._picked: Span | None = None
        self._seen: object = None
        self._searched, self._old = 0.0, False
        self._agreed: tuple[Agreed, ...] = ()
        said("h1", visit.words("market.title"), "unseen")
        with ui.element("div").classes("market"):
            self._seek = Seek(visit, self.search, self.reset)
            with ui.element("div").classes("found"):
                self._holds = Holds(visit, kept, self._hold_is_over)
                self._results = Results(visit, self)
                self._line = Line(visit)
        visit.on_news(self.news)
        bell = visit.house.watchers.bell
        bell.add(self._rung)
        ui.context.client.on_delete(lambda: bell.discard(self._rung))

    def _rung(self) -> None:
        """Somebody booked, or a plant offered something else: what is shown may not be free any more."""
        self._old = True
        self._visit.nudge()

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
            self._seen, self._old = seen, True
            await self._holds.read()
            await self._line.read()
        if time.monotonic() - self._searched > (AGAIN if self._old else LATEST) and not self._holds.booking:
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

    async def hold(self, number: int, agreement: int | None = None) -> None:
        """Hold a result, by one of the agreements that cover it or at its list price; a second click does nothing."""
        if not self.may_book or number >= len(self._answer.items):
            return
        intents, found, pieces = self._intents, self._answer.items[number], self._values["units"]
        covers = covering(found, self._agreed)
        by = covers[agreement].agreement if agreement is not None and agreement < len(covers) else None
        key = intents.begin(number, by.id if by else "")
        if key is None:
            return
        asked = wish(found, pieces, by.id if by else None)
        try:
            held = await self._visit.registry.ask(lambda api: api.hold(asked, key=key))
        except Refused as error:
            intents.failed(number, known=True)
            self._refuse(error)
        except Away:
            intents.failed(number, known=False)
            self._visit.say(self._visit.words("market.away"), "warning")
        else:
            intents.done(number, held.id)
            self._holds.add(held, found, pieces, by.name if by else "")
            self._results.hold_list(intents.held)

    async def bundle(self, number: int) -> None:
        """Book a result of several pieces: all of them, or none."""
        if self.may_book and number < len(self._answer.items):
            found = self._answer.items[number]
            whole = Whole(found, self._intents.answer, covering(found, self._agreed))
            self._holds.write(whole, self._values["units"])

    async def renew(self) -> None:
        """Show the market as it is now."""
        if when := self._visit.when():
            await self._search(when)

    def _refuse(self, error: Refused) -> None:
        if when := self._visit.when():
            self._visit.say(refused(error.code, error.detail, error.problem, when), "negative")

    def _hold_is_over(self, hold_id: str) -> None:
        self._intents.over(hold_id)
        self._results.hold_list(self._intents.held)

    # Asking the registry, and showing what it says.

    async def _search(self, when: When, *, quiet: bool = False, calendar: bool = True) -> None:
        """Ask for what the form says. `quiet`: nobody asked, so what is shown stays, and what changed is said."""
        request = form.asked(self._values, when.zone)
        if not quiet:
            self._seek.blame(request)
        if isinstance(request, form.Faults):
            return
        self._request, self._searched = request, time.monotonic()
        self._first = self._first or request.start.astimezone(when.zone).date()
        if not quiet:
            self._results.wait()
            self._remember()
        old, self._old = self._old or not quiet, False
        try:
            answer, found, agreed = await asyncio.gather(
                self._visit.registry.ask(lambda api: api.search(self._narrowed(request))),
                self._ask_week(when) if calendar and old else _same(self._slots),
                _same(self._agreed) if quiet else read(self._visit.registry, request.window),
            )
            if quiet and not old and answer != self._latest:
                found = await self._ask_week(when)
        except Refused as error:
            self._results.fail(refused(error.code, error.detail, error.problem, when))
        except Away:
            self._results.fail(self._visit.words("market.away_search"))
        else:
            self._agreed, self._latest = agreed, answer
            self._take(answer, when, quiet=quiet)
            self._results.fresh(when)
            if found != self._slots or not quiet:
                self._show_week(when, found)

    def _narrowed(self, request: SearchRequest) -> SearchRequest:
        picked = self._picked
        return request.model_copy(update={"start": picked.start, "end": picked.end}) if picked else request

    def _take(self, answer: SearchAnswer, when: When, *, quiet: bool) -> None:
        if quiet and self._answer.items:
            self._results.tell_moved(moved(self._answer.items, answer, form.LIMIT))
        elif self._request and not (quiet and answer == self._answer):
            self._answer, self._intents = answer, Intents(secrets.token_hex(8))
            covers = {number: covering(one, self._agreed) for number, one in enumerate(answer.items)}
            self._results.show(answer, when, Question(self._values, self._request, bool(self._picked)), covers)

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


async def _same(known: Some) -> Some:
    return known
