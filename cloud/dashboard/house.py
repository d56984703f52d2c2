"""What the pages of one dashboard process share: the API's address, who is logged in, and who is watched for whom."""

import asyncio
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from fastapi import Request

from cloud.dashboard.credentials import Login
from cloud.dashboard.entry import for_everybody
from cloud.dashboard.openid import RelyingParty
from cloud.dashboard.registry import Registry
from cloud.dashboard.sessions import Session, Sessions
from cloud.dashboard.watchers import Watchers
from cloud.dashboard.words import Words, preferred

FIRST_BACK = timedelta(hours=24)

CHECK = 30.0
"""Seconds (real) after which somebody who was disabled, or whose key was revoked, is sent away at the latest."""


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its folder's name, its route, the dictionary's entry of its title, the name of its icon in frame.ICONS.

    One whose route has a `{parameter}` is reached from others and is not in the navigation; one that stands `aside` is
    a tool at the end of the bar.
    """

    name: str
    route: str
    word: str
    icon: str
    install: Callable[["House"], None]
    aside: bool = False

    @property
    def in_navigation(self) -> bool:
        return "{" not in self.route


class Guest(NamedTuple):
    """Who asks for a page: the browser's id, its session, and its language (chosen here, or the browser's own)."""

    browser: str
    session: Session
    words: Words


@dataclass(slots=True)
class House:
    """`key`, where given, logs everybody in: for a demo that nobody but this machine can reach.

    `client` is what the dashboard is to an identity provider, where there is one.
    """

    api_url: str
    key: str | None = None
    pages: tuple[Page, ...] = ()
    client: RelyingParty | None = None
    sessions: Sessions = field(default_factory=Sessions)
    watchers: Watchers = field(init=False)
    _everybody: Login | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self.watchers = Watchers(lambda proof: Registry(self.api_url, proof), FIRST_BACK)

    def page(self, name: str) -> Page:
        """The page of that name. Raises LookupError where the table has none."""
        for page in self.pages:
            if page.name == name:
                return page
        msg = f"no page is called {name}"
        raise LookupError(msg)

    async def log_out(self, browser: str) -> None:
        """End the browser's session, here and at the registry; its open pages go to the log-in page."""
        login = self.sessions.end(browser)
        self.watchers.tell()
        if login and login is not self._everybody:
            await login.close()

    async def look_after(self) -> None:
        """Every CHECK seconds, ask for all who look at a page whether the registry still knows them; until cancelled.

        What they see is read by whoever of them it knows, so that nobody's own calls would tell.
        """
        while True:
            await asyncio.sleep(CHECK)
            for session in self.sessions.logged_in():
                if session.pages > 0 and (login := session.login) and not await login.lives():
                    session.login, session.refused = None, True
            self.watchers.tell()

    def visit(self, request: Request) -> Guest:
        """Who it is that asks."""
        browser = str(request.session.setdefault("id", secrets.token_urlsafe(24)))
        session = self.sessions.of(browser, time.monotonic())
        if self.key and session.login is None and not (session.left or session.refused):
            session.login = self._everybody = self._everybody or for_everybody(self.api_url, self.key)
        language = session.language or preferred(request.headers.get("accept-language", ""))
        return Guest(browser, session, Words(language))
