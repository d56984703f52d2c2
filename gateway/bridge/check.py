"""Tries everything that the door needs, and says of each thing that is wrong what to do."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from gateway.bridge.brokers import Brokers, SameBroker
from gateway.bridge.config import SIDES, lanes, read, settings
from gateway.errors import UsageError
from gateway.finding import Finding
from gateway.link import Lane, Refusal
from gateway.link import read as opened
from gateway.mqtt import MqttClient, MqttSettings
from gateway.topics import Channel, TopicUnknown, filter_for, parse

PATIENCE = 5.0
"""Real seconds that a broker gets to answer."""
LISTEN = 3.0
"""Real seconds in which an agent may be heard; one whose machines stand still says nothing for long."""


async def check(path: Path) -> list[Finding]:
    """Everything in the order in which the door needs it; what depends on something broken is left out."""
    try:
        config, vault = read(path)
        keys = lanes(config, vault)
        wanted = [settings(config, side, vault, guest="check") for side in SIDES]
    except UsageError as error:
        return [Finding(ok=False, what="config", remedy=line) for line in str(error).splitlines()]
    found = [Finding(ok=True, what="config", found=f"keys and certificates readable; agents: {len(config.agents)}")]
    inside, outside = (MqttClient(each) for each in wanted)
    async with inside, outside:
        reached = await asyncio.gather(_reach("inside", inside, wanted[0]), _reach("outside", outside, wanted[1]))
        found += reached
        if all(each.ok for each in reached):
            found.append(await _apart(Brokers(inside, outside)))
        if reached[0].ok:
            found += await _listen(inside, keys)
    return found


async def _reach(side: str, client: MqttClient, wanted: MqttSettings) -> Finding:
    what = f"{side} broker {wanted.host}:{wanted.port}"
    with suppress(TimeoutError):
        async with asyncio.timeout(PATIENCE):
            while not client.connected and not client.trouble:  # noqa: ASYNC110 - there is no event for trouble
                await asyncio.sleep(0.02)
    if client.connected:
        return Finding(ok=True, what=what, found="connected" + (" by TLS" if wanted.tls else ", not encrypted"))
    remedy = client.trouble or f"no answer within {PATIENCE:g} s; check host and port, and that the broker runs"
    return Finding(ok=False, what=what, remedy=remedy)


async def _apart(brokers: Brokers) -> Finding:
    try:
        await brokers.part()
    except SameBroker as error:
        return Finding(ok=False, what="two brokers", remedy=str(error))
    return Finding(ok=True, what="two brokers", found="what is said inside is not heard outside")


async def _listen(client: MqttClient, keys: Mapping[str, Lane]) -> list[Finding]:
    """Who speaks inside, and whether it is sealed with the key that the config has."""
    heard = client.subscribe(filter_for(Channel.UP))
    seen: dict[str, bool] = {}
    with suppress(TimeoutError):
        async with asyncio.timeout(LISTEN):
            async for message in heard:
                with suppress(TopicUnknown):
                    agent = parse(message.topic).agent
                    lane = keys.get(agent)
                    seen[agent] = lane is not None and not isinstance(opened(lane, message.payload), Refusal)
    client.unsubscribe(heard)
    return [_agent(agent, seen, known=agent in keys) for agent in sorted({*keys, *seen})]


def _agent(agent: str, seen: Mapping[str, bool], *, known: bool) -> Finding:
    what = f"agent {agent}"
    if not known:
        return Finding(ok=False, what=what, found="heard", remedy="not let out: add it under `agents`, or stop it")
    if agent not in seen:
        return Finding(ok=True, what=what, found=f"not heard within {LISTEN:g} s")
    if not seen[agent]:
        remedy = f"its key is another: compare `agents.{agent}.link` with the agent's own config"
        return Finding(ok=False, what=what, found="heard", remedy=remedy)
    return Finding(ok=True, what=what, found="heard, and its key fits")
