"""The door between two real brokers, the outer one with TLS and password: what it lets by, stops, keeps and says."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from random import Random
from typing import Any

import orjson
import structlog
from two_ends import Agent, Registry, lane, tasks

from gateway.bridge.run import run
from gateway.clock import Clock
from gateway.courier import Courier, Intake
from gateway.link import MemoryJournal, Sender
from gateway.machine import ItemState
from gateway.messages import StateChange, Stream, encode
from gateway.outbox import Outbox
from gateway.topics import Channel, Topic

AT = datetime(2026, 3, 2, 6, tzinfo=UTC)
STATE, TELEMETRY = Stream.STATE, Stream.TELEMETRY
Until = Callable[..., Awaitable[None]]


def state(machine: str, second: int = 0) -> bytes:
    return encode(StateChange(machine=machine, at=AT.replace(second=second), state=ItemState.EXECUTING))


async def test_what_may_cross_crosses_unchanged_and_is_acknowledged_end_to_end(live: Any, until: Until) -> None:
    said = [state("Loud", n) for n in range(50)]
    live.say(STATE, *said)
    await until(lambda: live.agent.drained)
    assert live.registry.said(STATE) == said
    assert live.registry.losses == []


async def test_what_may_not_cross_is_stopped_in_place_and_said_once_and_holds_nobody_up(
    live: Any, until: Until
) -> None:
    with structlog.testing.capture_logs() as logs:
        live.say(STATE, state("Loud", 1), state("Quiet", 2), state("Quiet", 3), state("Loud", 4))
        live.say(Stream.CONTROL, b'{"kind":"of a later version"}')
        await until(lambda: live.agent.drained)
    assert live.registry.said(STATE) == [state("Loud", 1), "withheld", state("Loud", 4)]
    assert live.registry.said(Stream.CONTROL) == ["unreadable"]
    assert live.registry.losses == []
    stopped = [line for line in logs if line["event"].startswith("stopped")]
    # Streams wait for each other no more here than anywhere: either may be told first.
    told = {line["kind"]: line for line in stopped}
    assert (len(stopped), told["state"]["machine"], told["unreadable"]["machine"]) == (2, "Quiet", "")
    assert "states: false" in told["state"]["why"]
    await until(lambda: live.status["agents"]["edge-1"]["stopped"] == 3)
    assert [each["messages"] for each in live.status["kept_back"]] == [2, 1]


async def test_an_agent_that_is_not_on_the_list_is_not_let_out_and_said_once(live: Any, until: Until) -> None:
    heard = live.cloud.subscribe(str(Topic("edge-2", Channel.UP)))
    with structlog.testing.capture_logs() as logs:
        for _ in range(5):
            live.edge.publish(str(Topic("edge-2", Channel.UP)), b"TS1 whatever")
        live.say(STATE, state("Loud"))
        await until(lambda: live.agent.drained)
        await until(lambda: live.status.get("strangers") == {"edge-2": 5})
    assert heard.take() is None
    assert [line["agent"] for line in logs if line["event"] == "agent not let out"] == ["edge-2"]


async def test_what_bears_an_agents_name_and_not_its_seal_goes_nowhere(live: Any, until: Until) -> None:
    raw = live.cloud.subscribe(str(Topic("edge-1", Channel.DOWN_ACK)))
    with structlog.testing.capture_logs() as logs:
        live.edge.publish(str(Topic("edge-1", Channel.UP)), b"TS1 k1 " + b"0" * 64 + b"\n{}")
        live.edge.publish(str(Topic("edge-1", Channel.DOWN_ACK)), b"noise")
        live.cloud.publish(str(Topic("edge-1", Channel.DOWN)), b"TS1 k9 " + b"0" * 64 + b"\n{}")
        await until(lambda: len([line for line in logs if line["event"] == "not let by"]) == 3)
        live.say(STATE, state("Loud"))
        await until(lambda: live.agent.drained)
    assert raw.take() is None
    reasons = {line["reason"] for line in logs if line["event"] == "not let by"}
    assert reasons == {
        "what comes for edge-1 on `up` is not sealed with this agent's key:"
        " compare `agents.edge-1.link` with the agent's own config",
        "what comes for edge-1 on `down` is sealed with a key of another id:"
        " compare `agents.edge-1.link.id` with the agent's own config",
        "what comes for edge-1 on `down-ack` is nothing that an agent or the registry says",
    }


async def test_orders_come_down_and_their_receipts_go_up(live: Any, until: Until, tmp_path: Any) -> None:
    journal = MemoryJournal(Random(2))
    with Outbox(tmp_path / "outbox.sqlite", now=lambda: AT) as outbox:
        stored: list[bytes] = []
        intake = Intake(
            live.edge, outbox, lane("down"), lambda _, decision: stored.extend(e.payload for e in decision.entries),
            lambda: AT,
        )  # fmt: skip
        sender = Sender(journal, lane("down"), Random(3), streams=[Stream.CONTROL])
        courier = Courier(sender, live.cloud, lane("down"), lambda _: None)
        works = [asyncio.ensure_future(work) for work in (intake.run(), courier.run())]
        journal.append(Stream.CONTROL, b'{"order":1}')
        courier.wake()
        await until(lambda: journal.held(Stream.CONTROL)[-1].drained)
        for work in works:
            work.cancel()
        await asyncio.gather(*works, return_exceptions=True)
    assert stored == [b'{"order":1}']


async def test_without_a_line_it_keeps_far_more_than_a_window_and_all_of_it_arrives(live: Any, until: Until) -> None:
    live.say(STATE, state("Loud"))
    await until(lambda: live.agent.drained)
    live.plant.outside.kill()
    await until(lambda: not live.status["outside"]["connected"])
    said = [state("Loud", n % 60) for n in range(3000)]
    live.say(STATE, *said)
    await until(lambda: live.status["cache"]["bytes"] > 300_000)
    assert sum(held.next - held.oldest for held in live.agent.journal.held(STATE)) == 3000
    live.plant.outside.start()
    await until(lambda: live.agent.drained)
    assert live.registry.said(STATE) == [state("Loud"), *said]


async def test_a_full_cache_refuses_the_newest_and_the_agent_keeps_it(live: Any, until: Until) -> None:
    live.plant.outside.kill()
    await until(lambda: not live.status["outside"]["connected"])
    heavy = [b'{"v":1,"kind":"samples","machine":"Loud","signal":"s","at":[%d],"values":["%b"]}' % (n, b"x" * 50_000)
             for n in range(40)]  # fmt: skip
    live.say(TELEMETRY, *heavy)
    live.say(STATE, *[state("Loud", n) for n in range(60)])
    await until(lambda: live.status["agents"]["edge-1"]["waiting_bytes"] > 5_000)
    live.plant.outside.start()
    await until(lambda: live.agent.drained)
    assert live.registry.said(STATE) == [state("Loud", n) for n in range(60)]
    assert len(live.registry.said(TELEMETRY)) == 1


async def test_a_door_that_is_opened_anew_has_still_what_it_kept(plant: Any, until: Until) -> None:
    """The agent is off by then: only the door's file can have it."""
    agent, registry = Agent(), Registry()
    plant.outside.kill()
    said = [state("Loud", n) for n in range(60)]
    async with plant.client("edge-1", inside=True) as edge, tasks(run(plant.config, Clock())):
        courier = agent.courier(edge)
        for each in said:
            agent.journal.append(STATE, each)
        async with tasks(courier.run()):
            path = plant.config.parent / "data" / "status.json"
            await until(lambda: path.exists() and orjson.loads(path.read_bytes())["cache"]["bytes"] > 5_000)
    plant.outside.start()
    async with plant.client("registry", inside=False) as cloud, tasks(registry.run(cloud), run(plant.config, Clock())):
        await until(lambda: len(registry.entries) == 60)
    assert registry.said(STATE) == said
    assert not agent.drained
