"""The parts of a running agent as they were before an exchange, so that a failed one can be put back whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from edge import build
from edge.change import Spec
from edge.config import Config
from edge.desk import Desk
from edge.draft import feeds
from edge.gates import Gate
from edge.planfolder import PlanFolder
from edge.secret import Vault
from edge.station import Station
from gateway.messages import Announce


@dataclass(frozen=True)
class Memory:
    """`desks`: each with a copy of it. What machines were seen to do meanwhile is kept, not put back."""

    config: Config
    vault: Vault
    specs: Mapping[str, Spec]
    papers: PlanFolder
    announce: Callable[[datetime], Announce]
    desks: Mapping[str, tuple[Desk, Desk]]
    gates: frozenset[int]

    @classmethod
    def of(cls, station: Station) -> "Memory":
        """As it is now."""
        desks = {name: (desk, replace(desk)) for name, desk in station.agent.desks.items()}
        parts = (station.config, station.vault, station.specs, station.papers, station.agent.retelling.announce)
        return cls(*parts, desks, frozenset(map(id, station.gates.open)))

    async def restore(self, station: Station) -> None:
        """Everything as it was; machines that nobody reads any more are read anew. Raises FileInvalid."""
        await station.gates.stop(self._strangers(station.gates.open))
        station.config, station.vault, station.specs = self.config, self.vault, self.specs
        self._put_back(station)
        for name in station.ahead.habits.keys() - self.desks.keys():
            station.ahead.leave(name)
        for name in self.desks.keys() - station.ahead.habits.keys():
            station.ahead.join(name)
        station.gates.start(feeds(station, self.config, self.vault, self.desks.keys() - station.gates.read()))
        await station.rewire()
        station.agent.nudge()

    def _strangers(self, gates: list[Gate]) -> set[str]:
        """The machines behind sources that the exchange has started."""
        return {name for gate in gates if id(gate) not in self.gates for name in gate.turnstile.machines}

    def _put_back(self, station: Station) -> None:
        agent = station.agent
        agent.post.disclosure = self.config.disclosure
        agent.retelling.announce, agent.retelling.introduced = self.announce, False
        station.papers, agent.papers = self.papers, self.papers.changed
        station.ahead.past = build.past_of(self.config)
        agent.desks.clear()
        for name, (desk, before) in self.desks.items():
            desk.case, desk.terms, desk.disclosure, desk.paused = (
                before.case,
                before.terms,
                before.disclosure,
                before.paused,
            )
            desk.said, desk.dirty = replace(desk.said, within=None), True
            agent.desks[name] = desk
