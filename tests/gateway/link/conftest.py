"""Both journals behind one handle, so that one suite of tests holds for them alike."""

import shutil
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from gateway.link import Disk, Keyring, Lane, MemoryJournal
from gateway.outbox import Outbox

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


class MemoryPlace:
    """Where a memory journal lives."""

    def __init__(self, _: Path) -> None:
        self.random = Random(7)
        self.journal = MemoryJournal(self.random)

    def reopen(self) -> MemoryJournal:
        self.journal = MemoryJournal(self.random, self.journal.disk)
        return self.journal

    def snapshot(self) -> Disk:
        return self.journal.disk.copy()

    def restore(self, snapshot: Disk) -> MemoryJournal:
        self.journal = MemoryJournal(self.random, snapshot.copy())
        return self.journal

    def close(self) -> None: ...


class FilePlace:
    """Where an outbox lives; a snapshot is a copy of its file, taken while it was closed."""

    def __init__(self, folder: Path) -> None:
        self.random = Random(7)
        self.path = folder / "outbox.sqlite"
        self.copies = 0
        self.journal = self._open()

    def _open(self) -> Outbox:
        return Outbox(self.path, now=lambda: NOW, random=self.random)

    def reopen(self) -> Outbox:
        self.journal.close()
        self.journal = self._open()
        return self.journal

    def snapshot(self) -> Path:
        self.copies += 1
        self.journal.close()
        copy = self.path.with_name(f"copy-{self.copies}")
        shutil.copyfile(self.path, copy)
        self.journal = self._open()
        return copy

    def restore(self, snapshot: Path) -> Outbox:
        self.journal.close()
        shutil.copyfile(snapshot, self.path)
        self.journal = self._open()
        return self.journal

    def close(self) -> None:
        self.journal.close()


@pytest.fixture(params=[MemoryPlace, FilePlace], ids=["memory", "sqlite"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    made = request.param(tmp_path)
    yield made
    made.close()


@pytest.fixture
def lane() -> Lane:
    return Lane(Keyring({"k1": b"a secret of thirty-two bytes....."}, "k1"), "edge-1", "up")
