"""The holds of the enterprise: each with the time that it has left, to be booked, extended once, or let go."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from html import escape

from nicegui import ui

from cloud.booking.model import State
from cloud.booking.wire import Hold
from cloud.dashboard.frame import hide, said
from cloud.dashboard.market import told
from cloud.dashboard.market.fields import on_do
from cloud.dashboard.market.hold import Kept, Note, Target
from cloud.dashboard.market.lines import button_html
from cloud.dashboard.market.order import Order, tell
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When
from cloud.market.model import Found
from cloud.waiting.model import WaitingState
from gateway.span import Span


@dataclass(frozen=True, slots=True)
class _Held:
    hold: Hold
    note: Note


class Holds:
    """What is held now. `over` is told of a hold that is no more."""

    def __init__(self, visit: Visit, kept: Kept, over: Callable[[str], None]) -> None:
        self._visit, self._kept, self._over = visit, kept, over
        self._held: dict[str, _Held] = {}
        self._booking: Order | None = None
        self._timer: ui.timer | None = None
        with ui.element("section").classes("card holds") as self._card:
            with ui.element("div").classes("top"):
                said("h2", visit.words("market.holds"))
            said("p", visit.words("market.holds_about"), "about")
            self._list = on_do(ui.html("", tag="ul", sanitize=False).classes("held"), self._do)
        hide(self._card, hidden=True)

    @property
    def booking(self) -> bool:
        """Whether an order is being written: nothing should move meanwhile."""
        return self._booking is not None and self._booking.open

    def add(self, hold: Hold, found: Found, pieces: str, agreement: str = "") -> None:
        """One that was just made, of that result, for so many pieces of work, by the agreement of that name."""
        self._put(hold, Note(f"{found.service_name} · {found.provider_name}", pieces, agreement=agreement))
        self._show()
        ui.run_javascript(f"thirdshiftMarket.holds({json.dumps(hold.id)})")

    async def read(self, given: str = "") -> None:
        """All that is known of, as the registry has it now: also those that waiting brought, and one of the address."""
        known = {*self._kept.of(self._visit.enterprise), *self._held, *await self._offered()}
        if given.startswith("hld_"):
            known.add(given)
        await asyncio.gather(*(self._read(identity) for identity in known))
        self._show()

    async def _offered(self) -> list[str]:
        try:
            places = await self._visit.registry.ask(lambda api: api.waiting())
        except (Refused, Away):
            return []
        return [one.hold_id for one in places if one.hold_id and one.state is WaitingState.OFFERED]

    async def _read(self, identity: str) -> None:
        try:
            hold = await self._visit.registry.ask(lambda api: api.read_hold(identity))
        except Refused:
            self._drop(identity)
        except Away:
            return
        else:
            self._put(hold)

    def _put(self, hold: Hold, note: Note | None = None) -> None:
        now = self._visit.watcher.now
        if hold.state is not State.HELD or (now and hold.expires_at <= now):
            self._drop(hold.id)
            return
        note = note or self._kept.of(self._visit.enterprise).get(hold.id) or Note()
        self._kept.add(self._visit.enterprise, hold.id, note)
        self._held[hold.id] = _Held(hold, note)

    def _drop(self, identity: str) -> None:
        self._kept.drop(self._visit.enterprise, identity)
        if self._held.pop(identity, None):
            self._over(identity)

    def _show(self) -> None:
        when, pace = self._visit.when(), self._visit.watcher.pace
        hide(self._card, hidden=not self._held)
        if when and pace:
            rows = [_row(number, one, when, pace.speed) for number, one in enumerate(self._held.values())]
            self._list.set_content("".join(rows))
            if self._held:
                soonest = min(one.hold.expires_at for one in self._held.values())
                if self._timer:
                    self._timer.cancel()
                self._timer = ui.timer((soonest - when.now).total_seconds() / pace.speed + 0.2, self._expire, once=True)

    def _expire(self) -> None:
        now = self._visit.watcher.now
        late = [one.hold for one in self._held.values() if now and one.hold.expires_at <= now]
        for hold in late:
            self._drop(hold.id)
            self._visit.say(self._visit.words("market.ran_out"), "warning")
        if late:
            self._show()

    async def _do(self, what: str, number: int) -> None:
        if number >= len(self._held):
            return
        one = list(self._held.values())[number]
        if what == "book":
            self.write(one.hold, one.note.pieces, one.note.agreement)
        elif what == "extend":
            await self._extend(one)
        elif what == "release":
            await self._release(one)

    async def _extend(self, one: _Held) -> None:
        identity = one.hold.id
        try:
            hold = await self._visit.registry.ask(lambda api: api.extend(identity, key=f"extend-{identity}"))
        except (Refused, Away) as error:
            tell(self._visit, error)
            await self._read(identity)
        else:
            self._put(hold, replace(one.note, extended=True))
        self._show()

    async def _release(self, one: _Held) -> None:
        identity = one.hold.id
        try:
            await self._visit.registry.ask(lambda api: api.release(identity))
        except (Refused, Away) as error:
            tell(self._visit, error)
        await self._read(identity)
        self._show()

    def write(self, target: Target, pieces: str = "", agreement: str = "") -> None:
        """Open the dialog in which its work is said."""
        self._booking = Order(self._visit, target, self._booked, pieces, agreement)

    def _booked(self, target: Target) -> None:
        if isinstance(target, Hold):
            self._drop(target.id)
            self._show()


def _row(number: int, one: _Held, when: When, speed: float) -> str:
    hold, words = one.hold, when.words
    left = max(0.0, (hold.expires_at - when.now).total_seconds() / speed)
    clock = f"{int(left) // 60}:{int(left) % 60:02}"
    ticking = f'<b class="countdown" data-hold="{escape(hold.id)}" data-left="{left:.1f}">{clock}</b>'
    span = when.span(Span(hold.start, hold.end))
    agreed = one.note.agreement or hold.agreement_id
    by = f" · {escape(words('market.by_agreement', name=agreed))}" if agreed else ""
    extend = "" if one.note.extended else button_html("extend", number, "quiet", words("market.extend"))
    return (
        f'<li class="miss"><div class="what"><strong>{escape(span)}</strong> '
        f'<span class="by">{escape(one.note.name or hold.service_id)}</span>'
        f"<div>{escape(told.money(hold.price))}{by} · "
        f"{escape(words('market.left_label'))} {ticking}</div></div>"
        f'<div class="do">{button_html("book", number, "go", words("market.book"))}{extend}'
        f"{button_html('release', number, 'quiet', words('market.release'))}</div></li>"
    )
