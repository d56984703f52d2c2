"""Decides what is wrong with how the house runs, and what to do about each of it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from cloud.dashboard.operations.facts import Facts
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from cloud.operations.model import AgentLink, Hook
from gateway.messages import Stream

Weight = Literal["bad", "note"]

CLOCK_S = 2.0
"""Real seconds that an agent's clock may be off."""
BACKLOG = 200
"""Messages that may wait at an agent when it connects."""
LATE_S = 30.0
"""Real seconds within which 99 of 100 statements and answers should be here.

Of states that is no sign: a machine that tells what it remembers of the last days tells nothing late.
"""
PATIENCE_S = 120.0
"""Real seconds in which an agent should acknowledge an order, and a webhook take its delivery."""
RECENT_S = 86_400.0
"""Real seconds for which a loss, a refusal or a parked message is news."""
MANY = 3
_REMEDY = {"dropped": "lost", "expired": "lost", "unreadable": "lost_unreadable"}
HARMLESS = {"superseded", "withheld"}
"""A newer message took its place; the plant's own door keeps it in."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """`text` says what is wrong with `subject`, `remedy` what to do. `bad`: it does not work; else it may not soon."""

    weight: Weight
    subject: str
    text: str
    remedy: str
    kind: str = ""


def troubles(facts: Facts, when: When) -> list[Trouble]:
    """What is wrong, the worst first."""
    asked = _Asked(facts, when)
    found = [*asked.store(), *together(asked.agents(), when.words), *asked.flows(), *asked.hooks()]
    return sorted(found, key=lambda each: each.weight != "bad")


def together(found: Iterable[Trouble], words: Words) -> Iterator[Trouble]:
    """What is wrong with more than MANY agents alike is told once, so that it hides nothing else."""
    kinds: dict[tuple[str, str], list[Trouble]] = {}
    for each in found:
        kinds.setdefault((each.kind, each.remedy), []).append(each)
    for (kind, remedy), alike in kinds.items():
        names = sorted({each.subject for each in alike})
        if len(names) <= MANY:
            yield from alike
        else:
            subject = words("operations.many", names=", ".join(names[:MANY]), more=len(names) - MANY)
            yield Trouble(alike[0].weight, subject, words(f"operations.many_{kind}"), remedy, kind)


@dataclass(frozen=True, slots=True)
class _Asked:
    facts: Facts
    when: When

    def store(self) -> Iterator[Trouble]:
        samples = self.facts.stores.samples
        if not samples.answers:
            yield self._say("bad", samples.name, "store", detail=samples.detail or "")

    def agents(self) -> Iterator[Trouble]:
        for link in self.facts.links:
            yield from self._heard(link)
            yield from self._waiting(link)
            yield from self._lost(link)

    def _heard(self, link: AgentLink) -> Iterator[Trouble]:
        if link.seen == "never":
            yield self._say("note", link.name, "never")
        elif link.seen == "silent" and link.last_receipt_at:
            ago = self.when.long(self.facts.seen - link.last_receipt_at)
            yield self._say("bad", link.name, "silent", since=self.when.moment(link.last_receipt_at), length=ago)
        offset = link.clock_offset_s
        if offset is not None and abs(offset) > CLOCK_S:
            yield self._say("note", link.name, "clock", seconds=f"{offset:+.1f}")

    def _waiting(self, link: AgentLink) -> Iterator[Trouble]:
        waiting = sum(lane.waiting for lane in link.lanes)
        if waiting > BACKLOG:
            told = max(lane.told_at for lane in link.lanes if lane.told_at)
            yield self._say("note", link.name, "backlog", count=f"{waiting:,}", at=self.when.moment(told))
        if link.down.oldest_at and self.facts.seen - link.down.oldest_at > self._real(PATIENCE_S):
            since = self.when.moment(link.down.oldest_at)
            yield self._say("bad", link.name, "down", count=link.down.waiting, since=since)

    def _lost(self, link: AgentLink) -> Iterator[Trouble]:
        recent = self.facts.seen - self._real(RECENT_S)
        words = self.when.words
        for loss in link.losses:
            if loss.reason not in HARMLESS and loss.last_at > recent:
                values = {"count": f"{loss.messages:,}", "stream": words.term("operations.stream", loss.stream)}
                values |= {"reason": words.term("operations.reason", loss.reason)}
                values["at"] = self.when.moment(loss.last_at)
                yield self._say("bad", link.name, "lost", _REMEDY.get(loss.reason, "lost_numbers"), **values)
        for refused in link.refused:
            if refused.last_at > recent:
                values = {"count": f"{refused.packets:,}", "at": self.when.moment(refused.last_at)}
                kind = refused.reason if refused.reason in {"mac", "key", "line_full"} else "form"
                yield self._say("bad", link.name, f"refused_{kind}", **values)
        if link.parked.last_at and link.parked.last_at > recent:
            values = {"count": f"{link.parked.messages:,}", "at": self.when.moment(link.parked.last_at)}
            yield self._say("bad", link.name, "parked", **values)

    def flows(self) -> Iterator[Trouble]:
        for flow in self.facts.ingest.flows:
            if flow.stream is Stream.CONTROL and flow.p99_s is not None and flow.p99_s > LATE_S:
                stream = self.when.words.term("operations.stream", flow.stream)
                yield self._say("note", stream, "late", length=self.when.long(timedelta(seconds=flow.p99_s)))

    def hooks(self) -> Iterator[Trouble]:
        for hook in self.facts.hooks or ():
            if self._stuck(hook) and hook.oldest_due_at:
                since = self.when.moment(hook.oldest_due_at)
                answer = hook.error or str(hook.status or "")
                yield self._say("note", hook.url, "hook_due", count=hook.due, since=since, answer=answer)
            if hook.failed:
                yield self._say("bad", hook.url, "hook_failed", count=hook.failed)

    def _stuck(self, hook: Hook) -> bool:
        return bool(hook.oldest_due_at and self.facts.seen - hook.oldest_due_at > self._real(PATIENCE_S))

    def _real(self, seconds: float) -> timedelta:
        return timedelta(seconds=seconds) * self.facts.ingest.speed

    def _say(self, weight: Weight, subject: str, key: str, remedy: str = "", **values: object) -> Trouble:
        words = self.when.words
        text, what = words(f"operations.trouble_{key}", **values), words(f"operations.remedy_{remedy or key}")
        return Trouble(weight, subject, text, what, key)
