"""The lock of a data folder: one owner at a time, and never somebody else's file."""

import os
from pathlib import Path

import pytest

from cloud.embedded.process import FolderInUse, locked


def test_a_second_owner_is_told_who_the_first_one_is(tmp_path: Path) -> None:
    with locked(tmp_path / "owner.lock"), pytest.raises(FolderInUse, match=f"process {os.getpid()};"):
        locked(tmp_path / "owner.lock")
    with locked(tmp_path / "owner.lock") as again:
        assert (tmp_path / "owner.lock").read_text() == str(os.getpid())
        assert not os.get_inheritable(again.fileno())


def test_a_link_in_the_locks_place_is_not_followed(tmp_path: Path) -> None:
    foreign = tmp_path / "precious"
    foreign.write_text("do not touch")
    (tmp_path / "owner.lock").symlink_to(foreign)
    with pytest.raises(OSError, match="symbolic links"):
        locked(tmp_path / "owner.lock")
    assert foreign.read_text() == "do not touch"
