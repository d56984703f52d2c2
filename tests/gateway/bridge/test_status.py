"""What a door shows of itself, and when that counts as running."""

import os
import time
from pathlib import Path

from gateway.bridge import status
from gateway.shown import FILE, show


def test_another_process_with_the_number_of_a_dead_door_is_no_door(tmp_path: Path) -> None:
    show(tmp_path, {"pid": os.getpid()})
    assert (found := status.shown(tmp_path))
    assert found["running"]
    os.utime(tmp_path / FILE, (time.time() - 3600,) * 2)
    assert (found := status.shown(tmp_path))
    assert not found["running"]


def test_a_door_that_never_ran_shows_nothing(tmp_path: Path) -> None:
    assert status.shown(tmp_path) is None
