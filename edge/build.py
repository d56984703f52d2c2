"""Makes an agent's parts from its config and from what its outbox remembers of them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import orjson

from edge import snapshot, units, wiring
from edge.agent import ALIVE, Agent
from edge.config import Config
from edge.desk import DIARY, METER, Desk
from edge.diary import Diary, Use, use_of
from edge.foresee import FOLDER as HABITS
from edge.foresee import Foresight, Past
from edge.history import backfill
from edge.joblists import JobLists
from edge.orderbook import OrderBook
from edge.orders.port import JobPort
from edge.planfolder import PlanFolder
from edge.post import Letter, Post
from edge.profile import find
from edge.publish import Said
from edge.recovery import Blind
from edge.trouble import Trouble
from edge.watch import Watch
from gateway.clock import Clock
from gateway.messages import Announce
from gateway.outbox import Outbox
from gateway.span import Span

UNDER_WAY = timedelta(seconds=5)
"""Real time in which a value may still have been on its way to us when the agent was last known to be alive."""

LOG_PROFILE = "replay"
"""The profile that a machine's `history` is read with."""


def build(config: Config, clock: Clock, outbox: Outbox, papers: PlanFolder) -> Agent:
    """The agent as its outbox remembers it."""
    now = clock.now()
    post = Post(outbox, config.disclosure)
    desks = {name: desk(config, name, clock, post) for name in config.machines}
    for name, found in papers.changed().items():
        desks[name].file(found, now)
    body = outbox.get(*ALIVE)
    unread = Blind(min(datetime.fromisoformat(body.decode()), now) - clock.business(UNDER_WAY)) if body else None
    agent = Agent(
        desks=desks,
        post=post,
        clock=clock,
        data=config.data,
        announce=announcer(config),
        trouble=papers.feeds.trouble,
        papers=papers.changed,
        listed=papers.listed,
        blind={
            name: replace(unread, since=min(unread.since, desk.watch.silent_since or unread.since))
            for name, desk in desks.items()
            if unread and not config.machines[name].source.rewinds
        },
    )
    agent.retelling.told = {name: units.load(told) for name in desks if (told := outbox.get(units.KIND, name))}
    return agent


def orderbook(config: Config, agent: Agent, ports: Mapping[str, JobPort]) -> OrderBook:
    """The orders of the agent; a change of a machine's state makes its orders look."""
    policies = {name: machine.orders.rules for name, machine in config.machines.items()}
    book = OrderBook(agent.desks, policies, ports, agent.post.outbox, agent.clock, agent.send, agent.trouble)
    agent.on_state, agent.booked = book.floor.nudge, book.status
    return book


def foresight(config: Config, machines: Iterable[str], trouble: Trouble) -> Foresight:
    """What looks ahead, with the habits as they were kept."""
    found = Foresight(config.data / HABITS, ZoneInfo(config.zone), trouble, past_of(config))
    found.open(machines)
    return found


def past_of(config: Config) -> Past:
    """What each machine did before its first start, as its log has it."""
    return lambda name, now: _past(config, name, now)


def _past(config: Config, name: str, now: datetime) -> tuple[list[Span], datetime] | None:
    """When a machine was busy before the first start, as its log has it."""
    moments = wiring.history(config, name)
    if not moments:
        return None
    _, told = backfill(name, find(LOG_PROFILE), moments, now)
    uses = [(change.at, use_of(change)) for change in told]
    until = [*(at for at, _ in uses[1:]), now]
    spans = [Span.between(at, end) for (at, use), end in zip(uses, until, strict=False) if use is Use.BUSY]
    return [span for span in spans if span], moments[0].at


def job_lists(papers: PlanFolder, ports: Mapping[str, JobPort]) -> JobLists:
    """Who follows the machines' own job lists."""
    plans = {name: plan for name in ports if (plan := papers.plan(name)) is not None}
    return JobLists(plans, ports, papers.listed, papers.clock, papers.feeds.trouble)


def announcer(config: Config) -> Callable[[datetime], Announce]:
    """Who tells of the machines, by their profiles as they are now; the post drops what may not cross of their units.

    Raises FileInvalid.
    """
    machines = tuple(
        Announce.Machine(
            name=name,
            profile=machine.profile,
            manufacturer=machine.manufacturer,
            model=machine.model,
            serial=machine.serial,
            quantity=machine.quantity,
            units=find(machine.profile, config.profiles).units or None,
        )
        for name, machine in config.machines.items()
    )
    return lambda at: Announce(at=at, machines=machines)


def desk(config: Config, name: str, clock: Clock, post: Post) -> Desk:
    """One machine's desk as the outbox remembers it; what its log tells is sent at once. Raises FileInvalid."""
    case = wiring.case(config, name, clock)
    watch = _watch(config, name, clock, post)
    version, diary = post.outbox.get("said", name), post.outbox.get(DIARY, name)
    return Desk(
        case=case,
        watch=watch,
        history=snapshot.load_history(post.outbox.get(METER, name), watch),
        terms=wiring.terms(config, clock),
        said=Said(int(version) if version else 0),
        disclosure=config.disclosure.of(name),
        diary=Diary.load(orjson.loads(diary) if diary else None),
    )


def _watch(config: Config, name: str, clock: Clock, post: Post) -> Watch:
    """The machine as it was last seen, or as its log leaves it; not connected yet."""
    kept = post.outbox.get("watch", name)
    if kept:
        watch = snapshot.load(kept)
        return watch if watch.silent_since else replace(watch, silent_since=clock.now())
    moments = wiring.history(config, name)
    track, told = backfill(name, find(LOG_PROFILE), moments, clock.now())
    watch = Watch(track, silent_since=clock.now())
    post.send([Letter(told, {("watch", name): snapshot.dump(watch)})])
    return watch
