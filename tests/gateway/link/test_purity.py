"""The link and its simulated world touch nothing outside: no clock, no socket, no file, no log."""

import ast
from pathlib import Path

import pytest

import gateway

FORBIDDEN = {
    "socket",
    "asyncio",
    "time",
    "os",
    "logging",
    "sqlite3",
    "threading",
    "structlog",
    "paho",
    "pathlib",
    "secrets",
}
FILES = [path for room in ("link", "simulator") for path in sorted((Path(gateway.__file__).parent / room).glob("*.py"))]


def imports(source: str) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


@pytest.mark.parametrize("path", FILES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_module_of_the_link_imports_nothing_that_acts(path: Path) -> None:
    assert not imports(path.read_text()) & FORBIDDEN


def test_the_check_sees_an_import_inside_a_function() -> None:
    assert "time" in imports("def f():\n    from time import monotonic\n") & FORBIDDEN
