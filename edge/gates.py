"""The sources that run, each behind its turnstile: which machine is read by which, and how one replaces another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace

from edge.sources import Emit
from edge.sources.second import SUFFIX
from edge.supervision import supervise
from edge.tap import Tap
from edge.traffic import Traffic
from edge.trouble import Trouble
from edge.turnstile import Turnstile
from edge.wiring import Feed
from edge.works import Works
from gateway.clock import Clock


@dataclass(frozen=True)
class Gate:
    """One source that runs."""

    feed: Feed
    turnstile: Turnstile


@dataclass
class Gates:
    """A source that several machines share goes on for those that stay, when one of them goes or gets another."""

    works: Works
    into: Emit
    clock: Clock
    trouble: Trouble
    traffic: Traffic = field(default_factory=Traffic)
    tap: Tap = field(default_factory=Tap)
    open: list[Gate] = field(default_factory=list)

    def start(self, feeds: Iterable[Feed]) -> None:
        """Let these sources in."""
        for feed in feeds:
            named = replace(feed, name=self._free(feed.name))
            machines = set(feed.machines) or {feed.name.removesuffix(SUFFIX)}
            turnstile = Turnstile(named.name, machines, self.into, self.traffic, self.tap)
            self.open.append(Gate(named, turnstile))
            self.works.start(_work(named.name), supervise(named, turnstile.emit, self.clock, self.trouble))

    async def stop(self, machines: Iterable[str]) -> None:
        """Nothing of these machines comes in any more; sources that are left without a machine end."""
        gone = set(machines)
        for gate in self.open:
            gate.turnstile.machines -= gone
        idle = [gate for gate in self.open if not gate.turnstile.machines]
        self.open = [gate for gate in self.open if gate.turnstile.machines]
        await self.works.stop(*(_work(gate.feed.name) for gate in idle))
        for gate in idle:
            self.trouble.goes(f"source/{gate.feed.name}")

    def feeds(self) -> Sequence[Feed]:
        """What runs, with the machines that each still speaks for."""
        return [
            replace(gate.feed, machines=tuple(name for name in gate.feed.machines if name in gate.turnstile.machines))
            for gate in self.open
        ]

    def read(self) -> set[str]:
        """The machines whose own source runs."""
        return {name for feed in self.feeds() for name in feed.machines}

    def _free(self, name: str) -> str:
        taken, number, found = {gate.feed.name for gate in self.open}, 1, name
        while found in taken:
            number += 1
            found = f"{name}+{number}"
        return found


def _work(name: str) -> str:
    return f"source/{name}"
