"""What the pages of one dashboard process share: the API's address, who is logged in, and who is watched for whom."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from fastapi import Request

from cloud.dashboard.registry import Registry
from cloud.dashboard.sessions import Session, Sessions
from cloud.dashboard.watchers import Watchers
from cloud.dashboard.words import Words, preferred

FIRST_BACK = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its folder's name, its route, the dictionary's entry of its title, the name of its icon in frame.ICONS.

    One whose route has a `{parameter}` is reached from others and is not in the navigation.
    """

    name: str
    route: str
    word: str
    icon: str
    install: Callable[["House"], None]

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
    """`key`, where given, logs everybody in: for a demo that nobody but this machine can reach."""

    api_url: str
    key: str | None = None
    pages: tuple[Page, ...] = ()
    sessions: Sessions = field(default_factory=Sessions)
    watchers: Watchers = field(init=False)

    def __post_init__(self) -> None:
        self.watchers = Watchers(self.registry, FIRST_BACK)

    def registry(self, key: str) -> Registry:
        return Registry(self.api_url, key)

    def page(self, name: str) -> Page:
        """The page of that name. Raises LookupError where the table has none."""
        for page in self.pages:
            if page.name == name:
                return page
        msg = f"no page is called {name}"
        raise LookupError(msg)

    def visit(self, request: Request) -> Guest:
        """Who it is that asks."""
        browser = str(request.session["id"])
        session = self.sessions.of(browser, time.monotonic())
        if self.key and session.key is None and not (session.left or session.refused):
            session.key = self.key
        language = session.language or preferred(request.headers.get("accept-language", ""))
        return Guest(browser, session, Words(language))
