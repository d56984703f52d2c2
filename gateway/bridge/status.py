"""What a running door shows of itself: a file in its data folder, so that it can be read at any time."""

import os
import time
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from gateway.bridge.cache import Name
from gateway.bridge.config import Config
from gateway.bridge.door import Door
from gateway.errors import FileInvalid
from gateway.mqtt import MqttClient

FILE = "status.json"

LATELY = 60.0
"""Real seconds in which a running door shows itself in any case: after a power cut its number may be another's."""


def document(config: Config, door: Door) -> dict[str, Any]:
    """Counts are since the start of this process."""
    cache, notebook, brokers = door.cache, door.notebook, door.brokers
    return {
        "gateway": config.gateway,
        "pid": os.getpid(),
        "inside": _broker(config.inside.place, brokers.inside),
        "outside": _broker(config.outside.place, brokers.outside),
        "cache": {"bytes": cache.size(), "limit": config.cache, "trouble": cache.trouble},
        "agents": {agent: _agent(agent, door) for agent in door.relays},
        "strangers": dict(notebook.strangers),
        "kept_back": list(notebook.kept_back.values()),
    }


def _broker(place: str, client: MqttClient) -> dict[str, Any]:
    return {"broker": place, "connected": client.connected, "trouble": client.trouble}


def _agent(agent: str, door: Door) -> dict[str, Any]:
    passages, notebook = door.relays[agent].passages, door.notebook
    counts = notebook.counts.get(agent, Counter[str]())
    return {
        "heard": notebook.heard.get(agent),
        "crossed": counts["crosses"],
        "reduced": counts["reduced"],
        "stopped": counts["stays"],
        "refused": notebook.refused[agent],
        "waiting_bytes": sum(door.cache.size(Name(agent, stream)) for stream in passages),
        "behind": any(passage.behind for passage in passages.values()),
    }


def show(data: Path, found: Mapping[str, Any]) -> None:
    """Replace what is shown; whole or not at all."""
    draft = data / f".{FILE}"
    draft.write_bytes(orjson.dumps(found, option=orjson.OPT_INDENT_2))
    draft.replace(data / FILE)


def shown(data: Path) -> dict[str, Any] | None:
    """What was last shown, and whether the process still runs; None if it never ran here. Raises FileInvalid."""
    try:
        found: dict[str, Any] = orjson.loads((data / FILE).read_bytes())
        lately = abs(time.time() - (data / FILE).stat().st_mtime) < LATELY
    except FileNotFoundError:
        return None
    except (OSError, orjson.JSONDecodeError) as error:
        msg = f"{data / FILE}: cannot be read: {error}; run as the gateway's user, or start the gateway anew"
        raise FileInvalid(msg) from error
    return {"running": lately and _alive(int(found["pid"])), **found}


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True
