"""The embedded PostgreSQL: owned properly from its making to its end, whatever happens to its owner or to itself."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import asyncpg
import pytest
from absent import absent_peer
from own_postgres import new_folder

from cloud.embedded.account import account, home_of
from cloud.embedded.binaries import PostgresMissing, find
from cloud.embedded.postgres import EmbeddedPostgres
from cloud.embedded.process import FolderInUse

IS_ROOT = os.geteuid() == 0


@pytest.fixture
def folder():
    made = new_folder()
    yield made
    shutil.rmtree(made)


@pytest.fixture(scope="module")
def cluster():
    """A database that was made and stopped once, to be copied: making one is the slow part."""
    made = new_folder()
    owned = EmbeddedPostgres(made)
    owned.start()
    owned.stop()
    yield owned.home
    owned.remove()
    shutil.rmtree(made)


@pytest.fixture
def server(folder, cluster):
    subprocess.run(["cp", "-a", cluster, folder / "postgres"], check=True)
    (folder / "postgres" / "port").unlink()
    owned = EmbeddedPostgres(folder)
    yield owned
    owned.remove()


def ask(dsn, query, *arguments):
    async def run():
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(query, *arguments)
        finally:
            await connection.close()

    return asyncio.run(run())


def pid_of(server):
    return int((server.home / "data" / "postmaster.pid").read_text().split()[0])


def lock_of(server):
    return server.home / "owner.lock"


def gone(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except FileNotFoundError:
        return True


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_it_starts_stops_and_leaves_no_process_and_no_half_written_file(server):
    dsn = server.start()
    pid = pid_of(server)
    ask(dsn, "CREATE TABLE kept AS SELECT 1 AS x")
    server.stop()
    assert gone(pid)
    left = {path.name for path in server.home.iterdir()}
    assert left == {"data", "secrets.json", "port", "postgres.log", "owner.lock"}
    assert not (server.home / "data" / "postmaster.pid").exists()
    assert ask(server.start(), "SELECT x FROM kept") == 1


def test_it_is_durable_private_and_speaks_to_this_machine_only(server):
    dsn = server.start()
    for name, value in {
        "fsync": "on",
        "synchronous_commit": "on",
        "full_page_writes": "on",
        "listen_addresses": "127.0.0.1",
        "TimeZone": "UTC",
        "server_encoding": "UTF8",
    }.items():
        assert ask(dsn, "SELECT current_setting($1)", name) == value, name
    assert stat.S_IMODE((server.home / "secrets.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(server.home.stat().st_mode) == 0o700
    user, _, rest = dsn.partition("@")
    with pytest.raises(asyncpg.InvalidPasswordError):
        ask(user.rpartition(":")[0] + ":guessed@" + rest, "SELECT 1")


def test_starting_or_stopping_twice_is_no_error(server):
    server.stop()
    assert server.start() == server.start()
    server.stop()
    server.stop()


def test_clients_still_connected_do_not_hold_up_the_stop(server):
    dsn = server.start()

    async def run():
        connection = await asyncpg.connect(dsn)
        await asyncio.to_thread(server.stop)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError, OSError)):
            await connection.fetchval("SELECT 1")

    asyncio.run(run())


def test_two_owners_at_once_are_refused_and_the_message_names_the_first(server, folder):
    server.start()
    with pytest.raises(FolderInUse, match=f"in use by process {os.getpid()}"):
        EmbeddedPostgres(folder).start()


OWNER = textwrap.dedent("""
    import sys, time
    from pathlib import Path
    from cloud.embedded.postgres import EmbeddedPostgres
    print(EmbeddedPostgres(Path(sys.argv[1])).start(), flush=True)
    time.sleep(120)
