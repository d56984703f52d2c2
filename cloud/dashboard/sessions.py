"""Who is logged in: each browser's key and preferences, in this process's memory only, never on disk or in a URL."""

import time
from dataclasses import dataclass, field
from typing import Literal

Theme = Literal["auto", "light", "dark"]

LASTS = 12 * 3600.0
"""Seconds (real) without a page after which a session is forgotten."""

MOST = 10_000


@dataclass(slots=True)
class Session:
    """One browser. Without a key it is nobody's, but its preferences hold on the log-in page already.

    `refused`: the registry stopped accepting its key. `left`: it logged out. `wanted`: the path of the page that it
    asked for before it had logged in.
    """

    key: str | None = None
    language: str | None = None
    theme: Theme = "auto"
    shown: str = "24h"
    refused: bool = False
    left: bool = False
    wanted: str = "/"
    used: float = field(default_factory=time.monotonic)


class Sessions:
    """The sessions by the browser's id, which travels in a signed cookie; of too many the oldest go first."""

    def __init__(self, lasts: float = LASTS) -> None:
        self._lasts = lasts
        self._by_browser: dict[str, Session] = {}

    def __len__(self) -> int:
        return len(self._by_browser)

    def of(self, browser: str, moment: float) -> Session:
        """The browser's session, a new one where it has none, or none of late; `moment` is time.monotonic()."""
        session = self._by_browser.pop(browser, None)
        if session is None or moment - session.used > self._lasts:
            session = Session()
        session.used = moment
        self._by_browser[browser] = session
        self._forget(moment)
        return session

    def end(self, browser: str) -> None:
        """Log out: the key is gone, the preferences stay."""
        if session := self._by_browser.get(browser):
            session.key, session.left = None, True

    def _forget(self, moment: float) -> None:
        # Kept in the order of use, so the first ones are those to go.
        for browser, session in list(self._by_browser.items()):
            if moment - session.used <= self._lasts and len(self._by_browser) <= MOST:
                break
            del self._by_browser[browser]
