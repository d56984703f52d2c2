"""What a person tells a running agent, and what it shows: files in its data folder, so both work offline."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from edge.errors import FileInvalid

_FOLDER = "paused"
_STATUS = "status.json"

LATELY = 60.0
"""Real seconds in which a running agent writes its status, which it does every second, in any case."""


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


def show(data: Path, status: Mapping[str, Any]) -> None:
    """Replace what the agent shows of itself; whole or not at all."""
    draft = data / f".{_STATUS}"
    draft.write_bytes(orjson.dumps(status, option=orjson.OPT_INDENT_2))
    draft.replace(data / _STATUS)


def shown(data: Path) -> dict[str, Any] | None:
    """What the agent last showed; None if it never ran here. Raises FileInvalid for what cannot be read."""
    try:
        found: dict[str, Any] = orjson.loads((data / _STATUS).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        msg = f"{data / _STATUS}: cannot be read: {error}; run as the agent's user, or start the agent anew"
        raise FileInvalid(msg) from error
    return found


def lately(data: Path) -> bool:
    """Whether an agent showed itself in the last minute: after a power cut its number may be another process's."""
    try:
        return abs(time.time() - (data / _STATUS).stat().st_mtime) < LATELY
    except OSError:
        return False


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def alive(pid: int) -> bool:
    """Whether that process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
