"""A profile served as a live machine is found, checked and read like any other."""

import asyncio
import json
import signal
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from edge.mapping import Seen, StampBounds, apply, shape
from edge.profile import find, names
from edge.reading import Event, Reading
from edge.simulate import play
from edge.simulate.command import Simulation, _hint, lines, simulate
from edge.simulate.play import Player
from edge.simulate.profile_server import ProfileServer
from edge.simulate.walk import walk
from edge.sources.opcua import MachineNodes, OpcUaSource
from edge.sources.opcua_check import check
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_signal import OpcUaProfile
from gateway.clock import Clock
from gateway.errors import UsageError

OPCUA = [name for name in names() if find(name).source == "opcua"]


def endpoint(url: str) -> OpcUaEndpoint:
    return OpcUaEndpoint(url=url, security="none", sampling_ms=0, publishing_ms=50)


def of(name: str) -> OpcUaProfile:
    found = find(name)
    assert isinstance(found, OpcUaProfile)
    return found


@pytest.mark.parametrize("name", OPCUA)
async def test_every_node_of_a_served_profile_is_there_with_its_type(name: str) -> None:
    profile = of(name)
    server = ProfileServer(profile, "M1", Clock())
    await server.start()
    try:
        nodes = {signal: each.node for signal, each in profile.signals.items()}
        types = {signal: each.type for signal, each in profile.signals.items()}
        verdicts = await check(endpoint(server.url), nodes, root=server.root, types=types)
    finally:
        await server.stop()
    assert [each for each in verdicts if not each.ok] == []


async def test_addresses_of_any_kind_are_served() -> None:
    profile = OpcUaProfile.model_validate(
        {
            "profile": "odd",
            "title": "t",
            "source": "opcua",
            "signals": {
                "by_id": {"node": "nsu=urn:maker;s=Line.Running", "type": "Boolean"},
                "by_path": {"node": "/Objects/nsu=urn:maker;Line/nsu=urn:maker;Speed", "type": "Double"},
                "beside": {"node": "/Objects/nsu=urn:maker;Line/nsu=urn:maker;Count", "type": "UInt32"},
            },
            "state": [{"when": {"by_id": True}, "then": "Executing"}, {"then": "NotExecuting"}],
        }
    )
    server = ProfileServer(profile, "M1", Clock())
    await server.start()
    try:
        await server.show({"by_id": True, "by_path": 2.5, "beside": 7})
        nodes = {signal: each.node for signal, each in profile.signals.items()}
        verdicts = await check(endpoint(server.url), nodes, root=server.root)
    finally:
        await server.stop()
    assert {each.signal: each.value for each in verdicts} == {"by_id": True, "by_path": 2.5, "beside": 7}


async def test_an_agent_reads_the_story_that_the_machine_lives_through(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(play, "TICK", 0.3)
    profile, clock = of("opcua-euromap77"), Clock()
    server = ProfileServer(profile, "M1", clock)
    await server.start()
    heard: list[Reading] = []

    async def emit(events: Sequence[Event]) -> None:
        heard.extend(event for event in events if isinstance(event, Reading))

    nodes = MachineNodes({name: each.node for name, each in profile.signals.items()}, server.root)
    source = asyncio.create_task(OpcUaSource(endpoint(server.url), {"M1": nodes}, clock).run(emit))
    try:
        async with asyncio.timeout(40):
            while len({reading.signal for reading in heard}) < len(profile.signals):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        heard.clear()
        player = Player(profile, server.show, 6000.0, lambda _: None)
        with suppress(TimeoutError):
            await asyncio.wait_for(player.run(), 4)
    finally:
        while not source.done():  # told again where a library swallows it, as the agent's supervision does
            source.cancel()
            await asyncio.wait([source], timeout=0.5)
        await server.stop()
    seen, shaped = shape(profile, Seen(), heard)
    _, facts = apply(profile, seen, shaped, StampBounds())
    assert {fact.state for fact in facts if fact.state} == {step.state for step in walk(profile)}
    assert max(int(str(each.value)) for each in shaped if each.signal == "good_parts") > 0


async def test_the_command_tells_a_config_and_each_step() -> None:
    told: list[Mapping[str, Any]] = []
    work = asyncio.create_task(
        simulate(Simulation("opcua-machinery", "Press", speed=20_000.0), None, told.append, Clock())
    )
    async with asyncio.timeout(40):
        while len(told) < 3:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)
    source = told[0]["source"]
    assert (told[0]["profile"], source["type"], source["security"]) == ("opcua-machinery", "opcua", "none")
    assert lines(told[0])[1:3] == ["  Press:", "    profile: opcua-machinery"]
    assert "NotAvailable" in lines(told[1])[0]


@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (Simulation("replay"), "source 'replay' cannot be simulated; there are opcua, mqtt"),
        (Simulation("lathe"), "no profile 'lathe'"),
        (Simulation("mqtt-power-meter", broker="localhost"), "write HOST:PORT"),
    ],
)
async def test_what_cannot_be_simulated_says_why(asked: Simulation, complaint: str) -> None:
    with pytest.raises(UsageError, match=complaint):
        await simulate(asked, None, lambda _: None, Clock())


def test_a_machine_that_is_too_fast_for_its_debounce_says_so() -> None:
    meter = find("mqtt-power-meter")
    assert _hint(meter, 10.0) == {}
    told = _hint(meter, 600.0)["hint"]
    slower = float(told.split("--speed ")[1].split()[0])
    assert _hint(meter, slower) == {}


async def test_the_program_serves_until_it_is_told_to_stop() -> None:
    program = Path(sys.executable).with_name("thirdshift")
    process = await asyncio.create_subprocess_exec(
        program, "edge", "simulate", "opcua-packml", "--json", "--speed", "5000", stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout
    async with asyncio.timeout(60):
        machine, step = [json.loads(await process.stdout.readline()) for _ in range(2)]
        verdicts = await check(
            endpoint(machine["source"]["url"]),
            {name: each.node for name, each in of("opcua-packml").signals.items()},
            root=machine["source"]["root"],
        )
        process.send_signal(signal.SIGINT)
        await process.stdout.read()
        assert await process.wait() == 0
    assert (machine["machine"], step["state"]) == ("Simulated-1", "NotExecuting")
    assert all(each.ok for each in verdicts)
