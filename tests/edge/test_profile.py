"""Every device profile that ships, walked through its recorded sample; and how a bad one is refused."""

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, get_args

import pytest

from edge.errors import FileInvalid
from edge.mapping import Seen, StampBounds, apply, shape
from edge.profile import Profile, find, names, read, shipped
from edge.reading import Reading
from edge.sources.kinds import KINDS
from edge.tracker import Track, step, tick
from gateway.machine import Quality
from gateway.messages import StateChange

Write = Callable[[str, str], Path]


def recorded(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (shipped() / "samples" / name).read_text().splitlines()]


def play(profile: Profile, lines: Sequence[Mapping[str, Any]]) -> list[StateChange]:
    """What an agent tells that gets these readings the moment they are made."""
    track, seen, told = Track("M1"), Seen(), list[StateChange]()
    for stamp, batch in groupby(lines, key=lambda line: line["at"]):
        at = datetime.fromisoformat(stamp)
        readings = [
            Reading("M1", line["signal"], line["value"], at, at, Quality(line.get("quality", "good"))) for line in batch
        ]
        seen, shaped = shape(profile, seen, readings)
        seen, facts = apply(profile, seen, shaped, StampBounds())
        for fact in facts:
            track, changes = step(track, fact, profile.debounce)
            told += changes
    told += tick(track, at + timedelta(days=1), profile.debounce)[1]
    return told


@pytest.mark.parametrize("name", names())
def test_a_profile_turns_its_recorded_sample_into_the_expected_timeline(name: str) -> None:
    profile = find(name)
    lines = recorded(f"{name}.jsonl")
    assert {line["signal"] for line in lines} <= set(profile.signals)
    told = play(profile, lines)
    assert [
        {
            "at": change.at.isoformat().replace("+00:00", "Z"),
            "state": change.state,
            "mode": change.mode,
            "quality": change.quality,
        }
        for change in told
    ] == recorded(f"{name}.expected.jsonl")


@pytest.mark.parametrize("name", names())
def test_a_sample_shows_every_row_of_its_profiles_state_table(name: str) -> None:
    shown = {line["state"] for line in recorded(f"{name}.expected.jsonl")}
    wanted = {row.then for row in find(name).state if not {"state", "mode"} & row.when.keys()}
    assert shown == wanted


def test_the_kinds_of_machine_that_most_plants_have_ship() -> None:
    opcua = {"opcua-machinery", "opcua-machinetool", "opcua-packml", "opcua-euromap77"}
    assert {*opcua, "mtconnect", "sparkplug", "mqtt-power-meter", "modbus", "replay"} <= set(names())


GOOD = """\
profile: press
title: A press
source: opcua
signals:
  running: {node: "nsu=urn:maker:press;s=Running", type: Boolean}
  alarm: {node: "nsu=urn:maker:press;s=Alarm", type: Int32, values: {0: none, 1: stop}}
state:
  - {when: {alarm: stop}, then: OutOfService}
  - {when: {running: true}, then: Executing}
  - {then: NotExecuting}
"""


