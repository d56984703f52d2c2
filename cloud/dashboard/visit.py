"""One person at one page: what every page starts from, and how it is told at once that its plant changed."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import ui
from nicegui.element import Element

from cloud.dashboard.credentials import Login
from cloud.dashboard.frame import dress, said
from cloud.dashboard.header import Banners, Header
from cloud.dashboard.house import House
from cloud.dashboard.registry import Registry
from cloud.dashboard.sessions import Session
from cloud.dashboard.watch import Watcher
from cloud.dashboard.when import When, zone_named
from cloud.dashboard.words import Words

APART = 0.1
"""Seconds (real) between two tellings of one page at least; the first after a quiet while comes at once."""

Kind = Literal["positive", "negative", "warning", "info"]


@dataclass(slots=True)
class _Ear:
    """A page's callback; one that takes its time hears the news of meanwhile when it is done."""

    callback: Callable[[], Awaitable[None] | None]
    main: Element
    _busy: bool = False
    _again: bool = False

    def tell(self) -> Awaitable[None] | None:
        if self._busy:
            self._again = True
            return None
        more = self.callback()
        return self._finish(more) if more is not None else None

    async def _finish(self, work: Awaitable[None]) -> None:
        self._busy = True
        try:
            with self.main:
                await work
        finally:
            self._busy = False
        if self._again and not self.main.client.is_deleted:
            self._again = False
            with self.main:
                more = self.tell()
            if more is not None:
                await more


@dataclass(slots=True)
class Visit:
    """A page that is open in a browser. Build inside of it: `with visit.main:`."""

    house: House
    session: Session
    words: Words
    header: Header
    login: Login
    watcher: Watcher
    main: Element
    _banners: Banners
    _seen: tuple[object, ...] = ()
    _ears: list["_Ear"] = field(default_factory=list)
    _told: float = 0.0
    _waiting: asyncio.TimerHandle | None = None
    _nudges: int = 0

    @property
    def registry(self) -> Registry:
        """The API with this visitor's rights; it is shared, so never close it."""
        return self.login.registry

    @property
    def enterprise(self) -> str:
        """The id of the visitor's enterprise; empty until the API told it."""
        plant = self.watcher.plant
        return plant.enterprise.id if plant else ""

    def may(self, scope: str) -> bool:
        """May the visitor do that (`book`, `provide`, `admin`)? Yes, where it was not asked: the registry will say."""
        return not self.login.scopes or scope in self.login.scopes

    def when(self) -> When | None:
        """Business time in the plant's zone; None until the API told it."""
        now = self.watcher.now
        zone = self.watcher.plant.zone if self.watcher.plant else "UTC"
        return When(now, zone_named(zone), self.words) if now else None

    def on_news(self, callback: Callable[[], Awaitable[None] | None]) -> None:
        """Call it in the page's context when the watcher's plant changed, or the API went away or came back.

        At most every APART seconds, and once soon after now.
        """
        self._ears.append(_Ear(callback, self.main))
        self.hear()

    def nudge(self) -> None:
        """Call back those who listen to news soon, though nothing changed of what the visitor's own watcher sees."""
        self._nudges += 1
        self.hear()

    def say(self, text: str, kind: Kind = "info") -> None:
        """A notice that goes by itself; text is never markup."""
        with self.main:
            ui.notify(text, type=kind, position="bottom", close_button=self.words("app.close"), timeout=6000)

    def hear(self) -> None:
        """There is news: tell the page now, or as soon as its last telling is APART ago."""
        if self._waiting is None:
            wait = max(0.0, self._told + APART - time.monotonic())
            self._waiting = asyncio.get_running_loop().call_later(wait, self._tell)

    def _tell(self) -> None:
        self._waiting, self._told = None, time.monotonic()
        client = self.main.client
        if client.is_deleted:
            return
        with self.main:
            client.safe_invoke(self._tell_all)

    def _tell_all(self) -> None:
        if self.watcher.refused and self.session.login is self.login:
            self.session.login, self.session.refused = None, True
        if self.session.login is not self.login:
            ui.navigate.to("/login")
            return
        when = self.when()
        self.header.show(self.watcher, when)
        self._banners.show(self.watcher, when)
        seen = (self.watcher.version, self.watcher.silent, self.watcher.heard.total(), self._nudges, len(self._ears))
        if seen == self._seen:
            return
        self._seen = seen
        for ear in self._ears:
            self.main.client.safe_invoke(partial(self._inside, ear))

    def _inside(self, ear: "_Ear") -> Awaitable[None] | None:
        with self.main:
            return ear.tell()

    def leave(self) -> None:
        """The page is gone."""
        self.session.pages -= 1
        self.watcher.listeners.discard(self.hear)
        if self._waiting:
            self._waiting.cancel()


def open_page(house: House, request: Request, here: str) -> Visit | RedirectResponse:
    """Begin the page of that name: its look, bar and banners; or the way to the log-in page."""
    guest = house.visit(request)
    _, session, words = guest
    if session.login is None:
        session.wanted = request.url.path
        return RedirectResponse("/login")
    login, page = session.login, house.page(here)
    watcher = house.watchers.enter(login.view, login.credential)
    dark = dress(session, words, page.word, here)

    skip = said("a", words("app.skip"), "skip")
    skip.props["href"] = "#content"
    header = Header(house, here, guest, dark)
    with ui.element("main").classes("page") as main:
        main.props["id"] = "content"
        main.props["tabindex"] = "-1"
        banners = Banners(words, here)
    visit = Visit(house, session, words, header, login, watcher, main, banners)
    session.pages += 1
    watcher.listeners.add(visit.hear)

    def gone() -> None:
        visit.leave()
        house.watchers.leave(login.view, login.credential, watcher)

    ui.context.client.on_delete(gone)
    visit.hear()
    return visit


def serve(house: House, name: str, build: Callable[[Visit, Request], object]) -> None:
    """Serve the page of that name at its route, for whoever is logged in; `build` makes what is below the bar."""

    @ui.page(house.page(name).route)
    def opened(request: Request) -> RedirectResponse | None:
        visit = open_page(house, request, name)
        if isinstance(visit, RedirectResponse):
            return visit
        with visit.main:
            build(visit, request)
        return None
