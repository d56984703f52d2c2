"""What the pages of one dashboard process share: the API's address, who is logged in, and who is watched for whom."""

import time
from dataclasses import dataclass, field
from datetime import timedelta

from fastapi import Request

from cloud.dashboard.registry import Registry
from cloud.dashboard.sessions import Session, Sessions
from cloud.dashboard.watchers import Watchers
from cloud.dashboard.words import Words, preferred

FIRST_BACK = timedelta(hours=24)


@dataclass(slots=True)
class House:
    """`key`, where given, logs everybody in: for a demo that nobody but this machine can reach."""

    api_url: str
    key: str | None = None
    sessions: Sessions = field(default_factory=Sessions)
    watchers: Watchers = field(init=False)

    def __post_init__(self) -> None:
        self.watchers = Watchers(self.registry, FIRST_BACK)

    def registry(self, key: str) -> Registry:
        return Registry(self.api_url, key)

    def visit(self, request: Request) -> tuple[str, Session, Words]:
        """The browser's id, its session, and its language (chosen here, or the browser's own)."""
        browser = str(request.session["id"])
        session = self.sessions.of(browser, time.monotonic())
        if self.key and session.key is None and not (session.left or session.refused):
            session.key = self.key
        return browser, session, Words(session.language or preferred(request.headers.get("accept-language", "")))
