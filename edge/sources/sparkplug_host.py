"""The host application: which machines the births, data and deaths of edge nodes speak of, and what it says itself."""

import difflib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge.reading import Gap, LinkNotice, Reading
from edge.sources.mqtt_hearing import Heard, Note, Outcome
from edge.sources.sparkplug_payload import PayloadMalformed, decode, rebirth_request
from edge.sources.sparkplug_session import Died, Missed, NodeSession, Told, Valued, Values
from edge.sources.sparkplug_topic import Node, parse, says_online, standing, state
from gateway.machine import Quality


@dataclass(frozen=True, slots=True)
class SparkplugMachine:
    """A machine is a device of an edge node, or (None) the node itself. `signals`: the full name of each one's metric.

    `optional`: signals that a birth may do without.
    """

    node: Node
    device: str | None
    signals: Mapping[str, str]
    optional: frozenset[str] = frozenset()

    def __str__(self) -> str:
        return f"{self.node}/{self.device}" if self.device else str(self.node)


@dataclass(frozen=True, slots=True)
class Patience:
    """Business time: until a birth is asked for, until an answer is missed, and between two requests (doubling)."""

    births: timedelta = timedelta(seconds=2)
    settle: timedelta = timedelta(seconds=0.5)
    answer: timedelta = timedelta(seconds=3)
    again: timedelta = timedelta(seconds=10)
    longest: timedelta = timedelta(minutes=5)


@dataclass
class _Asking:
    """When a node is asked next, when it last was, and how long it then gets."""

    due: datetime | None = None
    last: datetime | None = None
    pause: timedelta = timedelta()


