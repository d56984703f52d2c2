"""A peer that is missing is never passed over in silence: the control of every skip that the suite makes."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent


@pytest.mark.parametrize(("ci", "outcome"), [("true", "failed"), ("", "skipped")])
def test_a_missing_peer_is_skipped_by_name_and_fails_in_ci(ci: str, outcome: str, tmp_path: Path) -> None:
    (tmp_path / "test_it.py").write_text("from absent import absent_peer\ndef test_it():\n    absent_peer('sparks')\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-ra", "-p", "no:cacheprovider", str(tmp_path)],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PYTHONPATH": str(HERE / "peers")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert f"1 {outcome}" in done.stdout
    assert "peer missing: sparks" in done.stdout


def test_every_skip_for_a_peer_goes_through_that_one_door() -> None:
    others = [
        str(path.relative_to(HERE))
        for path in HERE.rglob("*.py")
        if "pytest.skip(" in path.read_text() and path.name not in {"absent.py", "test_peers.py"}
    ]
    known = ["cloud/telemetry/test_stores.py", "gateway/outbox/test_full_disk.py", "story/test_demo.py"]
    assert sorted(set(others) - {"peers/foreign_stores.py"}) == known, (
        "no peers: what a store cannot do, a server that only a variable names, a right to mount, a real log"
    )
