"""The agent's figures as Prometheus reads them (text format 0.0.4): names, units and help by its conventions."""

import os
import resource
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from edge.local.facts import Facts
from gateway.messages import Stream

KIND = "text/plain; version=0.0.4; charset=utf-8"
PAGE = os.sysconf("SC_PAGE_SIZE")

Labels = Mapping[str, str]


@dataclass
class Family:
    """One metric with its samples. A counter's name ends in `_total`; times are UNIX seconds, sizes bytes."""

    name: str
    kind: Literal["gauge", "counter"]
    help: str
    samples: list[tuple[Labels, float]] = field(default_factory=list)

    def add(self, value: float, **labels: str) -> "Family":
        self.samples.append((labels, value))
        return self

    def text(self) -> str:
        lines = [f"# HELP {self.name} {_escaped(self.help)}", f"# TYPE {self.name} {self.kind}"]
        lines += [f"{self.name}{_labels(labels)} {value:.17g}" for labels, value in self.samples]
        return "\n".join(lines)


def page(facts: Facts) -> bytes:
    """The whole page."""
    families = [*_machines(facts), *_outbox(facts), *_agent(facts), *process()]
    return ("\n".join(family.text() for family in families) + "\n").encode()


def _machines(facts: Facts) -> Iterable[Family]:
    readings = Family("thirdshift_readings_total", "counter", "Readings taken into the outbox, by source and machine.")
    for (source, machine), count in sorted(facts.traffic.readings.items()):
        readings.add(count, source=source, machine=machine)
    ignored = Family("thirdshift_events_ignored_total", "counter", "Events of machines that their source has no more.")
    for source, count in sorted(facts.traffic.ignored.items()):
        ignored.add(count, source=source)
    seen = Family("thirdshift_machine_last_seen_timestamp_seconds", "gauge", "When a machine last gave a reading.")
    up = Family("thirdshift_machine_up", "gauge", "1 while a machine's source is connected to it.")
    paused = Family("thirdshift_machine_paused", "gauge", "1 while the sale of a machine is paused by a person.")
    late = Family(
        "thirdshift_machine_late_readings_total", "counter", "Readings older than one that was there already."
    )
    offered = Family("thirdshift_machine_offered_hours", "gauge", "Machine hours offered of the coming day.")
    for name, shown in sorted(facts.machines.items()):
        if name in facts.traffic.seen:
            seen.add(facts.traffic.seen[name], machine=name)
        up.add(shown["silent_since"] is None, machine=name)
        paused.add(shown["paused"], machine=name)
        late.add(shown["late_readings"], machine=name)
        offered.add(shown["offered_hours_next_day"], machine=name)
    return readings, ignored, seen, up, paused, late, offered


def _outbox(facts: Facts) -> Iterable[Family]:
    held = Family("thirdshift_outbox_messages", "gauge", "Messages that the registry has not acknowledged.")
    size = Family("thirdshift_outbox_bytes", "gauge", "Their bytes.")
    age = Family("thirdshift_outbox_oldest_age_seconds", "gauge", "Age of the oldest of them, in business time.")
    lag = Family("thirdshift_last_acknowledged_timestamp_seconds", "gauge", "When the registry last acknowledged.")
    buried = Family("thirdshift_outbox_buried_total", "counter", "Messages given up, told by tombstones, by reason.")
    for stream in Stream:
        left = facts.backlog[stream]
        held.add(left.messages, stream=stream)
        size.add(left.size, stream=stream)
        age.add(facts.oldest.get(stream, 0.0), stream=stream)
        if stream in facts.acknowledged:
            lag.add(facts.acknowledged[stream], stream=stream)
        for reason in ("dropped", "expired", "superseded"):
            buried.add(facts.buried.get((stream, reason), 0), stream=stream, reason=reason)
    return held, size, age, lag, buried


def _agent(facts: Facts) -> Iterable[Family]:
    yield Family("thirdshift_agent_info", "gauge", "1, with the agent's name.").add(1, agent=facts.agent)
    yield Family("thirdshift_broker_up", "gauge", "1 while the broker is connected.").add(facts.broker)
    trouble = Family("thirdshift_trouble", "gauge", "1 for each thing that is wrong now; why is in the status.")
    for what in sorted(facts.trouble):
        trouble.add(1, what=what)
    orders = Family("thirdshift_orders", "gauge", "Booked jobs that are not over, and those that wait for a person.")
    for stage, count in facts.orders.items():
        orders.add(count, stage=stage)
    yield from (trouble, orders)


def process() -> Iterable[Family]:
    """What Prometheus expects of any process, as far as Linux tells it."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu = Family("process_cpu_seconds_total", "counter", "User and system time spent, in seconds.")
    yield cpu.add(used.ru_utime + used.ru_stime)
    try:
        resident = int(Path("/proc/self/statm").read_text().split()[1]) * PAGE
        descriptors = len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - a count, no paths
    except (OSError, ValueError, IndexError):
        return
    yield Family("process_resident_memory_bytes", "gauge", "Resident memory.").add(resident)
    yield Family("process_open_fds", "gauge", "Open file descriptors.").add(descriptors)
    started = Family("process_start_time_seconds", "gauge", "Start of the process, in UNIX seconds.")
    yield started.add(STARTED)


STARTED = time.time()


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    return "{" + ",".join(f'{name}="{_escaped(value, quoted=True)}"' for name, value in labels.items()) + "}"


def _escaped(text: str, *, quoted: bool = False) -> str:
    text = text.replace("\\", r"\\").replace("\n", r"\n")
    return text.replace('"', r"\"") if quoted else text