@dataclass
class SparkplugHost:
    """`host`: the name under which the host says that it is there; None: it only listens, as a check does."""

    machines: Mapping[str, SparkplugMachine]
    host: str | None
    stamp: int = 0
    patience: Patience = field(default_factory=Patience)
    counts: Counter[str] = field(default_factory=Counter)
    _links: dict[str, bool] = field(default_factory=dict)
    _blind: dict[str, datetime] = field(default_factory=dict)
    _due: dict[str, datetime] = field(default_factory=dict)
    _last: dict[tuple[str, str], object] = field(default_factory=dict)
    _said: set[object] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._sessions = {machine.node: NodeSession(machine.node) for machine in self.machines.values()}
        self._asking = {node: _Asking(pause=self.patience.again) for node in self._sessions}
        self._at: dict[tuple[Node, str | None], list[str]] = {}
        self._readers: dict[tuple[Node, str | None, str], list[tuple[str, str]]] = {}
        for name, machine in self.machines.items():
            self._at.setdefault((machine.node, machine.device), []).append(name)
            for signal, metric in machine.signals.items():
                self._readers.setdefault((machine.node, machine.device, metric), []).append((name, signal))

    @property
    def filters(self) -> tuple[str, ...]:
        own = () if self.host is None else (state(self.host),)
        return (*own, *(each for node in self._sessions for each in node.filters))

    def up(self, now: datetime) -> Outcome:
        out = Outcome()
        self._say_online(out)
        for node, session in self._sessions.items():
            session.doubt()
            self._asking[node] = _Asking(now + self.patience.births, pause=self.patience.again)
        self._due = dict.fromkeys(self.machines, now + self.patience.births + self.patience.answer)
        return out

    def down(self, since: datetime, now: datetime, reason: str) -> Outcome:
        out = Outcome()
        for name in self.machines:
            if self._links.get(name):
                self._blind.setdefault(name, min(since, now))
            self._link(out, LinkNotice(name, False, now, reason))
        for asking in self._asking.values():
            asking.due = None
        self._due = {}
        return out

    def dropped(self, count: int, since: datetime, now: datetime) -> Outcome:
        self.counts["dropped"] += count
        for node, session in self._sessions.items():
            session.wanting = f"{count} messages came faster than they could be taken"
            self._schedule(node, session, now)
        reason = f"{count} messages came faster than the agent could take them"
        return Outcome([Gap(name, min(since, now), now, reason) for name, up in self._links.items() if up])

    def hear(self, messages: Sequence[Heard], now: datetime) -> Outcome:
        out = Outcome()
        for message in messages:
            self._hear(out, message, now)
        for node, session in self._sessions.items():
            self._schedule(node, session, now)
        return out

    def look(self, now: datetime) -> Outcome:
        out = Outcome()
        for node, session in self._sessions.items():
            asking = self._asking[node]
            if session.wanting and asking.due is not None and asking.due <= now:
                self._ask(out, session, asking, now)
        for name in [name for name, due in self._due.items() if due <= now]:
            del self._due[name]
            # Told also where the broker was lost before: that it is back changed the reason.
            self._links[name] = False
            out.events.append(LinkNotice(name, False, now, self._absence(self.machines[name])))
        return out

    def wakes(self) -> datetime | None:
        asked = (
            asking.due
            for node, asking in self._asking.items()
            if self._sessions[node].wanting and asking.due is not None
        )
        return min((*asked, *self._due.values()), default=None)

    def _hear(self, out: Outcome, message: Heard, now: datetime) -> None:
        topic = parse(message.topic)
        if topic is None:
            if self.host is not None and message.topic == state(self.host) and not message.retained:
                self._own_state(out, message.payload)
            return
        session = self._sessions.get(topic.node)
        if session is None or message.retained:
            return
        try:
            payload = decode(message.payload)
        except PayloadMalformed as error:
            self.counts["malformed"] += 1
            text = f"{message.topic}: {error}; it is passed over: correct what publishes there"
            self._note(out, ("malformed", topic), Note(str(topic.node), text))
            return
        for told in session.hear(topic, payload, now):
            self._tell(out, topic.node, told, now)

    def _tell(self, out: Outcome, node: Node, told: Told, now: datetime) -> None:
        match told:
            case Values():
                if told.birth:
                    self._born(out, node, told, now)
                for valued in told.metrics:
                    self._read(out, node, told.device, valued, now)
            case Missed():
                names = [name for name in self._of(node) if self._links.get(name)]
                out.events += [Gap(name, min(told.since, now), now, told.reason) for name in names]
            case Died():
                self._died(out, node, told, now)

    def _born(self, out: Outcome, node: Node, birth: Values, now: datetime) -> None:
        if birth.device is None:
            # Each device of a node that is born (anew) has to be born with it, or it is there no more.
            devices = [name for name in self._of(node) if self.machines[name].device is not None]
            self._due |= dict.fromkeys(devices, now + self.patience.answer)
        told = {valued.name: valued.unit for valued in birth.metrics}
        there = set(told)
        for name in self._at.get((node, birth.device), ()):
            self._due.pop(name, None)
            if name in self._blind:
                since = min(self._blind.pop(name), now)
                out.events.append(Gap(name, since, now, f"{self.machines[name]} was not heard until it was born anew"))
            signals = self.machines[name].signals.items()
            units = {signal: unit for signal, metric in signals if (unit := told.get(metric, ""))}
            self._link(out, LinkNotice(name, True, now, f"{self.machines[name]} is born", units))
            self._look_for(out, name, there, now)

    def _look_for(self, out: Outcome, name: str, there: set[str], now: datetime) -> None:
        """Tell which signals the birth does not have."""
        machine = self.machines[name]
        for signal, metric in machine.signals.items():
            if metric in there or signal in machine.optional:
                continue
            out.events.append(Reading(name, signal, None, None, now, Quality.BAD))
            near = difflib.get_close_matches(metric, there, n=3) or sorted(there)[:8]
            text = f"{machine} has no metric {metric!r}; there: {', '.join(near)}; correct `metric` or `prefix`"
            self._note(out, ("missing", name, signal), Note(name, text, signal))

    def _read(self, out: Outcome, node: Node, device: str | None, valued: Valued, now: datetime) -> None:
        for name, signal in self._readers.get((node, device, valued.name), ()):
            quality, historical = valued.quality, valued.historical
            out.events.append(Reading(name, signal, valued.value, valued.at, now, quality, historical))
            if not historical and quality is not Quality.BAD:
                self._last[name, signal] = valued.value
            if valued.fault:
                text = f"the metric {valued.name!r} {valued.fault}; name one that is a number, text or truth"
                self._note(out, ("unreadable", name, signal), Note(name, text, signal))

    def _died(self, out: Outcome, node: Node, died: Died, now: datetime) -> None:
        """Stale is what was known last (specification 3.0, 6.4.20): said again as uncertain, from its last word on."""
        names = self._of(node) if died.device is None else self._at.get((node, died.device), ())
        for name in names:
            machine, known = self.machines[name], self._links.get(name)
            if known:
                self._blind.setdefault(name, min(self._sessions[node].heard or now, now))
            who = f"edge node {node}" if died.device is None else f"device {machine}"
            reason = f"{who} reports its death: check that it is on and its network is up"
            self._link(out, LinkNotice(name, False, now, reason))
            self._due.pop(name, None)
            out.events += [
                Reading(name, signal, self._last[name, signal], died.last, now, Quality.UNCERTAIN)
                for signal in machine.signals
                if known and (name, signal) in self._last
            ]

    def _link(self, out: Outcome, told: LinkNotice) -> None:
        if self._links.get(told.machine) is not told.up:
            self._links[told.machine] = told.up
            out.events.append(told)

    def _of(self, node: Node) -> list[str]:
        return [name for name, machine in self.machines.items() if machine.node == node]

    def _absence(self, machine: SparkplugMachine) -> str:
        """Why a machine that is looked for is not there."""
        session = self._sessions[machine.node]
        if not session.alive:
            return (
                f"edge node {machine.node} says nothing, though it was asked for a birth: check `group` and `node` "
                "(upper and lower case count), and that it is connected to this broker"
            )
        there = ", ".join(session.devices) or "none"
        return f"edge node {machine.node} has no device {machine.device!r}; there: {there}; correct `device`"

    def _schedule(self, node: Node, session: NodeSession, now: datetime) -> None:
        """Whatever made a rebirth wanted, it is asked for once, after a moment in which it may come by itself."""
        asking = self._asking[node]
        if not session.wanting:
            asking.due, asking.pause = None, self.patience.again
        elif asking.due is None:
            earliest = asking.last + self.patience.again if asking.last else now
            asking.due = max(now + self.patience.settle, earliest)

    def _ask(self, out: Outcome, session: NodeSession, asking: _Asking, now: datetime) -> None:
        out.letters.append((session.node.command, rebirth_request(now), False))
        session.asked = True
        self.counts["rebirths"] += 1
        asking.last, asking.due = now, now + asking.pause
        asking.pause = min(asking.pause * 2, self.patience.longest)

    def _say_online(self, out: Outcome) -> None:
        if self.host is not None:
            out.letters.append((state(self.host), standing(online=True, stamp=self.stamp), True))

    def _own_state(self, out: Outcome, payload: bytes) -> None:
        """An old will of ours, or another host of our name, says that we are gone: nodes would stop talking to us."""
        if not says_online(payload):
            self.counts["restated"] += 1
            text = f"the host {self.host!r} was said to be offline; if two agents use this `host_id`, give each its own"
            self._note(out, "restated", Note(str(self.host), text))
            self._say_online(out)

    def _note(self, out: Outcome, key: object, note: Note) -> None:
        if key not in self._said:
            self._said.add(key)
            out.notes.append(note)
