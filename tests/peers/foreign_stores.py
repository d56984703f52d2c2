"""Fixtures: the time series engines of Debian, each started once a session on a free port; and any InfluxDB 2 or 3."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest
from absent import absent_peer

from cloud.telemetry.engine import Place, answered, away
from gateway.ports import free_port

OTHER = "THIRDSHIFT_TEST_INFLUX"
"""An InfluxDB 2 or 3 to test against as well: http://HOST:8086?bucket=NAME&org=NAME&token=TOKEN."""


@dataclass
class Engine:
    """A server of ours to start, kill and start again on its own data."""

    command: list[str]
    url: str
    health: str
    folder: Path
    process: subprocess.Popen[bytes] | None = field(default=None, repr=False)

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(self.command, cwd=self.folder, stdout=log, stderr=log)
        deadline = time.monotonic() + 60
        while True:
            try:
                with urllib.request.urlopen(self.url + self.health, timeout=5):  # noqa: S310 - our own
                    return
            except OSError as error:
                if time.monotonic() > deadline or self.process.poll() is not None:
                    said = (self.folder / "log").read_text(errors="replace")[-2000:]
                    msg = f"{self.command[0]} does not answer: {said}"
                    raise RuntimeError(msg) from error
            time.sleep(0.1)

    def kill(self) -> None:
        """As a power cut would end it."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        self._end(signal.SIGTERM)

    def _end(self, how: signal.Signals) -> None:
        if self.process:
            self.process.send_signal(how)
            self.process.wait(30)
            self.process = None


def _folder(kind: str) -> Path:
    memory = Path("/dev/shm")  # noqa: S108 - a folder of our own is made in it
    return Path(tempfile.mkdtemp(prefix=f"thirdshift-{kind}-", dir=memory if os.access(memory, os.W_OK) else None))


def victoria_engine() -> Engine:
    binary = shutil.which("victoria-metrics")
    if binary is None:
        absent_peer("VictoriaMetrics (apt-get install victoria-metrics)")
    folder, port = _folder("victoria"), free_port()
    flags = [f"-httpListenAddr=127.0.0.1:{port}", f"-storageDataPath={folder / 'data'}", "-retentionPeriod=100y"]
    flags += ["-dedup.minScrapeInterval=1ms", "-search.latencyOffset=1ms", "-memory.allowedBytes=200MB"]
    return Engine([binary, *flags], f"http://127.0.0.1:{port}", "/health", folder)


def influx_engine() -> Engine:
    binary = shutil.which("influxd") or shutil.which("influxd", path="/usr/sbin")
    if binary is None:
        absent_peer("InfluxDB 1 (apt-get install influxdb)")
    folder, port, inner = _folder("influx"), free_port(), free_port()
    config = folder / "influxdb.conf"
    config.write_text(
        f'reporting-disabled = true\nbind-address = "127.0.0.1:{inner}"\n[meta]\ndir = "{folder}/meta"\n[data]\n'
        f'dir = "{folder}/data"\nwal-dir = "{folder}/wal"\nquery-log-enabled = false\n'
        "[monitor]\nstore-enabled = false\n"
        f'[http]\nbind-address = "127.0.0.1:{port}"\nlog-enabled = false\n'
    )
    return Engine([binary, "-config", str(config)], f"http://127.0.0.1:{port}", "/ping", folder)


def _running(engine: Engine) -> Iterator[Engine]:
    try:
        engine.start()
        yield engine
    finally:
        engine.stop()
        shutil.rmtree(engine.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def victoria() -> Iterator[Engine]:
    """A VictoriaMetrics."""
    yield from _running(victoria_engine())


@pytest.fixture
def victoria_alone() -> Iterator[Engine]:
    """One that a test may kill."""
    yield from _running(victoria_engine())


@pytest.fixture(scope="session")
def influx() -> Iterator[Engine]:
    """An InfluxDB 1."""
    yield from _running(influx_engine())


@pytest.fixture
def influx_alone() -> Iterator[Engine]:
    """One that a test may kill."""
    yield from _running(influx_engine())


@pytest.fixture
def influx_other() -> Place:
    """An InfluxDB 2 or 3 that somebody runs."""
    wanted = os.environ.get(OTHER)
    if wanted is None:
        pytest.skip(f"no InfluxDB 2 or 3: {OTHER} names none")
    parts = urlsplit(wanted)
    given = {name: values[0] for name, values in parse_qs(parts.query).items()}
    return Place(f"{parts.scheme}://{parts.netloc}", **given)


class OldWriter:
    """Writes to /write, as Debian's InfluxDB knows nothing of /api/v2/write."""

    def __init__(self, place: Place) -> None:
        self.place = place
        self.client = httpx2.AsyncClient(timeout=10)

    async def write(self, body: bytes) -> None:
        query = {"db": self.place.bucket, "precision": "u"}
        try:
            answer = await self.client.post(self.place.url + "/write", params=query, content=body)
        except httpx2.HTTPError as error:
            raise away(self.place, error) from error
        if answer.status_code != 204:
            raise answered(answer.status_code, answer.text)

    async def close(self) -> None:
        await self.client.aclose()
