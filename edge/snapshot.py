"""A machine's watch as a small document, kept in the outbox in the same transaction as what it led to."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import orjson

from edge.mapping import Seen
from edge.tracker import Picture, Sight, Track
from edge.watch import Watch
from gateway.machine import ItemState, OperationMode, Quality


def dump(watch: Watch) -> bytes:
    """The watch as JSON."""
    track = watch.track
    return orjson.dumps(
        {
            "machine": track.machine,
            "shown": _sight(track.shown),
            "pending": _sight(track.pending),
            "mode": track.mode,
            "mode_known": track.mode_known,
            "origin": track.origin,
            "seen": _seen(watch.seen),
            "second_seen": _seen(watch.second_seen),
            "silent_since": watch.silent_since,
            "silence": watch.silence,
            "unknown": dict(watch.unknown),
        }
    )


def load(body: bytes) -> Watch:
    """The watch that `dump` wrote."""
    data = orjson.loads(body)
    known = data["mode_known"]
    track = Track(
        data["machine"],
        _load_sight(data["shown"]),
        _load_sight(data["pending"]),
        OperationMode(data["mode"]),
        OperationMode(known) if known else None,
        data["origin"],
    )
    silent = data["silent_since"]
    return Watch(
        track,
        _load_seen(data["seen"]),
        _load_seen(data["second_seen"]),
        datetime.fromisoformat(silent) if silent else None,
        data["silence"],
        data["unknown"],
    )


def dump_history(history: Sequence[tuple[datetime, bool]]) -> bytes:
    """From when on a machine was Executing, or was not."""
    return orjson.dumps(history)


def load_history(body: bytes | None, watch: Watch) -> list[tuple[datetime, bool]]:
    """What `dump_history` wrote, and what the machine's last sight adds to it."""
    found = [(datetime.fromisoformat(at), bool(busy)) for at, busy in orjson.loads(body or b"[]")]
    shown = watch.track.shown
    if shown and (not found or shown.at > found[-1][0]):
        found.append((shown.at, shown.picture.state is ItemState.EXECUTING))
    return found


def _sight(sight: Sight | None) -> dict[str, Any] | None:
    if sight is None:
        return None
    seen = sight.picture
    return {
        "at": sight.at,
        "stamped": sight.stamped,
        "state": seen.state,
        "mode": seen.mode,
        "quality": seen.quality,
        "origin": seen.origin,
    }


def _load_sight(data: dict[str, Any] | None) -> Sight | None:
    if data is None:
        return None
    picture = Picture(ItemState(data["state"]), OperationMode(data["mode"]), Quality(data["quality"]), data["origin"])
    return Sight(datetime.fromisoformat(data["at"]), picture, data["stamped"])


def _seen(seen: Seen) -> dict[str, Any]:
    return {
        "values": dict(seen.values),
        "times": dict(seen.times),
        "qualities": dict(seen.qualities),
        "late": seen.late,
        "numbers": dict(seen.numbers),
        "behind": dict(seen.behind),
        "strange": dict(seen.strange),
    }


def _load_seen(data: dict[str, Any]) -> Seen:
    return Seen(
        data["values"],
        _moments(data["times"]),
        {name: Quality(quality) for name, quality in data["qualities"].items()},
        data["late"],
        data.get("numbers", {}),
        _moments(data.get("behind", {})),
        _moments(data.get("strange", {})),
    )


def _moments(data: dict[str, str]) -> dict[str, datetime]:
    return {name: datetime.fromisoformat(at) for name, at in data.items()}
