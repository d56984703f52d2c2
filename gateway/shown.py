"""What a running process shows of itself: a file in its data folder, so that it can be read at any time."""

import os
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.errors import FileInvalid

FILE = "status.json"

LATELY = 60.0
"""Real seconds in which a running process shows itself in any case: after a power cut its number may be another's."""


def show(data: Path, status: Mapping[str, Any]) -> None:
    """Replace what is shown; whole or not at all."""
    draft = data / f".{FILE}"
    draft.write_bytes(orjson.dumps(status, option=orjson.OPT_INDENT_2))
    draft.replace(data / FILE)


def shown(data: Path, who: str) -> dict[str, Any] | None:
    """What `who` (agent, gateway) last showed; None if it never ran here. Raises FileInvalid for what can't be read."""
    try:
        found: dict[str, Any] = orjson.loads((data / FILE).read_bytes())
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        msg = f"{data / FILE}: cannot be read: {error}; run as the {who}'s user, or start the {who} anew"
        raise FileInvalid(msg) from error
    return found


def lately(data: Path) -> bool:
    """Whether a process showed itself in the last minute."""
    try:
        return abs(time.time() - (data / FILE).stat().st_mtime) < LATELY
    except OSError:
        return False


def alive(pid: int) -> bool:
    """Whether that process is there."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
