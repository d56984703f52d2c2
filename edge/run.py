"""Puts one agent together from its config, and keeps all its tasks running until it is told to stop."""

import asyncio
import base64
import binascii
import random
import signal
import ssl
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import orjson
import structlog

from edge import snapshot, wiring
from edge.agent import ALIVE, Agent
from edge.config import Config, read
from edge.desk import DIARY, METER, Desk
from edge.diary import Diary, Use, use_of
from edge.errors import FileInvalid
from edge.foresee import FOLDER as HABITS
from edge.foresee import Foresight
from edge.history import backfill
from edge.joblists import JobLists
from edge.orderbook import OrderBook
from edge.orders.port import JobPort
from edge.planfolder import PlanFolder, folder
from edge.post import Letter, Post
from edge.profile import find
from edge.publish import Said
from edge.secret import Vault
from edge.supervision import supervise
from edge.trouble import Trouble
from edge.watch import Watch
from gateway.clock import Clock
from gateway.courier import Courier, Intake
from gateway.link import Keyring, Lane, Sender
from gateway.messages import Announce
from gateway.mqtt import MqttClient, MqttSettings, Tls
from gateway.outbox import Outbox
from gateway.span import Span

UNDER_WAY = timedelta(seconds=5)
"""Real time in which a value may still have been on its way to us when the agent was last known to be alive."""

LOG_PROFILE = "replay"
"""The profile that a machine's `history` is read with."""

log = structlog.get_logger(__name__)


async def run(path: Path, clock: Clock) -> None:
    """Run the agent of this config until SIGINT or SIGTERM. Raises FileInvalid, OutboxUnavailable, OutboxDamaged."""
    config, vault = prepare(path)
    with Outbox(config.data / "outbox.sqlite", now=clock.now) as outbox:
        feeds = wiring.feeds(wiring.Bench(config, clock, vault, lambda name: outbox.cursor(f"source/{name}")))
        papers = folder(config, clock, Trouble(), vault)
        agent = build(config, clock, outbox, papers)
        book = orderbook(config, agent, wiring.ports(config, feeds))
        async with MqttClient(mqtt_settings(config, vault)) as client:
            up, down = lane(config, vault, "up"), lane(config, vault, "down")
            courier = Courier(Sender(outbox, up, random.SystemRandom()), client, up, agent.on_effect)
            intake = Intake(client, outbox, down, book.store, clock.now)
            agent.post.on_sent = courier.wake
            works = [courier.run(), intake.run(), agent.run(), book.run()]
            works += [supervise(feed, agent.emit, clock, agent.trouble) for feed in feeds]
            ahead = foresight(config, agent.desks, agent.trouble)
            agent.foresee = ahead.step
            works.append(ahead.study(clock.now()))
            works += [papers.feeds.run(), job_lists(papers, wiring.job_lists(config, feeds)).run()]
            log.info("agent runs", agent=config.agent, machines=list(agent.desks))
            await _until_told(asyncio.ensure_future(_together(works)))


async def _together(works: Sequence[Coroutine[Any, Any, None]]) -> None:
    async with asyncio.TaskGroup() as tasks:
        for work in works:
            tasks.create_task(work)


def prepare(path: Path) -> tuple[Config, Vault]:
    """The config, where its secrets are, and its data folder made. Raises FileInvalid."""
    config = read(path)
    try:
        config.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        msg = f"data: {config.data}: {error.strerror}; make the folder, or name one that this user may write to"
        raise FileInvalid(msg) from error
    return config, Vault.beside(path.resolve())


async def _until_told(work: "asyncio.Future[None]") -> None:
    """Until the work fails, or a signal asks to stop."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, work.cancel)
    with suppress(asyncio.CancelledError):
        await work
    log.info("agent stopped")


def build(config: Config, clock: Clock, outbox: Outbox, papers: PlanFolder) -> Agent:
    """The agent as its outbox remembers it."""
    now = clock.now()
    post = Post(outbox, config.disclosure)
    desks = {name: _desk(config, name, clock, post) for name in config.machines}
    for name, found in papers.changed().items():
        desks[name].file(found, now)
    body = outbox.get(*ALIVE)
    alive = datetime.fromisoformat(body.decode()) if body else None
    rewinding = {name for name, machine in config.machines.items() if machine.source.type == "replay"}
    margin = clock.business(UNDER_WAY)
    return Agent(
        desks=desks,
        post=post,
        clock=clock,
        data=config.data,
        announce=lambda at: announcement(config, at),
        trouble=papers.feeds.trouble,
        papers=papers.changed,
        listed=papers.listed,
        blind={name: min(alive, now) - margin for name in desks if name not in rewinding} if alive else {},
    )


def orderbook(config: Config, agent: Agent, ports: Mapping[str, JobPort]) -> OrderBook:
    """The orders of the agent; a change of a machine's state makes its orders look."""
    policies = {name: machine.orders.rules for name, machine in config.machines.items()}
    book = OrderBook(agent.desks, policies, ports, agent.post.outbox, agent.clock, agent.send, agent.trouble)
    agent.on_state, agent.booked = book.floor.nudge, book.status
    return book


def foresight(config: Config, machines: Iterable[str], trouble: Trouble) -> Foresight:
    """What looks ahead, with the habits as they were kept."""
    found = Foresight(config.data / HABITS, ZoneInfo(config.zone), trouble, lambda name, now: _past(config, name, now))
    found.open(machines)
    return found


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


def announcement(config: Config, now: datetime) -> Announce:
    """Who the machines are."""
    machines = tuple(
        Announce.Machine(
            name=name,
            profile=machine.profile,
            manufacturer=machine.manufacturer,
            model=machine.model,
            serial=machine.serial,
            quantity=machine.quantity,
        )
        for name, machine in config.machines.items()
    )
    return Announce(at=now, machines=machines)


def lane(config: Config, vault: Vault, leg: str) -> Lane:
    """One leg of the post, sealed with the agent's key. Raises FileInvalid."""
    text = vault.text(config.link.secret, "link.secret")
    try:
        key = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if len(key) < 16:
        msg = (
            f"link.secret: {config.link.secret} is not a key; store the base64 text that the registry showed, unchanged"
        )
        raise FileInvalid(msg)
    keyring = Keyring({config.link.id: key}, config.link.id)
    return Lane(keyring, config.agent, "down" if leg == "down" else "up")


def mqtt_settings(config: Config, vault: Vault) -> MqttSettings:
    """The broker as the MQTT client wants it. Raises FileInvalid."""
    broker = config.broker
    password = vault.text(broker.password, "broker.password") if broker.password else None
    tls = _readable(Tls(broker.tls.ca, broker.tls.certificate, broker.tls.key)) if broker.tls else None
    return MqttSettings(broker.host, broker.port, f"thirdshift-{config.agent}", broker.user, password, tls)


def _readable(tls: Tls) -> Tls:
    """The same, if its files can be used. Raises FileInvalid."""
    place = f"broker.tls.ca: {tls.authority}"
    try:
        context = ssl.create_default_context(cafile=tls.authority)
        if tls.certificate is not None:
            place = f"broker.tls.certificate: {tls.certificate} with the key {tls.key or 'in the same file'}"
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        msg = f"{place}: {error}; check the path, and that it is a PEM file"
        raise FileInvalid(msg) from error
    return tls


def _desk(config: Config, name: str, clock: Clock, post: Post) -> Desk:
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
