"""`thirdshift edge check` against a machine that is there."""

import asyncio
import base64
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from edge.check import Report, check
from edge.listen import listen
from edge.reading import LinkNotice, Reading
from edge.simulate.server import MachineServer
from edge.sources import Emit
from edge.verdict import Verdict
from gateway.clock import Clock
from gateway.machine import Quality

Look = Callable[..., Awaitable[dict[str, Verdict]]]
CONFIG = """\
agent: plant-a
link: {{id: k1, secret: "file:link.key"}}
broker: {{port: 1}}
profiles: [profiles]
machines:
  Press:
    profile: opcua-machinery
    source: {{type: opcua, url: "{url}", root: "{root}"}}
    orders: {{policy: store, work_masters: {{turn: {{}}}}}}
"""


@pytest.fixture
async def press() -> AsyncIterator[MachineServer]:
    server = MachineServer("Press", Clock())
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
def look(press: MachineServer, write: Callable[[str, str], Path], monkeypatch: pytest.MonkeyPatch) -> Look:
    """The verdicts on the machine, with its root as it is or another."""
    monkeypatch.setattr("edge.check.BROKER_PATIENCE", 0.05)
    write("link.key", base64.b64encode(bytes(32)).decode())

    async def run(root: str = press.root, url: str = press.url) -> dict[str, Verdict]:
        path = write("edge.yaml", CONFIG.format(url=url, root=root))
        report = await check(path, Clock())
        assert isinstance(report, Report)
        return {each.signal: each for each in report.signals}

    return run


async def test_every_node_is_read_with_its_type_and_the_profile_makes_a_state_of_them(look: Look) -> None:
    found = await look()
    assert list(found) == ["endpoint", "item_state", "operation_mode", "job_orders", "state/mode"]
    assert found["item_state"].type == "LocalizedText"
    assert found["state/mode"].value == "NotAvailable / None"
    assert all(each.ok for each in found.values())


async def test_a_node_that_is_not_there_is_named_with_its_neighbours(look: Look) -> None:
    found = await look(root="/Objects/machinery:Machines/Prss")
    assert not found["item_state"].ok
    assert "Press" in (found["item_state"].advice or "")
    assert found["operation_mode"].ok, "an optional signal may be missing"
    assert "optional" in (found["operation_mode"].advice or "")
    assert not found["job_orders"].ok
    assert "state/mode" not in found


async def test_a_machine_that_does_not_answer_is_one_verdict(look: Look) -> None:
    found = await look(url="opc.tcp://127.0.0.1:1")
    assert list(found) == ["endpoint"]
    assert "127.0.0.1:1" in (found["endpoint"].problem or "")


async def test_a_value_that_the_profile_does_not_name_says_where_to_add_it(
    look: Look, press: MachineServer, write: Callable[[str, str], Path]
) -> None:
    own = write("profiles/opcua-machinery.yaml", HALF)
    assert own.exists()
    found = await look()
    assert not found["item_state"].ok
    assert "add `NotAvailable: …` to its `values`" in (found["item_state"].advice or "")


HALF = """\
profile: opcua-machinery
title: A profile that forgot a value
source: opcua
signals:
  item_state:
    node: machinery:MachineryBuildingBlocks/machinery:MachineryItemState/CurrentState
    type: LocalizedText
    values: {Executing: Executing}
state:
  - {when: {item_state: Executing}, then: Executing}
"""


METERED = """\
profile: metered
title: A machine that may tell its power
extends: opcua-machinery
source: opcua
signals:
  power: {node: Power, type: Double, unit: W, as: kW, optional: true}
"""


async def test_the_unit_that_crosses_with_a_named_signal_is_told(
    look: Look, press: MachineServer, write: Callable[[str, str], Path]
) -> None:
    await look()
    write("profiles/metered.yaml", METERED)
    config = CONFIG.format(url=press.url, root=press.root).replace("profile: opcua-machinery", "profile: metered")
    report = await check(write("edge.yaml", f"{config}disclosure: {{default: {{signals: [power]}}}}\n"), Clock())
    assert {each.signal: each.unit for each in report.signals if each.unit} == {"power": "kW"}


class Silent:
    """A source that says one thing of one machine, and nothing of another."""

    async def run(self, emit: Emit) -> None:
        now = datetime.now(UTC)
        await emit([LinkNotice("M1", True, now), LinkNotice("M2", False, now, "the broker refuses us: mend `user`")])
        await emit([Reading("M1", "power", 4.5, now, now), Reading("M1", "odd", None, now, now, Quality.BAD)])
        await asyncio.Event().wait()


async def test_a_source_of_any_kind_is_tried_by_listening_to_it() -> None:
    wanted = {"M1": {"power": "a/power", "odd": "a/odd", "mute": "a/mute"}, "M2": {"power": "b/power"}}
    found = await listen(Silent(), wanted, patience=0.2)
    assert [(each.machine, each.signal, each.ok) for each in found] == [
        ("M1", "power", True),
        ("M1", "odd", False),
        ("M1", "mute", False),
        ("M2", "endpoint", False),
    ]
    assert found[2].problem == "said nothing while we listened"
    assert found[3].problem == "the broker refuses us: mend `user`"
