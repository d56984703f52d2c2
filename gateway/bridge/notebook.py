"""What the door has seen, counted for its status; each kind of trouble is logged once, and counted from then on."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import structlog

from gateway.bridge.judge import Judged
from gateway.bridge.words import Account, account
from gateway.link import Refusal
from gateway.topics import Channel

log = structlog.get_logger(__name__)

MOST = 1000
"""Names of strangers, and kinds of trouble, that are remembered; anybody on the broker can make up more."""

REFUSED = {
    Refusal.MAC: "is not sealed with this agent's key: compare `agents.NAME.link` with the agent's own config",
    Refusal.KEY: "is sealed with a key of another id: compare `agents.NAME.link.id` with the agent's own config",
    Refusal.VERSION: "has a form that this gateway does not know: is one of the two to be updated?",
    Refusal.FORM: "is nothing that an agent or the registry says",
}


class Notebook:
    """`now` is the business clock."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.heard: dict[str, datetime] = {}
        self.counts: dict[str, Counter[str]] = {}
        self.refused: Counter[str] = Counter()
        self.strangers: Counter[str] = Counter()
        self.kept_back: dict[tuple[str, ...], dict[str, Any]] = {}
        self._now = now
        self._said: set[tuple[str, ...]] = set()

    def judged(self, agent: str, judged: Judged) -> None:
        """A message came from an agent that the door knows."""
        told = account(agent, judged)
        self.heard[agent] = self._now()
        self.counts.setdefault(agent, Counter())[told.verdict] += 1
        if told.verdict == "crosses":
            return
        before = self.kept_back.pop(told.case, {"messages": 0})
        named = {name: getattr(told, name) for name in ("agent", "machine", "kind", "verdict", "why", "what")}
        self.kept_back[told.case] = {**named, "messages": before["messages"] + 1, "last": self._now()}
        if len(self.kept_back) > MOST:
            del self.kept_back[next(iter(self.kept_back))]
        if self._is_news("judged", *told.case):
            self._say(told)

    def refuse(self, agent: str, channel: Channel, reason: Refusal) -> None:
        """A packet that bears an agent's name, and that nobody with its key sealed."""
        self.refused[agent] += 1
        if self._is_news("refused", agent, channel, reason):
            what = f"what comes for {agent} on `{channel}` {REFUSED[reason].replace('NAME', agent)}"
            log.warning("not let by", agent=agent, reason=what)

    def stranger(self, agent: str) -> None:
        """An agent that is not on the list."""
        if agent in self.strangers or len(self.strangers) < MOST:
            self.strangers[agent] += 1
        if self._is_news("stranger", agent):
            log.warning("agent not let out", agent=agent, remedy="add it under `agents`, or stop it")

    def _say(self, told: Account) -> None:
        what = "stopped: the agent sends what may not leave" if told.verdict == "stays" else "let out with less"
        remedy = f"give the agent the same disclosure as the gateway, or let the gateway's show more of {told.machine}"
        if told.kind == "unreadable":
            remedy = "update the gateway if the agent is newer"
        log.warning(what, agent=told.agent, machine=told.machine, kind=told.kind, why=told.why, remedy=remedy)

    def _is_news(self, *case: str) -> bool:
        if case in self._said or len(self._said) >= MOST:
            return False
        self._said.add(case)
        return True
