"""The last good copies of plans and calendars: fetched, kept over a restart, and never replaced by a bad one."""

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from edge.ageing import Belief
from edge.copied import Copied
from edge.errors import FileInvalid
from edge.feeds import Feeds
from edge.fetch import Failed, Got, Unchanged, fetch
from edge.secret import Vault
from edge.trouble import Trouble
from gateway.capacity import Confidence
from gateway.clock import Clock

NOW = datetime(2026, 3, 2, 8, tzinfo=UTC)


@dataclass
class Office:
    """A plant's web server: what it answers, and what it was asked."""

    url: str = ""
    status: int = 200
    body: bytes = b"plan"
    tag: str | None = '"1"'
    location: str = ""
    asked: list[dict[str, str]] = field(default_factory=list)


@pytest.fixture
def office() -> Iterator[Office]:
    found = Office()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found.asked.append(dict(self.headers.items()))
            same = found.tag and self.headers.get("If-None-Match") == found.tag
            status = 304 if same else found.status
            self.send_response(status)
            if found.location:
                self.send_header("Location", found.location)
            if found.tag:
                self.send_header("ETag", found.tag)
            self.send_header("Content-Length", "0" if status == 304 else str(len(found.body)))
            self.end_headers()
            if status != 304:
                self.wfile.write(found.body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.url = f"http://127.0.0.1:{server.server_port}/plan.csv"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield found
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_there_is_got_and_not_twice(office: Office) -> None:
    assert fetch(office.url) == Got(b"plan", '"1"')
    assert fetch(office.url, None, '"1"') == Unchanged()


def test_a_token_goes_to_its_own_address_only(office: Office) -> None:
    fetch(office.url, "secret-token")
    assert office.asked[-1]["Authorization"] == "Bearer secret-token"
    office.status, office.location = 302, office.url + "?moved"
    fetch(office.url, "secret-token")
    assert all("Authorization" not in asked for asked in office.asked[2:])


@pytest.mark.parametrize(("status", "complaint"), [(401, "answers 401"), (500, "answers 500")])
def test_a_refusal_is_a_value_that_says_what_to_do(office: Office, status: int, complaint: str) -> None:
    office.status = status
    found = fetch(office.url)
    assert isinstance(found, Failed)
    assert complaint in found.reason
    assert "check the address" in found.reason


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/plan.csv", "file:///etc/passwd"])
def test_what_is_not_there_or_no_web_address_is_a_value_too(url: str) -> None:
    assert isinstance(fetch(url), Failed)


def test_no_redirect_leads_to_a_file(office: Office) -> None:
    office.status, office.location = 302, "file:///etc/passwd"
    assert isinstance(fetch(office.url), Failed)


def test_what_is_too_large_is_not_swallowed(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.fetch.LARGEST", 3)
    found = fetch(office.url)
    assert isinstance(found, Failed)
    assert "larger than" in found.reason


def strict(body: bytes) -> None:
    if body.startswith(b"odd"):
        raise AttributeError(body)
    if body.startswith(b"bad"):
        msg = "plan:1: nobody can read it"
        raise FileInvalid(msg)


@pytest.fixture
def follow(office: Office, tmp_path: Path) -> Callable[..., Feeds]:
    """Feeds of the office's plan, as they are after a start at NOW and so many hours."""

    def make(hours: float = 0.0) -> Feeds:
        clock = Clock(1e-6, 0.0, NOW + timedelta(hours=hours) - timedelta(seconds=1e-6 * 1.8e9))
        return Feeds({Copied(url=office.url): [strict]}, tmp_path / "feeds", clock, Trouble(), Vault(tmp_path, {}))

    return make


async def look(feeds: Feeds) -> tuple[bytes, float] | None:
    """The last good copy after one fetch, and its age in hours since NOW."""
    (source,) = feeds.checks
    await feeds.refresh(source)
    copy = feeds.copies.get(source.place)
    return copy and (copy.body, round((copy.as_of - NOW) / timedelta(hours=1), 1))


async def test_a_feed_that_is_down_leaves_the_last_good_plan_which_ages(office: Office, follow: Any) -> None:
    assert await look(follow()) == (b"plan", 0.0)
    office.status, office.tag = 503, None
    later = follow(hours=3)
    assert await look(later) == (b"plan", 0.0), "also after a restart"
    assert "the last good copy ages" in later.trouble.now[f"feed/{office.url}"]
    office.status = 200
    assert await look(later) == (b"plan", 3.0)
    assert not later.trouble.now


async def test_a_copy_that_nobody_can_read_replaces_no_good_one(office: Office, follow: Any) -> None:
    await look(follow())
    for number, body in enumerate((b"bad", b"odd: a fault of ours")):
        office.body, office.tag = body, f'"{number + 2}"'
        assert await look(follow(hours=1)) == (b"plan", 0.0)
    assert await look(follow(hours=2)) == (b"plan", 0.0)


async def test_a_plan_that_is_unchanged_is_as_good_as_new(office: Office, follow: Any) -> None:
    await look(follow())
    assert await look(follow(hours=5)) == (b"plan", 5.0)
    assert office.asked[-1]["If-None-Match"] == '"1"'


async def test_a_kept_copy_that_somebody_damaged_is_none(office: Office, follow: Any, tmp_path: Path) -> None:
    await look(follow())
    (body,) = (tmp_path / "feeds").glob("*.body")
    body.write_bytes(b"planned otherwise")
    office.status, office.tag = 503, None
    assert await look(follow(hours=1)) is None


def test_a_file_that_goes_away_leaves_its_last_good_copy(tmp_path: Path) -> None:
    path = tmp_path / "plan.csv"
    path.write_bytes(b"plan")
    source = Copied(file=path)
    feeds = Feeds({source: [strict]}, None, Clock(), Trouble())
    feeds.first()
    before = feeds.copies[source.place]
    path.write_bytes(b"bad")
    feeds.look()
    assert feeds.copies[source.place] == before
    path.unlink()
    feeds.look()
    assert feeds.copies[source.place] == before
    path.write_bytes(b"plan, again")
    feeds.look()
    assert feeds.copies[source.place].body == b"plan, again"
    assert not feeds.trouble.now


def test_a_config_that_names_a_file_that_is_not_there_is_refused_at_the_start(tmp_path: Path) -> None:
    feeds = Feeds({Copied(file=tmp_path / "plan.csv"): []}, None, Clock(), Trouble())
    with pytest.raises(FileInvalid, match="cannot be read"):
        feeds.first()


@pytest.mark.parametrize(
    ("hours", "sure"),
    [(-5, 5), (0, 5), (0.9, 5), (1, 4), (8.5, 4), (8.7, 3), (16.3, 3), (16.4, 2), (23.9, 2), (24, None)],
)
def test_confidence_falls_with_age_down_to_nothing(hours: float, sure: int | None) -> None:
    belief = Belief("plan", NOW, timedelta(hours=1), timedelta(hours=24))
    now = NOW + timedelta(hours=hours)
    assert belief.confidence(now) == (None if sure is None else Confidence(sure))
    turn = belief.turn(now)
    assert (turn is None) == (sure is None)
    if turn is not None:
        assert belief.confidence(turn) != belief.confidence(turn - timedelta(seconds=1))


def test_what_was_never_read_is_believed_in_nothing() -> None:
    assert Belief("plan", None, timedelta(hours=1), timedelta(hours=24)).confidence(NOW) is None
