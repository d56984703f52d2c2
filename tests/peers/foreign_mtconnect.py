"""A foreign MTConnect agent as a pytest plugin: the library `mtconnect` of another author, served on loopback."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from absent import absent_peer
from mortal import Mortal

FOLDER = Path(__file__).parent / "mtconnect"
PACKAGES = FOLDER / "packages"


@dataclass
class ForeignAgent(Mortal):
    """One running agent: a lathe with availability, execution, modes, emergency stop and one condition."""

    port: int = 0
    process: "subprocess.Popen[bytes] | None" = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> "ForeignAgent":
        self.process = subprocess.Popen(
            [sys.executable, "agent.py", str(self.port)],
            cwd=FOLDER,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "the foreign agent did not start"
        self.port = json.loads(line)["port"]
        return self

    def say(self, item: str, value: str) -> None:
        """Let the machine's data item take a value."""
        body = json.dumps({"item": item, "value": value}).encode()
        request = urllib.request.Request(self.url, data=body, method="POST")  # noqa: S310 - loopback
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310
            pass


@pytest.fixture(scope="session")
def mtconnect_software() -> Path:
    """The foreign library's wheel, fetched by its lock where that is still to be done; it is imported as it is."""
    if not list(PACKAGES.glob("mtconnect-*.whl")):
        fetch = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes"]
        done = subprocess.run(
            [*fetch, "--dest", str(PACKAGES), "-r", str(FOLDER / "requirements.txt")],
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        if done.returncode:
            absent_peer(f"foreign MTConnect agent: `pip download` failed: {done.stderr.strip()[-300:]}")
    return PACKAGES


@pytest.fixture
def foreign_agent(mtconnect_software: Path) -> Iterator[ForeignAgent]:
    """A foreign agent that runs; restart it on its port with `start`."""
    agent = ForeignAgent().start()
    yield agent
    agent.wake()
    agent.kill()