""")


@pytest.fixture
def orphan(folder):
    """A server whose owner was killed with -9 after it wrote something."""
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True)
    dsn = owner.stdout.readline().strip()
    ask(dsn, "CREATE TABLE kept AS SELECT 1 AS x")
    owner.kill()
    owner.wait()
    owner.stdout.close()
    return dsn


def test_what_a_killed_owner_left_is_taken_over(server, orphan):
    pid = pid_of(server)
    assert server.running() == orphan
    assert server.start() == orphan
    assert (pid_of(server), ask(orphan, "SELECT x FROM kept")) == (pid, 1)
    server.stop()
    assert gone(pid)


def test_a_leftover_of_another_version_is_stopped_first(server, orphan, monkeypatch):
    pid = pid_of(server)
    (server.home / "data" / "postmaster.opts").write_text("/another/postgres\n")
    assert server.start() == orphan
    assert pid_of(server) != pid
    assert gone(pid)


def test_after_a_crash_it_recovers_on_the_same_port(server):
    dsn = server.start()
    ask(dsn, "CREATE TABLE kept AS SELECT 1 AS x")
    pid = pid_of(server)
    os.kill(pid, signal.SIGKILL)
    until(lambda: server.running() is None)
    assert server.start() == dsn
    assert ask(dsn, "SELECT x FROM kept") == 1


def test_a_restart_does_not_let_its_folder_go_while_a_fork_still_holds_the_lock(server):
    """A child forked by another thread has our lock until it becomes its own program: a lock let go is lost to it."""
    dsn = server.start()
    lock = next(link for link in Path("/proc/self/fd").iterdir() if link.exists() and link.samefile(lock_of(server)))
    forked = os.dup(int(lock.name))
    try:
        os.kill(pid_of(server), signal.SIGKILL)
        assert server.restart() == dsn
        server.stop()
        with pytest.raises(FolderInUse):
            server.start()
    finally:
        os.close(forked)


def test_the_number_of_a_dead_server_may_be_somebody_elses_now(server):
    """A stale pid file whose number is a living process of another kind: it is neither believed nor signalled."""
    dsn = server.start()
    os.kill(pid_of(server), signal.SIGKILL)
    until(lambda: server.running() is None)
    stranger = subprocess.Popen(["sleep", "60"])
    file = server.home / "data" / "postmaster.pid"
    lines = file.read_text().splitlines()
    file.write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
    assert server.running() is None
    assert server.start() == dsn
    server.stop()
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()


def test_a_making_that_was_killed_half_way_is_begun_again(server):
    shutil.rmtree(server.home / "data")
    (server.home / "data.new").mkdir()
    (server.home / "data.new" / "PG_VERSION").write_text("18\n")
    assert ask(server.start(), "SELECT 1") == 1
    assert not (server.home / "data.new").exists()


def test_no_folder_above_it_changes_its_mode(folder, cluster):
    deep = folder / "one" / "two"
    deep.mkdir(parents=True)
    subprocess.run(["cp", "-a", cluster, deep / "postgres"], check=True)
    for each, mode in ((folder, 0o711), (folder / "one", 0o751), (deep, 0o711)):
        each.chmod(mode)
    before = {each: each.stat().st_mode for each in [deep, *deep.parents]}
    owned = EmbeddedPostgres(deep)
    owned.start()
    owned.remove()
    assert {each: each.stat().st_mode for each in before} == before


@pytest.mark.skipif(not IS_ROOT, reason="only root gives the server another user")
def test_for_root_it_runs_as_an_unprivileged_user(server):
    server.start()
    assert Path(f"/proc/{pid_of(server)}").stat().st_uid == account().uid != 0


@pytest.mark.skipif(not IS_ROOT, reason="only root has folders that its server cannot reach")
def test_a_folder_that_only_root_may_enter_stays_so_and_the_database_lives_elsewhere(folder):
    private = folder / "private"
    private.mkdir(mode=0o700)
    before = {each: each.stat().st_mode for each in [private, *private.parents]}
    owned = EmbeddedPostgres(private)
    try:
        assert ask(owned.start(), "SELECT 1") == 1
        assert owned.home.parent == Path("/var/lib/thirdshift/databases")
        assert home_of(private, account()) == owned.home
        assert {each: each.stat().st_mode for each in before} == before
        assert list(private.iterdir()) == []
    finally:
        owned.remove()


def test_both_supported_versions_are_looked_for_by_number():
    with pytest.raises(PostgresMissing, match=r"no PostgreSQL of version 9"):
        find(9)


def test_a_postgres_of_the_system_serves_as_well(folder):
    try:
        binaries = find(15)
    except PostgresMissing as error:
        absent_peer(f"PostgreSQL 15 (apt-get install postgresql-15): {error}")
    owned = EmbeddedPostgres(folder, binaries=binaries)
    try:
        assert ask(owned.start(), "SHOW server_version_num").startswith("15")
    finally:
        owned.remove()