def test_raw_values_are_written_as_the_machine_gives_them(write: Write) -> None:
    profile = read(write("press.yaml", GOOD))
    lines = [
        {"at": "2026-03-02T06:00:00Z", "signal": "running", "value": False},
        {"at": "2026-03-02T06:00:00Z", "signal": "alarm", "value": 0},
        {"at": "2026-03-02T06:00:01Z", "signal": "running", "value": True},
        {"at": "2026-03-02T06:00:02Z", "signal": "alarm", "value": 1.0},
    ]
    assert [change.state for change in play(profile, lines)] == ["NotExecuting", "Executing", "OutOfService"]


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        (
            "alarm: stop}, then",
            "alrm: stop}, then",
            r"press.yaml:8: state.0.when.alrm: no signal 'alrm' \(did you mean `alarm`\?\); there are running, alarm$",
        ),
        (
            "alarm: stop}, then",
            "alarm: halt}, then",
            r"press.yaml:8: state.0.when.alarm: alarm is never 'halt'; its values are none, stop$",
        ),
        (
            "OutOfService",
            "Broken",
            r"press.yaml:8: state.0.then: expected 'NotAvailable', 'OutOfService'.*found 'Broken'",
        ),
        ("Boolean", "Bool", r"press.yaml:5: signals.running.type: expected 'Boolean'"),
        ("nsu=urn:maker:press;s=Running", "ns=2;s=Running", r"press.yaml:5: signals.running.node: .*index"),
        ("title: A press", "titel: A press", r"press.yaml:2: titel: is not a key here \(did you mean `title`\?\)"),
        (
            "source: opcua",
            "source: carrier",
            r"press.yaml:3: source: expected one of .*opcua.*, found 'carrier'",
        ),
        ("source: opcua", "source: OPC UA", r"source: expected one of .*, found 'OPC UA' \(did you mean `opcua`\?\)"),
        ("type: Boolean", "type: boolean", r"signals.running.type: .*, found 'boolean' \(did you mean `Boolean`\?\)"),
        ("type: Boolean", "type: Boolean, topic: x", r"signals.running.topic: is not a key here; there are .*node"),
        ("  running: {", "  run ning: {", r"press.yaml:5: signals.run ning: expected text that fits the pattern"),
        ("state:", "mode: Setup\nstate:", r"press.yaml:7: mode: expected a list, found 'Setup'"),
        ("then: Executing", "than: Executing", r"press.yaml:9: state.1.than: .*did you mean `then`"),
        ("source: opcua", "source: opcua\ndebounce: 3", r"press.yaml:4: debounce: expected a length of time"),
        ("profile: press", "profile: mill", r"press.yaml:1: profile: is 'mill', but the file is press.yaml"),
        ("  - {then: NotExecuting}", "", None),
        (
            "  - {when: {alarm: stop}, then: OutOfService}",
            "  - {then: Executing}",
            r"press.yaml:9: state.1: can never fit: the row at state.0 takes all",
        ),
    ],
)
def test_a_bad_profile_says_where_and_what(write: Write, old: str, new: str, complaint: str | None) -> None:
    path = write("press.yaml", GOOD.replace(old, new, 1))
    if complaint is None:
        assert read(path).profile == "press"
        return
    with pytest.raises(FileInvalid, match=complaint):
        read(path)


def test_a_profile_without_tables_is_none(write: Write) -> None:
    text = GOOD.split("state:", maxsplit=1)[0]
    with pytest.raises(FileInvalid, match="needs a `state` table"):
        read(write("press.yaml", text))


def test_a_plants_own_profile_comes_before_ours(write: Write) -> None:
    path = write("mine/replay.yaml", GOOD.replace("profile: press", "profile: replay"))
    assert find("replay", (path.parent,)).title == "A press"


def test_an_unknown_profile_names_those_that_are_there(tmp_path: Path) -> None:
    with pytest.raises(
        FileInvalid, match=r"no profile 'lathe' in .*; there are .*opcua-machinery, opcua-machinetool, .*replay"
    ):
        find("lathe", (tmp_path,))


def test_the_readmes_profiles_are_some(write: Write) -> None:
    text = (shipped() / "README.md").read_text(encoding="utf-8")
    blocks = [block.split("```", maxsplit=1)[0] for block in text.split("```yaml\n")[1:]]
    written = {block.split("profile: ")[1].split()[0]: block for block in blocks if "profile: " in block}
    assert list(written) == ["press", "my-meter"]
    for name, block in written.items():
        assert read(write(f"{name}.yaml", block)).profile == name


def test_the_readme_names_every_key_and_every_profile() -> None:
    text = (shipped() / "README.md").read_text(encoding="utf-8")
    models = [Profile, *(kind.profile for kind in KINDS.values())]
    signals = [get_args(model.model_fields["signals"].annotation)[1] for model in models]
    keys = {field.alias or name for model in (*models, *signals) for name, field in model.model_fields.items()}
    assert {key for key in {*keys, *names()} if f"`{key}`" not in text} == set()
