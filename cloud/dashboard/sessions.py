"""Who is logged in: each browser's log-in and preferences, in this process's memory only, never on disk or in a URL."""

import time
from dataclasses import dataclass, field
from typing import Literal

from cloud.dashboard.credentials import Login

Theme = Literal["auto", "light", "dark"]

LASTS = 12 * 3600.0
"""Seconds (real) without a page after which a session is forgotten."""

MOST = 10_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What only who began to log in at the identity provider knows (OpenID Connect Core 1.0, 3.1.2.1; RFC 7636)."""

    state: str
    nonce: str
    verifier: str
    enterprise: str = ""


@dataclass(slots=True)
class Session:
    """One browser. Without a log-in it is nobody's, but its preferences hold on the log-in page already.

    `refused`: the registry stopped accepting it. `left`: it logged out. `problem`: the dictionary's entry that the
    log-in page is to say. `asked`: what an identity provider was asked for, until it answers. `pages`: how many
    are open. `wanted`: the path of the page that it asked for before it had logged in. `sought`: the enterprise that it
    comes to by single sign-on, where it has said so. `way_out`: where who has logged out here may do so at the
    identity provider too.
    """

    login: Login | None = None
    language: str | None = None
    theme: Theme = "auto"
    shown: str = "24h"
    timeline: bool = False
    refused: bool = False
    left: bool = False
    pages: int = 0
    wanted: str = "/"
    problem: str = ""
    asked: Asked | None = None
    sought: str = ""
    way_out: str = ""
    used: float = field(default_factory=time.monotonic)


class Sessions:
    """The sessions by the browser's id, which travels in a signed cookie; of too many the oldest strangers go first."""

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

    def begin(self, browser: str, fresh: str, login: Login) -> Session:
        """Somebody logged in: from now on the session is found by an id that nobody had before (session fixation)."""
        session = self._by_browser.pop(browser, None) or Session()
        session.login, session.left, session.refused, session.problem, session.asked = login, False, False, "", None
        session.way_out = ""
        self._by_browser[fresh] = session
        return session

    def end(self, browser: str) -> Login | None:
        """Log out: the log-in is gone, which is to be closed; the preferences stay."""
        session = self._by_browser.get(browser)
        if session is None:
            return None
        login, session.login, session.left = session.login, None, True
        session.way_out = login.way_out if login else ""
        return login

    def logged_in(self) -> list[Session]:
        """All of those who are."""
        return [session for session in self._by_browser.values() if session.login]

    def _forget(self, moment: float) -> None:
        # Kept in the order of use, so the first ones are those to go.
        for browser, session in list(self._by_browser.items()):
            if moment - session.used <= self._lasts:
                break
            del self._by_browser[browser]
        if len(self._by_browser) > MOST:
            *others, _ = self._by_browser
            # Strangers first: whoever asks for the log-in page often enough must log nobody out.
            stranger = next((browser for browser in others if not self._by_browser[browser].login), others[0])
            del self._by_browser[stranger]
