"""A running agent with all its parts, and the exchange of those that another config changes, while the others go on."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from edge import wiring
from edge.agent import Agent
from edge.build import foresight, job_lists, orderbook
from edge.change import Spec
from edge.config import Config
from edge.foresee import Foresight
from edge.gates import Gates
from edge.orderbook import OrderBook
from edge.planfolder import PlanFolder
from edge.secret import Vault
from edge.tap import Tap
from edge.traffic import Traffic
from edge.wiring import Feed
from edge.works import Works
from gateway.clock import Clock

PLANS, JOB_LISTS, STUDY = "plans", "job lists", "study"
"""Names of works."""


@dataclass
class Station:
    """`specs`: what each machine's part was made of. Everything here is of `config`, and is exchanged together."""

    path: Path
    config: Config
    vault: Vault
    clock: Clock
    agent: Agent
    papers: PlanFolder
    specs: Mapping[str, Spec]
    works: Works
    traffic: Traffic = field(default_factory=Traffic)
    tap: Tap = field(default_factory=Tap)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        agent = self.agent
        self.gates = Gates(self.works, agent.emit, self.clock, agent.trouble, self.traffic, self.tap)
        self.ahead: Foresight = foresight(self.config, agent.desks, agent.trouble)
        self.book: OrderBook = orderbook(self.config, agent, {})
        agent.foresee, agent.on_told = self.ahead.step, self.tap.letters

    def start(self, feeds: Sequence[Feed]) -> None:
        """Set everything going. Raises FileInvalid for a plan that is the job list of a machine that has none."""
        lists = wiring.job_lists(self.config, feeds)
        self.gates.start(feeds)
        self._rewire()
        self.works.start("agent", self.agent.run())
        self.works.start("orders", self.book.run())
        self.works.start(STUDY, self.ahead.study(self.clock.now()))
        self.works.start(PLANS, self.papers.feeds.run())
        self.works.start(JOB_LISTS, job_lists(self.papers, lists).run())

    async def rewire(self) -> None:
        """Orders, plans and job lists by the config and the sources that there are now. Raises FileInvalid."""
        lists = wiring.job_lists(self.config, self.gates.feeds())
        self._rewire()
        await self.works.stop(PLANS, JOB_LISTS)
        self.works.start(PLANS, self.papers.feeds.run())
        self.works.start(JOB_LISTS, job_lists(self.papers, lists).run())

    def _rewire(self) -> None:
        policies = {name: machine.orders.rules for name, machine in self.config.machines.items()}
        self.book.rewire(policies, wiring.ports(self.config, self.gates.feeds()))

    def file(self) -> None:
        """The papers as they are now, to their desks."""
        for name, papers in self.papers.changed().items():
            self.agent.desks[name].file(papers, self.clock.now())

    async def study(self) -> None:
        """Learn from the logs of machines that are new."""
        await self.works.stop(STUDY)
        self.works.start(STUDY, self.ahead.study(self.clock.now()))
