"""`check` says of each signal what is there, and of each fault what to do about it."""

import pytest
from foreign_opcua import BLOCKS, PLANT, ForeignPlant, machine_root

from edge.profile import find
from edge.sources.opcua_check import check
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.verdict import Verdict
from gateway.machine import Quality

STATE = f"{BLOCKS}/machinery:MachineryItemState/CurrentState"


async def judge(plant: ForeignPlant, address: str, wanted: str | None = None) -> Verdict:
    endpoint = OpcUaEndpoint(url=plant.url, security="none")
    types = {"it": wanted} if wanted else {}
    (verdict,) = await check(endpoint, {"it": address}, root=machine_root("Press"), types=types)
    return verdict


@pytest.mark.parametrize(
    ("address", "found", "value"),
    [
        (STATE, "LocalizedText", "NotExecuting"),
        (f"nsu={PLANT};s=Signals.Text", "String", "fine"),
        ("di:Identification/di:SerialNumber", "String", "SN-Press-1"),
        ("i=2259", "Enumeration", 0),
        (
            f"/Objects/machinery:Machines/nsu={PLANT};Mill/machinetool:Monitoring/machinetool:MachineTool"
            "/machinetool:OperationMode",
            "Enumeration",
            1,
        ),
    ],
    ids=["state", "node id", "relative path", "enumeration", "machine tool"],
)
async def test_a_good_signal_shows_type_and_value(
    standing_plant: ForeignPlant, address: str, found: str, value: object
) -> None:
    verdict = await judge(standing_plant, address, found)
    assert (verdict.ok, verdict.type, verdict.value, verdict.quality) == (True, found, value, Quality.GOOD)


@pytest.mark.parametrize(
    ("profile", "machine"), [("opcua-machinery", "Press"), ("opcua-machinery", "Mill"), ("opcua-machinetool", "Mill")]
)
async def test_the_shipped_profiles_fit_machines_that_we_did_not_make(
    standing_plant: ForeignPlant, profile: str, machine: str
) -> None:
    signals = find(profile).signals
    verdicts = await check(
        OpcUaEndpoint(url=standing_plant.url, security="none"),
        {name: signal.node for name, signal in signals.items()},
        root=machine_root(machine),
        types={name: signal.type for name, signal in signals.items()},
    )
    assert [verdict for verdict in verdicts if not verdict.ok] == []


@pytest.mark.parametrize(
    ("address", "wanted", "problem", "advice"),
    [
        (f"{BLOCKS}/machinery:MachineryItemStat/CurrentState", None, "not on this server", "MachineryItemState"),
        (f"nsu={PLANT};s=Nope", None, "not on this server", "check the node id"),
        ("nsu=urn:strange;s=Nope", None, "no namespace urn:strange", None),
        ("ns=4;i=7", None, "index", None),
        (BLOCKS, None, "not a variable", "below it"),
        (STATE, "Double", "has type LocalizedText, not Double", "profile"),
    ],
    ids=["misspelt", "unknown id", "unknown namespace", "index", "object", "wrong type"],
)
async def test_a_bad_signal_says_what_is_wrong_and_what_to_do(
    standing_plant: ForeignPlant, address: str, wanted: str | None, problem: str, advice: str | None
) -> None:
    verdict = await judge(standing_plant, address, wanted)
    assert not verdict.ok
    assert problem in (verdict.problem or "")
    assert advice is None or advice in (verdict.advice or "")


async def test_a_value_that_the_machine_cannot_give_is_not_ok(standing_plant: ForeignPlant) -> None:
    await standing_plant.ask("signal", name="Temperature", value=0.0, status="BadDeviceFailure")
    verdict = await judge(standing_plant, f"nsu={PLANT};s=Signals.Temperature")
    assert not verdict.ok
    assert "BadDeviceFailure" in (verdict.problem or "")
    await standing_plant.ask("signal", name="Temperature", value=21.5)


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("opc.tcp://127.0.0.1:9", "refuses connections"),
        ("opc.tcp://no-such-machine.invalid:4840", "host name"),
    ],
    ids=["nobody listens", "no such host"],
)
async def test_an_endpoint_out_of_reach_gets_one_verdict(url: str, says: str) -> None:
    (verdict,) = await check(OpcUaEndpoint(url=url, security="none", timeout_s=2), {"a": "i=2259", "b": "i=2258"})
    assert (verdict.signal, verdict.ok) == ("endpoint", False)
    assert says in (verdict.problem or "")
