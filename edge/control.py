"""What a person tells a running agent: files in its data folder, so that it works offline."""

import os
from pathlib import Path

_FOLDER = "paused"


def pause(data: Path, machine: str) -> None:
    """Stop the sale of a machine until `resume`. Durable when this returns; a running agent sees it within a second."""
    folder = data / _FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / machine).open("w") as file:
        os.fsync(file.fileno())
    _sync(folder)


def resume(data: Path, machine: str) -> None:
    """Sell it again."""
    folder = data / _FOLDER
    (folder / machine).unlink(missing_ok=True)
    if folder.is_dir():
        _sync(folder)


def paused(data: Path) -> frozenset[str]:
    """The machines whose sale is stopped."""
    folder = data / _FOLDER
    return frozenset(entry.name for entry in os.scandir(folder)) if folder.is_dir() else frozenset()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
