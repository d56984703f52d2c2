"""Remembers, in the folder of certificates, how well the channel to each server was secured when it last worked."""

import hashlib
import json
from pathlib import Path

from edge.sources.opcua_offer import MODES, POLICIES, Level

FOLDER = "levels"


def recall(identity: Path, url: str) -> Level | None:
    """The level of the last session with this server; None where there was none."""
    try:
        found = json.loads(_place(identity, url).read_text(encoding="utf-8"))
        policy, mode = str(found["policy"]), str(found["mode"])
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return Level(policy, mode) if policy in POLICIES and mode in MODES else None


def remember(identity: Path, url: str, level: Level) -> None:
    """Keep the level, if it is news. A folder that cannot be written to is no reason not to talk to the machine."""
    if recall(identity, url) == level:
        return
    place = _place(identity, url)
    try:
        place.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        place.write_text(json.dumps({"url": url, "policy": level.policy, "mode": level.mode}), encoding="utf-8")
    except OSError:
        return


def _place(identity: Path, url: str) -> Path:
    return identity / FOLDER / f"{hashlib.sha256(url.encode()).hexdigest()[:24]}.json"
