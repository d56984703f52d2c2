"""The dry run: hears all that agents have to say though nobody answers them, and lets nothing out."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from two_ends import Agent, Registry, tasks

from gateway.bridge.dryrun import rehearse
from gateway.bridge.run import run
from gateway.bridge.words import Account
from gateway.clock import Clock
from gateway.link import Phase
from gateway.machine import ItemState
from gateway.messages import StateChange, Stream, encode

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
STATE = Stream.STATE
Until = Callable[..., Awaitable[None]]


def state(machine: str, second: int) -> bytes:
    return encode(StateChange(machine=machine, at=AT.replace(second=second % 60), state=ItemState.EXECUTING))


async def test_all_is_shown_once_and_nothing_is_lost_for_the_door_that_follows(
    plant: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.bridge.dryrun.COURTESY", 0.1)
    said = [state("Quiet" if n % 3 == 0 else "Loud", n) for n in range(1500)]
    agent, registry, shown = Agent(), Registry(), list[Account]()
    for each in said:
        agent.journal.append(STATE, each)
    edge, cloud = plant.client("edge-1", inside=True), plant.client("registry", inside=False)
    async with edge, cloud, tasks(agent.courier(edge).run(), registry.run(cloud)):
        async with tasks(rehearse(plant.config, Clock(), shown.append)):
            await until(lambda: len(shown) >= 1500)
        assert registry.entries == []
        async with tasks(run(plant.config, Clock())):
            await until(lambda: agent.drained)
    assert [told.seq for told in shown] == list(range(1, 1501))
    assert [told.verdict for told in shown[:3]] == ["stays", "crosses", "crosses"]
    assert shown[0].why == "disclosure of Quiet is `states: false`"
    assert len([each for each in registry.said(STATE) if each != "withheld"]) == 1000


async def test_an_agent_that_somebody_else_answers_is_only_listened_to(
    plant: Any, until: Until, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.bridge.dryrun.COURTESY", 2.0)
    agent, registry, shown = Agent(), Registry(), list[Account]()
    async with plant.client("edge-1", inside=True) as edge, plant.client("registry", inside=False) as cloud:
        courier = agent.courier(edge)
        works = (courier.run(), registry.run(cloud), run(plant.config, Clock()))
        async with tasks(*works, rehearse(plant.config, Clock(), shown.append)):
            await asyncio.sleep(1.0)
            for n in range(40):
                agent.journal.append(STATE, state("Loud", n))
                courier.wake()
                await asyncio.sleep(0.1)
            await until(lambda: agent.drained and len(shown) >= 40)
            assert courier._sender.phases[STATE] is Phase.FLOWING
    assert [told.seq for told in shown] == list(range(1, 41))
    assert len(registry.said(STATE)) == 40
