"""What a running agent shows of itself at one moment, gathered once for status, health and metrics."""

import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from edge.station import Station
from edge.traffic import Traffic
from gateway.messages import Stream
from gateway.outbox import Backlog, OutboxUnavailable

STUCK = 30.0
"""Real seconds without a look at the machines after which the agent does not do its work."""


@dataclass(frozen=True)
class Facts:
    """`oldest`: ages in seconds of business time; `acknowledged`: UNIX seconds of the wall clock. `fault`: if it cannot
    do its work, why.
    """

    agent: str
    at: str
    machines: Mapping[str, Mapping[str, Any]]
    trouble: Mapping[str, str]
    backlog: Mapping[Stream, Backlog]
    oldest: Mapping[Stream, float]
    buried: Mapping[tuple[Stream, str], int]
    acknowledged: Mapping[Stream, float]
    traffic: Traffic
    broker: bool
    orders: Mapping[str, int]
    fault: str | None = None


def gather(station: Station, broker: Callable[[], bool]) -> Facts:
    """The facts of now."""
    agent, outbox, now = station.agent, station.agent.post.outbox, station.clock.now()
    try:
        moments = {stream: outbox.oldest(stream) for stream in Stream}
    except OutboxUnavailable:
        moments = {}
    oldest = {stream: max(0.0, now.timestamp() - moment) for stream, moment in moments.items() if moment is not None}
    return Facts(
        agent=station.config.agent,
        at=now.isoformat(),
        machines={name: desk.status(now) for name, desk in agent.desks.items()},
        trouble=dict(agent.trouble.now),
        backlog=outbox.backlog(),
        oldest=oldest,
        buried=outbox.buried,
        acknowledged=agent.acknowledged,
        traffic=station.traffic,
        broker=broker(),
        orders={"live": len(station.book.floor.runs), "asked": len(station.book.approvals.pending)},
        fault=fault(station),
    )


def fault(station: Station) -> str | None:
    """Why the agent cannot do its work; a machine that is lost, or a broker, does not keep it from that."""
    if "outbox" in station.agent.trouble:
        return station.agent.trouble.now["outbox"]
    since = time.monotonic() - station.agent.looked
    return f"it has not looked at its machines for {since:.0f} s" if since > STUCK else None


def status(station: Station, facts: Facts) -> dict[str, Any]:
    """What `thirdshift edge status` shows of a running agent."""
    seen = facts.traffic.seen
    readings = dict.fromkeys(facts.machines, 0)
    for (_, machine), count in facts.traffic.readings.items():
        readings[machine] = readings.get(machine, 0) + count
    machines = {
        name: {**shown, "readings": readings[name], "seen_s_ago": _ago(seen.get(name))}
        for name, shown in facts.machines.items()
    }
    streams = {
        stream.value: {
            "messages": left.messages,
            "bytes": left.size,
            "oldest_s": round(facts.oldest.get(stream, 0.0), 1),
        }
        for stream, left in facts.backlog.items()
    }
    return {
        "at": facts.at,
        "pid": os.getpid(),
        "agent": facts.agent,
        "config": str(station.path.resolve()),
        "broker": facts.broker,
        "trouble": facts.trouble,
        "backlog": {name: each["messages"] for name, each in streams.items()},
        "outbox": streams,
        "orders": station.book.status(),
        "machines": machines,
    }


def _ago(moment: float | None) -> float | None:
    return None if moment is None else round(max(0.0, time.time() - moment), 1)
