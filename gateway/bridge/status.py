"""What a running door shows of itself (gateway.shown)."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from gateway.bridge.cache import Name
from gateway.bridge.config import Config
from gateway.bridge.door import Door
from gateway.mqtt import MqttClient
from gateway.shown import alive, lately
from gateway.shown import shown as last


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


def shown(data: Path) -> dict[str, Any] | None:
    """What was last shown, and whether the process still runs; None if it never ran here. Raises FileInvalid."""
    found = last(data, "gateway")
    return found and {"running": lately(data) and alive(int(found["pid"])), **found}
