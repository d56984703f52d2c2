"""Puts one agent together from its config, and keeps all its tasks running until it is told to stop."""

import asyncio
import base64
import binascii
import random
import signal
from contextlib import suppress
from datetime import datetime
from pathlib import Path

import structlog

from edge import snapshot, wiring
from edge.agent import ALIVE, Agent
from edge.config import Config, read
from edge.desk import Desk
from edge.errors import FileInvalid
from edge.post import Post
from edge.publish import Said
from edge.secret import Vault
from edge.supervision import supervise
from edge.tracker import Track
from edge.trouble import Trouble
from edge.watch import Watch
from gateway.clock import Clock
from gateway.courier import Courier
from gateway.link import Keyring, Lane, Sender
from gateway.messages import Announce
from gateway.mqtt import MqttClient, MqttSettings, Tls
from gateway.outbox import Outbox

log = structlog.get_logger(__name__)


async def run(path: Path, clock: Clock) -> None:
    """Run the agent of this config until SIGINT or SIGTERM. Raises FileInvalid, OutboxUnavailable, OutboxDamaged."""
    config, vault = prepare(path)
    with Outbox(config.data / "outbox.sqlite", now=clock.now) as outbox:
        agent = build(config, clock, outbox)
        feeds = wiring.feeds(wiring.Bench(config, clock, vault, lambda name: outbox.cursor(f"source/{name}")))
        async with MqttClient(mqtt_settings(config, vault)) as client:
            work = asyncio.ensure_future(_work(agent, feeds, client, lane(config, vault, "up"), outbox))
            await _until_told(work)


def prepare(path: Path) -> tuple[Config, Vault]:
    """The config, where its secrets are, and its data folder made. Raises FileInvalid."""
    config = read(path)
    config.data.mkdir(parents=True, exist_ok=True)
    return config, Vault.beside(path.resolve())


async def _work(agent: Agent, feeds: list[wiring.Feed], client: MqttClient, up: Lane, outbox: Outbox) -> None:
    sender = Sender(outbox, up, random.SystemRandom())
    courier = Courier(sender, client, up, agent.on_effect)
    agent.post.on_sent = courier.wake
    log.info("agent runs", agent=up.agent, machines=list(agent.desks))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(courier.run())
        tasks.create_task(agent.run())
        for feed in feeds:
            tasks.create_task(supervise(feed, agent.emit, agent.clock, agent.trouble))


async def _until_told(work: "asyncio.Future[None]") -> None:
    """Until the work fails, or a signal asks to stop."""
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(name, work.cancel)
    with suppress(asyncio.CancelledError):
        await work
    log.info("agent stopped")


def build(config: Config, clock: Clock, outbox: Outbox) -> Agent:
    """The agent as its outbox remembers it."""
    now = clock.now()
    desks = {name: _desk(config, name, clock, outbox) for name in config.machines}
    body = outbox.get(*ALIVE)
    alive = datetime.fromisoformat(body.decode()) if body else None
    rewinding = {name for name, machine in config.machines.items() if machine.source.type == "replay"}
    return Agent(
        desks=desks,
        post=Post(outbox, config.disclosure),
        clock=clock,
        data=config.data,
        announce=lambda at: announcement(config, at),
        trouble=Trouble(),
        blind={name: min(alive, now) for name in desks if name not in rewinding} if alive else {},
    )


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
    tls = Tls(broker.tls.ca, broker.tls.certificate, broker.tls.key) if broker.tls else None
    return MqttSettings(broker.host, broker.port, f"thirdshift-{config.agent}", broker.user, password, tls)


def _desk(config: Config, name: str, clock: Clock, outbox: Outbox) -> Desk:
    case = wiring.case(config, name, clock)
    kept = outbox.get("watch", name)
    watch = snapshot.load(kept) if kept else Watch(Track(name))
    version = outbox.get("said", name)
    if watch.silent_since is None:
        watch = Watch(watch.track, watch.seen, watch.second_seen, clock.now(), "not connected yet", watch.unknown)
    return Desk(
        case=case,
        watch=watch,
        terms=wiring.terms(config, clock),
        said=Said(int(version) if version else 0),
        orders=wiring.orders(config, name),
        details=config.disclosure.of(name).order_details,
    )
