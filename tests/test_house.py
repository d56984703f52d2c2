"""The house itself: who may import whom, and the control that shows the checker seeing a forbidden import."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LINT = (str(Path(sys.executable).parent / "lint-imports"), "--no-cache")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for name in ("gateway", "edge", "cloud"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def lint(folder: Path) -> str:
    done = subprocess.run(
        LINT, cwd=folder, capture_output=True, text=True, check=False, env={"PYTHONPATH": str(folder)}
    )
    return done.stdout


def test_nobody_imports_what_they_may_not(copy: Path) -> None:
    assert "0 broken" in lint(copy)


@pytest.mark.parametrize(
    ("file", "planted", "broken"),
    [
        ("edge/spare.py", "import cloud.errors", "edge and cloud meet only in gateway"),
        ("gateway/capacity.py", "import edge.errors", "edge and cloud meet only in gateway"),
        ("gateway/span.py", "import gateway.log", "what decides does no I/O"),
        ("edge/agent.py", "import paho.mqtt.client", "only gateway.mqtt imports paho"),
    ],
)
def test_a_planted_import_is_caught(copy: Path, file: str, planted: str, broken: str) -> None:
    path = copy / file
    path.write_text(path.read_text() + f"\n{planted}\n")
    said = lint(copy)
    assert "1 broken" in said
    assert "BROKEN" in next(line for line in said.splitlines() if line.startswith(broken))


def test_every_folder_says_in_a_sentence_what_it_is_for() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for name in ("gateway", "edge", "cloud")
        for path in (ROOT / name).rglob("*.py")
        if path.read_text().strip() and not path.read_text().lstrip().startswith('"""')
    ]
    assert silent == []
    folders = [path.parent for name in ("gateway", "edge", "cloud") for path in (ROOT / name).rglob("*.py")]
    assert [str(each) for each in {*folders} if not (each / "__init__.py").exists()] == []


def test_no_file_outgrows_its_sentence() -> None:
    long = {
        str(path.relative_to(ROOT)): lines
        for name in ("gateway", "edge", "cloud", "tests")
        for path in (ROOT / name).rglob("*.py")
        if not {"node_modules", "packages"} & {*path.parts} and (lines := len(path.read_text().splitlines())) > 300
    }
    assert long == {}
