"""A PostgreSQL of our own: made, started, taken over, and stopped without a trace but its data."""

import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Any

from cloud.embedded.account import account, home_of
from cloud.embedded.binaries import Binaries, find
from cloud.embedded.manner import SETTINGS, locale
from cloud.embedded.process import locked, sync_folder, works_in, write_private
from cloud.errors import CloudError
from gateway.ports import free_port

SUPERUSER = "thirdshift"
DATABASE = "thirdshift"
ROLES = ("ts_api", "ts_ingest")
MAX_LOG_BYTES = 10_000_000
PORT_PATIENCE_S = 3.0


class PostgresFailed(CloudError):
    """The database could not be made, started or stopped; the message ends with what PostgreSQL said."""

    code = "postgres.failed"


class EmbeddedPostgres:
    """One database server for one data folder, owned by one process at a time.

    `start` returns the superuser's DSN. A server that a killed owner left running is taken over; one that a crash left
    half-dead recovers. `stop` ends it cleanly. The port stays the same from start to start, if nobody else takes it.
    `passwords` has those of the roles ts_api and ts_ingest, for cloud.db.migrate and cloud.db.as_role. As root it runs
    as the system user `thirdshift`; see account.home_of for where its files are then.
    """

    def __init__(self, data_dir: Path, *, binaries: Binaries | None = None, start_timeout: float = 60.0) -> None:
        self._account = account()
        self._home = home_of(data_dir, self._account)
        self._binaries = binaries or find()
        self._timeout = start_timeout
        self._lock: IO[str] | None = None

    @property
    def home(self) -> Path:
        """Where cluster, log and secrets are."""
        return self._home

    @property
    def passwords(self) -> dict[str, str]:
        """The passwords of the login roles, by role."""
        known = self._secrets()
        return {role: known[role] for role in ROLES}

    def __enter__(self) -> str:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> str:
        """Make the database if there is none, and start it or take it over; its DSN. May be called again after a crash.

        Raises PostgresFailed, FolderInUse.
        """
        self._prepare_home()
        self._lock = self._lock or locked(self._home / "owner.lock")
        try:
            return self._begin()
        except BaseException:
            self._release()
            raise

    def restart(self) -> str:
        """Start again what ended, or ended half; its DSN. Only for its owner, who stays it, also where this fails.

        Letting the lock go in between would lose it: whatever is forked in that moment holds it till its own exec.
        Raises PostgresFailed.
        """
        self._end()
        return self._begin()

    def stop(self) -> None:
        """End the server: clients are dropped, everything is on the disk. Nothing happens if it doesn't run."""
        try:
            self._end()
        finally:
            self._release()

    def _begin(self) -> str:
        if not self._cluster.is_dir():
            self._create()
        self._clear_stale_pid()
        if not self._adopted():
            self._launch()
        dsn = self.running()
        if dsn is None:
            msg = f"PostgreSQL in {self._home} ended right after its start: {self._last_words()}"
            raise PostgresFailed(msg)
        return dsn

    def _end(self) -> None:
        if self._pid() is None:
            return
        stopped = self._ctl("stop", "-m", "fast", "-w", "-t", "30")
        if stopped.returncode != 0 and self._pid() is not None:
            self._ctl("stop", "-m", "immediate", "-w", "-t", "30")

    def running(self) -> str | None:
        """The superuser's DSN of the server of this data folder, whoever started it; None if there is none."""
        lines = self._pid_file()
        if lines is None:
            return None
        return f"postgresql://{SUPERUSER}:{self._secrets()[SUPERUSER]}@127.0.0.1:{lines[3]}/{DATABASE}"

    def remove(self) -> None:
        """Stop it and delete all its files: for demos and tests that keep nothing."""
        self.stop()
        shutil.rmtree(self._home, ignore_errors=True)

    @property
    def _cluster(self) -> Path:
        return self._home / "data"

    @property
    def _log(self) -> Path:
        return self._home / "postgres.log"

    def _prepare_home(self) -> None:
        if not self._home.is_dir():
            self._home.mkdir(mode=0o700)
            self._account.own(self._home)
        if self._log.exists() and self._log.stat().st_size > MAX_LOG_BYTES:
            self._log.replace(self._log.with_suffix(".log.1"))

    def _create(self) -> None:
        """A cluster is made beside its place and moved there whole, so a killed start leaves nothing half-made."""
        staging, password_file = self._home / "data.new", self._home / "password.new"
        shutil.rmtree(staging, ignore_errors=True)
        known = self._make_secrets()
        write_private(password_file, known[SUPERUSER])
        self._account.own(password_file)
        try:
            self._run(
                "initdb",
                "--no-sync",
                "-D",
                staging,
                "-U",
                SUPERUSER,
                f"--pwfile={password_file}",
                *locale(self._binaries.major),
            )
        finally:
            password_file.unlink()
        with (staging / "postgresql.conf").open("a") as file:
            file.writelines(f"{name} = {value}\n" for name, value in SETTINGS.items())
        self._run("postgres", "--single", "-F", "-D", staging, "postgres", stdin=f"CREATE DATABASE {DATABASE};\n")
        self._sync(staging)
        staging.rename(self._cluster)
        sync_folder(self._home)

    def _sync(self, cluster: Path) -> None:
        """Linux waits in sync(2) until all is written; file by file it took 4 s instead of 0.05 on a busy disk."""
        if sys.platform == "linux":
            os.sync()
        else:
            self._run("initdb", "--sync-only", "-D", cluster)

    def _adopted(self) -> bool:
        """Take over what a killed owner left, if it is the PostgreSQL that we would start; stop it otherwise."""
        if self._pid() is None:
            return False
        ours = self._binaries.program("postgres") in (self._cluster / "postmaster.opts").read_text()
        if ours and self._answers():
            return True
        self._ctl("stop", "-m", "fast", "-w", "-t", "30")
        return False

    def _launch(self) -> None:
        """On the port of last time, so that clients which outlived the server find it again; else on another."""
        began = time.monotonic()
        port = self._last_port() or free_port()
        while True:
            started = self._ctl("start", "-w", "-t", str(int(self._timeout)), "-l", self._log, "-o", f"-p {port}")
            if started.returncode == 0:
                write_private(self._home / "port", str(port))
                return
            waited, words = time.monotonic() - began, self._last_words()
            taken = "Address already in use" in words
            # Both pass by themselves: the last orphans of a killed server, and somebody on our port.
            if not (taken or "still in use" in words) or waited > self._timeout:
                msg = f"PostgreSQL in {self._home} did not start: {words or started.stderr.strip()}"
                raise PostgresFailed(msg)
            if taken and waited > PORT_PATIENCE_S:
                port = free_port()
            time.sleep(0.2)

    def _last_port(self) -> int | None:
        known = self._home / "port"
        return int(known.read_text()) if known.exists() else None

    def _answers(self) -> bool:
        """It is ready for clients, at once or when its recovery is over."""
        deadline = time.monotonic() + self._timeout
        while time.monotonic() < deadline and (lines := self._pid_file()) is not None:
            if lines[-1].strip() == "ready":
                return True
            time.sleep(0.1)
        return False

    def _pid(self) -> int | None:
        lines = self._pid_file()
        return int(lines[0]) if lines else None

    def _pid_file(self) -> list[str] | None:
        """The lines of the server's pid file (1: process, 4: port), if the process is alive and really it."""
        try:
            lines = (self._cluster / "postmaster.pid").read_text().splitlines()
            pid = int(lines[0])
            os.kill(pid, 0)
        except (FileNotFoundError, ProcessLookupError, ValueError, IndexError):
            return None
        except PermissionError:
            pass
        return lines if len(lines) > 3 and works_in(pid, self._cluster) else None

    def _clear_stale_pid(self) -> None:
        """After a crash the number may belong to another program by now; PostgreSQL alone could not tell."""
        if self._pid() is None and (self._cluster / "postmaster.pid").exists():
            (self._cluster / "postmaster.pid").unlink()

    def _ctl(self, action: str, *arguments: object) -> subprocess.CompletedProcess[str]:
        return self._call([self._binaries.program("pg_ctl"), action, "-D", str(self._cluster), *map(str, arguments)])

    def _run(self, program: str, *arguments: object, stdin: str | None = None) -> None:
        done = self._call([self._binaries.program(program), *map(str, arguments)], stdin)
        if done.returncode != 0:
            msg = f"{program} failed in {self._home}: {done.stderr.strip()}"
            raise PostgresFailed(msg)

    def _call(self, command: list[str], stdin: str | None = None) -> subprocess.CompletedProcess[str]:
        given: dict[str, Any] = {"input": stdin} if stdin is not None else {"stdin": subprocess.DEVNULL}
        environment = {"PATH": "/usr/bin:/bin", "LC_ALL": "C"}
        return subprocess.run(  # noqa: S603
            command,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=environment,
            umask=0o077,
            **given,
            **self._account.options(),
        )

    def _secrets(self) -> dict[str, str]:
        known: dict[str, str] = json.loads((self._home / "secrets.json").read_text())
        return known

    def _make_secrets(self) -> dict[str, str]:
        if not (self._home / "secrets.json").exists():
            made = {name: secrets.token_urlsafe(24) for name in (SUPERUSER, *ROLES)}
            write_private(self._home / "secrets.json", json.dumps(made))
        return self._secrets()

    def _last_words(self) -> str:
        if not self._log.exists():
            return ""
        return " | ".join(self._log.read_text(errors="replace").splitlines()[-5:])

    def _release(self) -> None:
        if self._lock:
            self._lock.close()
            self._lock = None
