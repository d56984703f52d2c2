"""A whole post under fire: PostgreSQL, broker, ingest and a real agent, each a process to be killed and started."""

import asyncio
import base64
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from absent import absent_peer
from fire_evidence import Change, changes, history, log_file, look, register

from cloud import db
from cloud.embedded.postgres import EmbeddedPostgres
from cloud.ids import new_id
from edge.sources.replaylog import read_log
from gateway.ports import free_port

ROOT = Path(__file__).parents[2]
T = TypeVar("T")


@dataclass
class Program:
    """A child process of ours, always started by the same command."""

    name: str
    argv: Sequence[str]
    env: Mapping[str, str]
    log: Path
    port: int | None = None
    running: "subprocess.Popen[bytes] | None" = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.running = subprocess.Popen(
                self.argv, env={**os.environ, **self.env}, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=ROOT
            )

    def kill(self) -> None:
        if self.running:
            self.running.kill()
            self.running.wait()

    @property
    def up(self) -> bool:
        if self.running is None or self.running.poll() is not None:
            return False
        return self.port is None or _listens(self.port)


@dataclass
class Postgres:
    """The embedded server. What is killed is its postmaster, as the kernel does when memory runs out."""

    server: EmbeddedPostgres
    name: str = "postgres"
    _threads: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(1))
    _starting: "Future[None] | None" = None

    def start(self) -> None:
        """In the background, as its recovery takes seconds, in which others may be killed."""
        self._starting = self._threads.submit(self._start)

    def kill(self) -> None:
        os.kill(int((self.server.home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    @property
    def up(self) -> bool:
        return (self._starting is None or self._starting.done()) and self.server.running() is not None

    def remove(self) -> None:
        self._threads.shutdown()
        self.server.remove()

    def _start(self) -> None:
        self.server.stop()
        self.server.start()


@dataclass
class Kill:
    """One kill: whom, and how many messages the agent had sent or written and nobody had acknowledged."""

    victim: str
    in_flight: int
    at: float


@dataclass
class Theatre:
    """All four processes over one folder, and what the cloud should end up with."""

    folder: Path
    postgres: Postgres
    broker: Program
    ingest: Program
    agent: Program
    expected: Mapping[str, Sequence[Change]]
    ends: Mapping[str, str]
    config: Path
    dsn: str
    kills: list[Kill] = field(default_factory=list)

    @property
    def victims(self) -> list[Program | Postgres]:
        return [self.agent, self.broker, self.ingest, self.postgres]

    def await_traffic(self, within: float = 60.0) -> None:
        """Until the first changes have come all the way: before that, a kill strikes nothing."""
        deadline = time.monotonic() + within
        while not _outside(history, self.dsn):
            assert time.monotonic() < deadline, self.words()
            time.sleep(0.2)

    def strike(self, victim: Program | Postgres) -> None:
        """kill -9 while the agent stands still, so that the count is that of the very moment; then start it again."""
        with self._standing_still():
            self.kills.append(Kill(victim.name, look(self.folder).unacknowledged, time.monotonic()))
            victim.kill()
        victim.start()

    def fire(self, random: Random, kills: int, pause: tuple[float, float], only: str = "") -> None:
        """So many more kills at random moments, each of a victim that is up; everyone gets about the same share."""
        deck: list[Program | Postgres] = []
        for _ in range(kills):
            time.sleep(random.uniform(*pause))
            deck = deck or random.sample([each for each in self.victims if only in each.name], 1 if only else 4)
            self._await_up(deck[-1])
            self.strike(deck.pop())

    def _await_up(self, victim: Program | Postgres, within: float = 60.0) -> None:
        deadline = time.monotonic() + within
        while not victim.up:
            assert time.monotonic() < deadline, f"{victim.name} did not come back by itself\n{self.words()}"
            time.sleep(0.05)

    def hurry(self) -> None:
        """Let the rest of the log pass quickly: the agent starts again with a config that sets no pace."""
        self.agent.kill()
        text = self.config.read_text()
        self.config.write_text(re.sub(r"rate: [0-9.]+", "rate: 400", text))
        self.agent.start()

    def settle(self, within: float) -> dict[str, list[Change]]:
        """The cloud's history, as the post delivered it, once the whole log is told and acknowledged."""
        deadline = time.monotonic() + within
        while time.monotonic() < deadline:
            with self._standing_still():
                seen = look(self.folder)
            if seen.unacknowledged == 0 and seen.cursors == self.ends:
                break
            time.sleep(0.3)
        time.sleep(1.0)
        return _outside(history, self.dsn)

    def words(self) -> str:
        """The last that each process said, for a failure's message."""
        return "\n".join(
            f"--- {each}\n{(self.folder / each).read_text()[-1500:]}" for each in ("agent.log", "ingest.log")
        )

    @contextmanager
    def _standing_still(self) -> Iterator[None]:
        agent = self.agent.running
        alive = agent is not None and agent.poll() is None
        if agent and alive:
            agent.send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            if agent and agent.poll() is None:
                agent.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        for program in (self.agent, self.ingest, self.broker):
            program.kill()
        self.postgres.remove()


@contextmanager
def theatre(machines: int, rate: float, *, amqtt: bool = False, ingest: Sequence[str] = ()) -> Iterator[Theatre]:
    """Everything started. `machines` replay the log at `rate` changes a second altogether.

    `ingest`: the command of another ingest. The broker is Mosquitto without persistence where there is one.
    """
    folder = Path(tempfile.mkdtemp(prefix="thirdshift-fire-"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / "pg")
    made: Theatre | None = None
    try:
        dsn = server.start()
        _outside(db.migrate, dsn, server.passwords)
        made = _build(folder, server, dsn, _Wishes(machines, rate, amqtt, tuple(ingest)))
        for program in (made.broker, made.ingest, made.agent):
            program.start()
        made.await_traffic()
        yield made
    finally:
        if made:
            made.stop()
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)


@dataclass(frozen=True)
class _Wishes:
    machines: int
    rate: float
    amqtt: bool
    ingest: tuple[str, ...]


def _build(folder: Path, server: EmbeddedPostgres, dsn: str, wishes: _Wishes) -> Theatre:
    path = log_file(folder)
    log = read_log(path, ZoneInfo("UTC"))
    machines = sorted(log)
    names = {
        f"{'ABCDEFGH'[n // len(log)]}-{machines[n % len(log)]}": machines[n % len(log)] for n in range(wishes.machines)
    }
    total = sum(len(log[of]) for of in names.values())
    agent, key, port = new_id("agt"), os.urandom(32), free_port()
    _outside(register, dsn, agent, key)
    # Machines with longer logs go faster, so that all of them end together.
    rates = {name: wishes.rate * len(log[of]) / total for name, of in names.items()}
    config = folder / "agent.yaml"
    config.write_text(_config(agent, port, path, names, rates))
    python, environment = sys.executable, {"AGENT_KEY": base64.b64encode(key).decode()}
    cloud = {
        "THIRDSHIFT_INGEST_DSN": db.as_role(dsn, "ts_ingest", server.passwords["ts_ingest"]),
        "THIRDSHIFT_MQTT_PORT": str(port),
        "THIRDSHIFT_DATA_DIR": str(folder),
    }
    run_agent = "from pathlib import Path; import sys; from edge.cli import app; app()"
    return Theatre(
        folder,
        Postgres(server),
        Program("broker", _broker(folder, port, amqtt=wishes.amqtt), {}, folder / "broker.log", port),
        Program("ingest", wishes.ingest or (python, "-m", "cloud.ingest"), cloud, folder / "ingest.log"),
        Program("agent", (python, "-c", run_agent, "run", str(config)), environment, folder / "agent.log"),
        {name: changes(log[of]) for name, of in names.items()},
        {name: log[of][-1].at.isoformat() for name, of in names.items()},
        config,
        dsn,
    )


def _broker(folder: Path, port: int, *, amqtt: bool) -> Sequence[str]:
    found = shutil.which("mosquitto", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if found is None and not amqtt:
        absent_peer("mosquitto (apt-get install mosquitto)")
    if amqtt or found is None:
        return (sys.executable, "-m", "cloud.embedded.broker", "--port", str(port))
    config = folder / "mosquitto.conf"
    config.write_text(f"listener {port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
    return (found, "-c", str(config))


def _config(agent: str, port: int, log: Path, names: Mapping[str, str], rates: Mapping[str, float]) -> str:
    lines = [f"agent: {agent}", "link: {id: k1, secret: env:AGENT_KEY}", f"broker: {{host: 127.0.0.1, port: {port}}}"]
    lines += ["data: data", "machines:"]
    for name, of in names.items():
        lines += [f"  {name}:", "    profile: replay"]
        lines += [f"    source: {{type: replay, file: {log}, machine: {of}, rate: {rates[name]:.6f}}}"]
    return "\n".join(lines) + "\n"


def _listens(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(0.2)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def _outside(work: Callable[..., Coroutine[Any, Any, T]], *given: Any) -> T:
    """Run a coroutine function to its end in a thread of its own."""
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(asyncio.run, work(*given)).result()
