"""How a profile's signals are found among an agent's data items, and what is said where one is not."""

import pytest
from pydantic import ValidationError

from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_items import Binding, Machine, Missing, bind, find_device, find_item
from edge.sources.mtconnect_model import DataItem, Device
from edge.sources.mtconnect_signal import MtconnectSignal
from edge.sources.mtconnect_values import judge
from gateway.machine import Quality

ONE, TWO = ("Path", "p1", "path1"), ("Path", "p2", "path2")
ITEMS = (
    DataItem("avail", None, "EVENT", "AVAILABILITY"),
    DataItem("e1", "execution1", "EVENT", "EXECUTION", None, ONE),
    DataItem("e2", "execution2", "EVENT", "EXECUTION", None, TWO),
    DataItem("pc", None, "EVENT", "PART_COUNT", None, ONE),
    DataItem("pcg", None, "EVENT", "PART_COUNT", "GOOD", ONE),
)
MILL, LATHE = Device("d1", "Mill", "uuid-mill", ITEMS), Device("d2", "Lathe", "uuid-lathe", ITEMS[:1])
AGENT = Device("agent_1", "Agent", "uuid-agent")


def signal(**keys: str) -> MtconnectSignal:
    return MtconnectSignal.model_validate(keys)


@pytest.mark.parametrize(
    ("keys", "found"),
    [
        ({"item": "e2"}, "e2"),
        ({"item": "execution2"}, "e2"),
        ({"item_type": "AVAILABILITY"}, "avail"),
        ({"item_type": "EXECUTION", "component": "path2"}, "e2"),
        ({"item_type": "EXECUTION", "component": "p1"}, "e1"),
        ({"item_type": "PART_COUNT"}, "pc"),
        ({"item_type": "PART_COUNT", "sub_type": "GOOD"}, "pcg"),
    ],
)
def test_a_signal_finds_its_one_data_item(keys: dict[str, str], found: str) -> None:
    item = find_item(ITEMS, signal(**keys))
    assert isinstance(item, DataItem)
    assert item.id == found


def test_units_are_told_by_signal_in_symbols_where_there_is_one() -> None:
    items = (
        DataItem("load", None, "SAMPLE", "LOAD", None, ONE, "PERCENT"),
        DataItem("ph", None, "SAMPLE", "PH", None, ONE, "PH"),
        ITEMS[0],
    )
    signals = {"load": signal(item="load"), "acid": signal(item="ph"), "there": signal(item="avail")}
    binding = bind([Device("d1", "Mill", "u", items)], {"M1": Machine(None, signals)})
    assert binding.units == {"M1": {"load": "%", "acid": "PH"}}


@pytest.mark.parametrize(
    ("keys", "why"),
    [
        (
            {"item_type": "EXECUTION"},
            "2 data items fit; name one by `item` or `component`: e1 (EXECUTION of Path path1), e2",
        ),
        ({"item_type": "EXECUTION", "component": "Path"}, "2 data items fit"),
        ({"item": "executon1"}, "no data item executon1; there are execution1, execution2"),
        ({"item": "zzz"}, "look at the agent's /probe"),
        ({"item_type": "EXECUTIONS"}, "no data item EXECUTIONS; close types are EXECUTION"),
        ({"item_type": "PART_COUNT", "sub_type": "BAD"}, "of that type there are pc (PART_COUNT of Path path1), pcg"),
        ({"item_type": "TEMPERATURE"}, "look at the agent's /probe for its type"),
    ],
)
def test_a_signal_without_one_data_item_says_what_is_there(keys: dict[str, str], why: str) -> None:
    found = find_item(ITEMS, signal(**keys))
    assert isinstance(found, Missing)
    assert why in str(found)


def test_the_only_device_needs_no_name_and_the_agents_own_is_none() -> None:
    assert find_device([AGENT, MILL], None) is MILL
    assert find_device([MILL, LATHE], "uuid-lathe") is LATHE
    assert find_device([MILL, LATHE], "Mill") is MILL
    several = find_device([MILL, LATHE], None)
    assert str(several) == "has 2 devices; name one as `device`: Mill (uuid-mill), Lathe (uuid-lathe)"
    assert "has no device 'Drill'; it has Mill (uuid-mill)" in str(find_device([MILL], "Drill"))
    assert str(find_device([], None)) == "has 0 devices; name one as `device`: none"


def test_a_machine_that_is_not_there_disturbs_no_other() -> None:
    wanted = {"avail": signal(item_type="AVAILABILITY"), "parts": signal(item="pc")}
    found = bind(
        [MILL, LATHE], {"A": Machine("Mill", wanted), "B": Machine("Lathe", wanted), "C": Machine("Saw", wanted)}
    )
    assert isinstance(found, Binding)
    assert {key: [each.machine for each in bound] for key, bound in found.bound.items()} == {
        "avail": ["A", "B"],
        "pc": ["A"],
    }
    assert set(found.missing) == {("B", "parts")}
    assert set(found.absent) == {"C"}


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({}, "item_type: EXECUTION"),
        ({"item": "e1", "item_type": "EXECUTION"}, "one of the two"),
        ({"item": "e1", "component": "Path"}, "component: stands beside `item`"),
        ({"item_type": "Execution"}, "item_type"),
        ({"item": "e1", "colour": "red"}, "colour"),
    ],
)
def test_a_signal_is_written_in_one_of_two_ways(keys: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        signal(**keys)
    told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refused.value.errors())
    assert complaint in told


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ({}, "url: write `url`"),
        ({"url": "http://a:5000", "file": "a.shdr"}, "one of the two"),
        ({"url": "ftp://a"}, "url"),
        ({"url": "http://user:secret@a:5000"}, "url"),
        ({"url": "http://a:5000", "model": "D.xml"}, "model: belongs to a recording"),
        ({"url": "http://a:5000", "ca": "ca.pem"}, "ca: is for an https address"),
    ],
)
def test_a_device_is_an_agent_or_a_recording(keys: dict[str, str], complaint: str) -> None:
    with pytest.raises(ValidationError) as refused:
        Mtconnect.model_validate({"type": "mtconnect", **keys})
    told = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in refused.value.errors())
    assert complaint in told


def test_machines_of_one_agent_share_its_stream_and_recordings_share_nothing() -> None:
    one = Mtconnect(type="mtconnect", url="http://a:5000/", device="Mill")
    two = Mtconnect(type="mtconnect", url="http://a:5000", device="Lathe")
    assert one.shared() == two.shared() is not None
    assert one.shared() != two.model_copy(update={"interval_ms": 50}).shared()
    assert Mtconnect.model_validate({"type": "mtconnect", "file": "a.shdr"}).shared() is None


def test_unavailable_is_bad_unless_the_profile_has_a_name_for_it() -> None:
    plain, named = signal(item="e1"), MtconnectSignal(item="e1", values={"UNAVAILABLE": "gone"})
    assert judge(plain, None) == (None, Quality.BAD)
    assert judge(named, None) == ("UNAVAILABLE", Quality.GOOD)
    assert judge(plain, "ACTIVE") == ("ACTIVE", Quality.GOOD)


def test_one_entry_of_a_data_set_is_a_value_of_its_own() -> None:
    wanted = signal(item="vars", entry="a")
    assert judge(wanted, {"a": "1", "b": "2"}) == ("1", Quality.GOOD)
    assert judge(wanted, {"b": "2"}) == (None, Quality.BAD)
    assert judge(wanted, "text") == (None, Quality.BAD)
