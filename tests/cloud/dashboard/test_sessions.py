"""Sessions live in memory, and not for ever."""

import subprocess
import sys

import pytest

from cloud.accounts.trust import loopback
from cloud.config import Settings
from cloud.dashboard.app import create_app
from cloud.dashboard.entry import for_everybody
from cloud.dashboard.sessions import Sessions
from gateway.errors import UsageError

A, B = (for_everybody("http://127.0.0.1:1", f"ts_test_{name}") for name in "ab")


def test_a_browser_gets_its_own_session_again():
    sessions = Sessions()
    sessions.of("a", 0).login = A
    assert sessions.of("a", 10).login is A
    assert sessions.of("b", 10).login is None


def test_a_session_that_nobody_used_for_long_is_gone_and_its_memory_too():
    sessions = Sessions(lasts=100)
    sessions.of("a", 0).login = A
    sessions.of("b", 50).login = B
    assert sessions.of("a", 101).login is None
    sessions.of("c", 140)
    assert sessions.of("b", 149).login is B
    sessions.of("c", 300)
    assert len(sessions) == 1


def test_however_many_strangers_come_they_log_nobody_out(monkeypatch):
    monkeypatch.setattr("cloud.dashboard.sessions.MOST", 5)
    sessions = Sessions()
    sessions.of("a", 0).login = A
    for number in range(20):
        sessions.of(f"stranger {number}", 1 + number)
    assert len(sessions) == 5
    assert sessions.of("a", 30).login is A


def test_logging_out_forgets_the_key_and_keeps_the_preferences():
    sessions = Sessions()
    session = sessions.of("a", 0)
    session.login, session.language = A, "zh"
    sessions.end("a")
    assert (sessions.of("a", 1).login, sessions.of("a", 1).language) == (None, "zh")


def test_logging_in_moves_the_session_to_an_id_that_nobody_had_before():
    sessions = Sessions()
    sessions.of("known to somebody else", 0).language = "zh"
    session = sessions.begin("known to somebody else", "fresh", A)
    assert sessions.of("fresh", 1) is session
    assert session.language == "zh"
    assert sessions.of("known to somebody else", 1).login is None


def test_logging_out_without_a_session_is_nothing():
    Sessions().end("nobody")


@pytest.mark.parametrize(
    ("host", "only_here"),
    [("127.0.0.1", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("plant.example", False)],  # noqa: S104
)
def test_a_key_for_everybody_is_refused_where_others_could_reach_it(host, only_here):
    assert loopback(host) is only_here
    if not only_here:
        with pytest.raises(UsageError, match="THIRDSHIFT_DASHBOARD_KEY"):
            create_app(Settings(dashboard_host=host), "ts_test_x")


def test_the_dashboard_s_process_holds_no_database_code():
    forbidden = "{'asyncpg', 'sqlalchemy', 'alembic', 'cloud.db', 'cloud.app', 'paho'}"
    code = f"import sys, cloud.dashboard.__main__; sys.exit(str({forbidden} & set(sys.modules) or ''))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.stderr.strip() == ""
