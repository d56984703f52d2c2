"""Sessions live in memory, and not for ever."""

import subprocess
import sys

import pytest

from cloud.dashboard.app import create_app, loopback
from cloud.dashboard.sessions import Sessions
from gateway.errors import UsageError


def test_a_browser_gets_its_own_session_again():
    sessions = Sessions()
    sessions.of("a", 0).key = "ts_test_a"
    assert sessions.of("a", 10).key == "ts_test_a"
    assert sessions.of("b", 10).key is None


def test_a_session_that_nobody_used_for_long_is_gone_and_its_memory_too():
    sessions = Sessions(lasts=100)
    sessions.of("a", 0).key = "ts_test_a"
    sessions.of("b", 50).key = "ts_test_b"
    assert sessions.of("a", 101).key is None
    sessions.of("c", 140)
    assert sessions.of("b", 149).key == "ts_test_b"
    sessions.of("c", 300)
    assert len(sessions) == 1


def test_logging_out_forgets_the_key_and_keeps_the_preferences():
    sessions = Sessions()
    session = sessions.of("a", 0)
    session.key, session.language = "ts_test_a", "zh"
    sessions.end("a")
    assert (sessions.of("a", 1).key, sessions.of("a", 1).language) == (None, "zh")


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
            create_app("http://127.0.0.1:1", host, "ts_test_x")


def test_the_dashboard_s_process_holds_no_database_code():
    forbidden = "{'asyncpg', 'sqlalchemy', 'alembic', 'cloud.db', 'cloud.app', 'paho'}"
    code = f"import sys, cloud.dashboard.__main__; sys.exit(str({forbidden} & set(sys.modules) or ''))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert found.stderr.strip() == ""
