"""Which database a process means: it needs its own role's address, and no other's."""

import os
import subprocess
import sys
import time

import httpx2
import pytest

from cloud.config import Settings
from cloud.connection import resolved
from gateway.errors import UsageError
from gateway.ports import free_port


@pytest.mark.parametrize(("given", "needed"), [("api_dsn", "api_dsn"), ("ingest_dsn", "ingest_dsn")])
def test_the_address_of_its_own_role_is_all_that_a_process_needs(tmp_path, given, needed):
    settings = Settings(data_dir=tmp_path, **{given: "postgresql://role@127.0.0.1:1/none"})
    assert resolved(settings, needed) == settings


def test_without_it_and_without_a_database_it_says_what_to_set(tmp_path):
    settings = Settings(data_dir=tmp_path, ingest_dsn="postgresql://role@127.0.0.1:1/none")
    with pytest.raises(UsageError, match="THIRDSHIFT_API_DSN"):
        resolved(settings, "api_dsn")


def test_the_api_serves_with_its_own_address_alone(database, tmp_path):
    port = free_port()
    given = {"THIRDSHIFT_API_DSN": database.api_dsn, "THIRDSHIFT_API_PORT": str(port)}
    kept = {name: value for name, value in os.environ.items() if not name.startswith("THIRDSHIFT_")}
    environment = {**kept, **given, "THIRDSHIFT_DATA_DIR": str(tmp_path)}
    with subprocess.Popen([sys.executable, "-m", "cloud.server"], env=environment) as server:
        try:
            assert _healthy(port, server)
        finally:
            server.terminate()


def _healthy(port, server):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and server.poll() is None:
        try:
            return httpx2.get(f"http://127.0.0.1:{port}/v1/health").status_code == 200
        except httpx2.TransportError:
            time.sleep(0.1)
    return False
