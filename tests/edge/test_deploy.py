"""The service and the container as they are written: what they name is there, and the service is well locked in."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNIT = ROOT / "docs" / "deploy" / "thirdshift-edge.service"
CONTAINER = ROOT / "docs" / "deploy" / "Containerfile"

needs_systemd = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd-analyze is not here")


@pytest.fixture
def unit(tmp_path: Path) -> Path:
    """The unit with a program that is there on every machine."""
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/thirdshift/bin/thirdshift", "/bin/true"))
    return copy


@needs_systemd
def test_systemd_finds_no_fault_in_the_unit(unit: Path) -> None:
    done = subprocess.run(("systemd-analyze", "verify", unit), capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=somewhat"))
    control = subprocess.run(("systemd-analyze", "verify", unit), capture_output=True, text=True, check=False)
    assert "Failed to parse" in control.stderr, "the control: a planted fault is seen"


@needs_systemd
def test_the_service_may_do_little_more_than_its_work(unit: Path) -> None:
    words = ("systemd-analyze", "security", "--offline=true", unit)
    done = subprocess.run(words, capture_output=True, text=True, check=False, env={"SYSTEMD_COLORS": "0", "LANG": "C"})
    found = re.search(r"exposure level for \S+: (\d+\.\d)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found[1]) <= 2.0


def test_the_container_copies_what_is_there_and_installs_the_edge_alone_by_its_lock() -> None:
    text = CONTAINER.read_text().replace("\\\n", " ")
    copied = [word for line in re.findall(r"^COPY (?!--from)(.+) \S+$", text, re.MULTILINE) for word in line.split()]
    assert copied
    assert [name for name in copied if not (ROOT / name).exists()] == []
    assert "--require-hashes -r requirements/build.txt -r requirements/edge.txt" in text
    assert "requirements/cloud.txt" not in text
    assert re.findall(r"^USER (\S+)$", text, re.MULTILINE) == ["10001"], "not as root"
