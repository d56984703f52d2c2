"""Gets one file over http or https; what does not work is a value, not an exception."""

import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from http.client import HTTPException

LARGEST = 20_000_000
"""Bytes of a plan or calendar, at most."""

PATIENCE = 20.0
"""Real seconds that an address gets to answer."""


@dataclass(frozen=True, slots=True)
class Got:
    """A body, and its entity tag where the server gave one."""

    body: bytes
    tag: str | None = None


@dataclass(frozen=True, slots=True)
class Unchanged:
    """The server's copy is the one that we have."""


@dataclass(frozen=True, slots=True)
class Failed:
    """Why there is no newer copy, and what to do."""

    reason: str


Answer = Got | Unchanged | Failed
Fetch = Callable[[str, str | None, str | None], Answer]
"""Of an address, a token and the tag of the last copy."""


def fetch(url: str, token: str | None = None, tag: str | None = None) -> Answer:
    """One GET over http or https; redirects are followed, to http and https alone. Blocks: call it in a thread."""
    if not url.startswith(("http://", "https://")):
        return Failed(f"{url}: only http and https are fetched")
    headers = {"User-Agent": "thirdshift", "Accept": "text/calendar, application/json, text/csv, */*"}
    headers |= {"If-None-Match": tag} if tag else {}
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 - the scheme was checked
    if token:
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    try:
        with _opener().open(request, timeout=PATIENCE) as answer:
            body = answer.read(LARGEST + 1)
            if len(body) > LARGEST:
                return Failed(f"{url}: is larger than {LARGEST:,} bytes; ask for the coming months only")
            return Got(body, answer.headers.get("ETag"))
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == HTTPStatus.NOT_MODIFIED:
            return Unchanged()
        return Failed(f"{url}: answers {error.code} {error.reason}; check the address and its token")
    except (OSError, ValueError, HTTPException) as error:
        return Failed(f"{url}: does not answer: {error}; check the address and the network")


def _opener() -> urllib.request.OpenerDirector:
    """Without the handlers for files and FTP, which a redirect could otherwise reach."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.UnknownHandler,
    ):
        opener.add_handler(handler())
    return opener
