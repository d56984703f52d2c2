"""An identity provider that is not ours: oidc-provider from npm."""

import subprocess
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from npm import installed

from gateway.ports import free_port

FOLDER = Path(__file__).parent / "openid"


@dataclass(frozen=True)
class ForeignProvider:
    """Where it is, and what it knows our dashboard as."""

    issuer: str
    client_id: str = "thirdshift-dashboard"
    secret: str = "of this test alone, and long enough for it"


@contextmanager
def running(redirect_uri: str) -> Iterator[ForeignProvider]:
    folder = installed(FOLDER, "oidc-provider", "the foreign identity provider oidc-provider", "--ignore-scripts")
    found = ForeignProvider(f"http://127.0.0.1:{(port := free_port())}")
    command = ["node", "provider.mjs", str(port), found.client_id, found.secret, redirect_uri]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        for line in process.stdout:
            if "ready" in line:
                break
        assert process.poll() is None, "the foreign identity provider did not start"
        yield found
    finally:
        process.terminate()
        process.wait(10)
        if process.stdout:
            process.stdout.close()


@pytest.fixture(scope="session")
def foreign_provider() -> Callable[[str], AbstractContextManager[ForeignProvider]]:
    """Runs one that sends people back to the address given."""
    return running
