"""Exchanges the parts of a running agent that a new config changes, and leaves all others as they are."""

from collections.abc import Sequence
from dataclasses import replace

from edge import build, wiring
from edge.draft import Draft, feeds
from edge.mapping import Seen
from edge.post import Letter
from edge.reading import LinkNotice
from edge.recovery import Blind
from edge.station import Station
from gateway.because import Unseen

REASON = Unseen.CHANGED


async def exchange(station: Station, draft: Draft) -> None:
    """Stop what goes, exchange what differs in one go, start what comes. What raises leaves it to be put back."""
    await _quiet(station, draft.leaving)
    fresh = feeds(station, draft.config, draft.vault, draft.fresh)
    for name in draft.change.removed:
        _part(station, name)
    _take_over(station, draft)
    for name in draft.change.added:
        _welcome(station, name)
    for name in draft.change.changed:
        _refit(station, draft, name)
    station.gates.start(fresh)
    await _go_on(station, draft)


async def _quiet(station: Station, names: Sequence[str]) -> None:
    """Read these machines no more; from now on nobody sees them."""
    await station.gates.stop(names)
    now = station.clock.now()
    for name in names:
        desk = station.agent.desks[name]
        if not station.config.machines[name].source.rewinds:
            station.agent.blind[name] = Blind(now - station.clock.business(build.UNDER_WAY), REASON)
        watch, letter = desk.take([LinkNotice(name, False, now, REASON)], now)
        if station.agent.send([letter]):
            desk.keep(watch, letter)


def _part(station: Station, name: str) -> None:
    """Sell no more of the machine, and forget it."""
    agent = station.agent
    agent.desks[name].paused = agent.desks[name].dirty = True
    agent.look_at(name, station.clock.now())
    del agent.desks[name]
    station.ahead.leave(name)
    station.traffic.forget(name)
    agent.trouble.forget(name)


def _take_over(station: Station, draft: Draft) -> None:
    station.config, station.vault, station.specs = draft.config, draft.vault, draft.specs
    agent, config = station.agent, draft.config
    agent.post.disclosure = config.disclosure
    station.ahead.past = build.past_of(config)
    if draft.papers is not None:
        draft.papers.listed = station.papers.listed
        for source in station.papers.feeds.checks.keys() - draft.papers.feeds.checks.keys():
            agent.trouble.goes(f"feed/{source.place}")
        station.papers, agent.papers = draft.papers, draft.papers.changed
    if draft.change.touches("identity"):
        agent.retelling.announce = build.announcer(config)
        agent.retelling.introduced = False


def _welcome(station: Station, name: str) -> None:
    """A new machine, or one that was here before and comes back where it left."""
    agent, config = station.agent, station.config
    known = agent.post.outbox.get("watch", name) is not None
    desk = build.desk(config, name, station.clock, agent.post)
    agent.desks[name] = desk
    station.ahead.join(name)
    if known and desk.watch.silent_since and not config.machines[name].source.rewinds:
        agent.blind[name] = Blind(desk.watch.silent_since, REASON)


def _refit(station: Station, draft: Draft, name: str) -> None:
    """The machine as the new config has it; what was seen of it stays."""
    desk, case, parts = station.agent.desks[name], draft.cases[name], draft.change.changed[name]
    if "terms" in parts:
        if case.profile != desk.case.profile or case.second != desk.case.second:
            desk.watch = replace(desk.watch, seen=Seen(), second_seen=Seen(), unknown={})
        desk.case = replace(case, calendar=desk.case.calendar)
        desk.terms = wiring.terms(draft.config, station.clock)
        desk.disclosure = draft.config.disclosure.of(name)
        desk.said, desk.dirty = replace(desk.said, within=None), True
        station.agent.send([Letter(desk.state())])


async def _go_on(station: Station, draft: Draft) -> None:
    """Plans, orders and job lists of the machines that there are now."""
    if draft.papers is not None:
        station.file()
    await station.rewire()
    if draft.change.added:
        await station.study()
    station.agent.nudge()
