"""What an explanation needs of a running agent: one small file a machine, so that people can ask beside it."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from edge import snapshot
from edge.condition import Present
from edge.diary import Diary
from edge.plan import PlannedOrder, Progress
from edge.planfolder import Listed
from edge.watch import Watch
from gateway.span import Span

FOLDER = "scenes"


@dataclass(frozen=True, slots=True)
class Kept:
    """What was kept of one machine: its watch, its present, what its own job list said, what it did of late."""

    watch: Watch
    present: Present
    listed: Listed | None = None
    diary: Diary = field(default_factory=Diary)


def dump(kept: Kept) -> bytes:
    """The scene as JSON."""
    listed = kept.listed
    return orjson.dumps(
        {
            "watch": orjson.loads(snapshot.dump(kept.watch)),
            "serving_since": kept.present.serving_since,
            "promised": [[span.start, span.end] for span in kept.present.promised],
            "sold": [[span.start, span.end] for span in kept.present.sold],
            "listed": {"as_of": listed.as_of, "orders": [_order(order) for order in listed.orders]} if listed else None,
            "diary": kept.diary.dump(),
        }
    )


def load(body: bytes) -> Kept:
    """The scene that `dump` wrote. Raises ValueError, KeyError or TypeError for anything else."""
    data = orjson.loads(body)
    serving, listed = data["serving_since"], data["listed"]
    present = Present(
        serving_since=datetime.fromisoformat(serving) if serving else None,
        promised=tuple(_span(each) for each in data["promised"]),
        sold=tuple(_span(each) for each in data["sold"]),
    )
    watch = snapshot.load(orjson.dumps(data["watch"]))
    orders = Listed(tuple(map(_planned, listed["orders"])), datetime.fromisoformat(listed["as_of"])) if listed else None
    return Kept(watch, present, orders, Diary.load(data["diary"]))


def write(data: Path, machine: str, body: bytes) -> None:
    """Keep it; whole or not at all. Raises OSError."""
    folder = data / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{machine}.new"
    draft.write_bytes(body)
    draft.replace(folder / f"{machine}.json")


def read(data: Path, machine: str) -> tuple[Kept, datetime] | None:
    """The last scene of a machine, and when it was written (real time); None where there is none that can be read."""
    path = data / FOLDER / f"{machine}.json"
    try:
        return load(path.read_bytes()), datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _order(order: PlannedOrder) -> dict[str, Any]:
    done = order.progress
    return {
        "machine": order.machine,
        "span": [order.span.start, order.span.end],
        "order": order.order,
        "progress": [done.left, done.cycle.total_seconds(), done.at] if done else None,
    }


def _planned(data: dict[str, Any]) -> PlannedOrder:
    done = data["progress"]
    progress = Progress(done[0], timedelta(seconds=done[1]), datetime.fromisoformat(done[2])) if done else None
    return PlannedOrder(data["machine"], _span(data["span"]), data["order"], progress)


def _span(pair: list[str]) -> Span:
    return Span(datetime.fromisoformat(pair[0]), datetime.fromisoformat(pair[1]))
