"""A profile that extends another: whose word counts, and where an error says that it stands."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from edge.errors import FileInvalid
from edge.profile import find, read
from gateway.machine import ItemState

Write = Callable[[str, str], Path]
BASE = """\
profile: base
title: A press
source: opcua
signals:
  running: {node: "nsu=urn:maker:press;s=Running", type: Boolean}
  alarm:
    node: "nsu=urn:maker:press;s=Alarm"
    type: Int32
    values: {0: none, 1: stop}
state:
  - {when: {alarm: stop}, then: OutOfService}
  - {when: {running: true}, then: Executing}
  - {then: NotExecuting}
debounce: 2 s
"""
CHILD = """\
profile: child
extends: base
title: A newer press
signals:
  alarm: {node: "nsu=urn:maker:press;s=Alarm2"}
  heat: {node: "nsu=urn:maker:press;s=Heat", type: Double, unit: degC}
debounce: 5 s
"""


def test_a_profile_takes_from_another_what_it_does_not_say_itself(write: Write) -> None:
    write("base.yaml", BASE)
    child = read(write("child.yaml", CHILD))
    assert (child.title, child.debounce.total_seconds(), len(child.state)) == ("A newer press", 5.0, 3)
    assert list(child.signals) == ["running", "alarm", "heat"]
    alarm = child.signals["alarm"].model_dump()
    assert (alarm["node"], alarm["type"]) == ("nsu=urn:maker:press;s=Alarm2", "Int32")
    assert alarm["values"] == {"0": "none", "1": "stop"}


def test_a_table_is_taken_as_a_whole(write: Write) -> None:
    write("base.yaml", BASE)
    child = read(write("child.yaml", CHILD + "state:\n  - {then: Executing}\n"))
    assert [row.then for row in child.state] == [ItemState.EXECUTING]


def test_nothing_takes_out_a_signal_or_a_key(write: Write) -> None:
    write("base.yaml", BASE.replace("alarm: stop", "alarm: 1").replace("values: {0: none, 1: stop}", "unit: W"))
    text = CHILD.replace('alarm: {node: "nsu=urn:maker:press;s=Alarm2"}', "alarm: {unit: null}").replace(
        "  heat: {", "  heat: null\n  warm: {"
    )
    child = read(write("child.yaml", text))
    assert list(child.signals) == ["running", "alarm", "warm"]
    assert child.signals["alarm"].unit is None


def test_a_plants_own_profile_may_extend_ours_of_the_same_name(write: Write) -> None:
    path = write("opcua-machinery.yaml", "profile: opcua-machinery\nextends: opcua-machinery\nwhen_off: unattainable\n")
    found = find("opcua-machinery", (path.parent,))
    assert found.when_off == "unattainable"
    assert found.signals == find("opcua-machinery").signals


def test_a_profile_that_extends_itself_is_not_offered_itself(write: Write) -> None:
    write("base.yaml", BASE)
    with pytest.raises(FileInvalid) as caught:
        read(write("pres.yaml", "profile: pres\nextends: pres\n"))
    assert "there are base," in str(caught.value)
    assert "did you mean" not in str(caught.value)


def test_it_is_looked_for_in_all_folders_of_the_plant(write: Write) -> None:
    common, hall = write("common/base.yaml", BASE).parent, write("hall/child.yaml", CHILD).parent
    assert find("child", (common, hall)).title == "A newer press"
    with pytest.raises(FileInvalid, match=r"child.yaml:2: extends: no profile 'base'"):
        find("child", (hall,))


def test_a_chain_goes_on_and_a_change_far_down_is_seen(write: Write) -> None:
    base = write("base.yaml", BASE)
    write("middle.yaml", "profile: middle\nextends: base\nstaleness: 1 h\n")
    path = write("top.yaml", "profile: top\nextends: middle\n")
    assert (read(path).title, read(path).staleness.total_seconds()) == ("A press", 3600.0)
    base.write_text(BASE.replace("A press", "An old press"))
    os.utime(base, (1, 1))
    assert read(path).title == "An old press"


@pytest.mark.parametrize(
    ("file", "old", "new", "complaint"),
    [
        ("base", "type: Boolean", "type: Bool", r"base.yaml:5: signals.running.type: expected 'Boolean'"),
        ("child", "type: Double", "type: Real", r"child.yaml:6: signals.heat.type: expected 'Boolean'"),
        ("child", "unit: degC", "unit: degg", r"child.yaml:6: signals.heat.unit: 'degg' is not a unit"),
        ("child", "{node: ", "{nod: ", r"child.yaml:5: signals.alarm.nod: is not a key here \(did you mean `node`\?\)"),
        ("child", "  alarm: {", "  alarn: {", r"child.yaml:5: signals.alarn.type: is missing; add it"),
        ("base", "alarm: stop", "alarm: halt", r"base.yaml:11: state.0.when.alarm: alarm is never 'halt'"),
        ("base", "source: opcua", "source: opc", r"base.yaml:3: source: expected one of .*found 'opc'"),
        ("base", "source: opcua", "", r"source: expected one of .*opcua.*found nothing"),
        (
            "child",
            "extends: base",
            "extends: bas",
            r"child.yaml:2: extends: no profile 'bas' in .*; there are base",
        ),
        ("child", "extends: base", "extends: [base]", r"child.yaml:2: extends: expected the name of one profile"),
        ("child", "profile: child\n", "", r"child.yaml:1: profile: is 'base', but the file is child.yaml"),
        (
            "base",
            "profile: base",
            "profile: base\nextends: child",
            r"extends: goes in a circle \(child → base → child\)",
        ),
        ("base", BASE, "- 1\n", r"base.yaml:1: file: expected keys and values such as `profile: base`"),
        ("base", BASE, "", r"base.yaml:1: file: expected keys and values"),
    ],
)
def test_a_fault_is_told_where_it_stands(write: Write, file: str, old: str, new: str, complaint: str) -> None:
    texts = {"base": BASE, "child": CHILD}
    texts[file] = texts[file].replace(old, new, 1)
    paths = {name: write(f"{name}.yaml", text) for name, text in texts.items()}
    with pytest.raises(FileInvalid, match=complaint):
        read(paths["child"])


def test_an_unknown_signal_in_a_childs_table_is_told_in_the_child(write: Write) -> None:
    write("base.yaml", BASE)
    path = write(
        "child.yaml", CHILD + "state:\n  - {when: {runing: true}, then: Executing}\n  - {then: NotExecuting}\n"
    )
    with pytest.raises(FileInvalid, match=r"child.yaml:9: state.0.when.runing: no signal 'runing' \(did you mean"):
        read(path)
