"""Looking around on servers that are not ours: what is recognised, what is guessed, and a draft that is a profile."""

import json
from pathlib import Path
from typing import Any

import pytest
from foreign_opcua import ForeignPlant
from typer.testing import CliRunner

from edge.browse.draft import NothingToRead, draft
from edge.browse.guess import guess
from edge.browse.recognise import Machine
from edge.browse.tree import Branch
from edge.browse.words import mode_of, state_of
from edge.cli import app
from edge.profile import read
from edge.sources.opcua_address import OBJECTS, Address, Segment
from gateway.clock import Clock
from gateway.errors import UsageError
from gateway.machine import ItemState, OperationMode

OWN = "urn:maker"


def call(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["browse", *arguments])
    if isinstance(result.exception, UsageError):
        raise result.exception
    assert result.exit_code == code, result.output
    return result.stdout


def found(plant: ForeignPlant, *more: str, code: int = 0) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(call(plant.url, "--security", "none", "--json", *more, code=code))
    return document


def variable(name: str, kind: str, value: object = None, names: dict[int, str] | None = None) -> Branch:
    return Branch(Segment(OWN, name), f"nsu={OWN};s={name}", variable=True, type=kind, value=value, names=names)


def machine(*variables: Branch, name: str = "M1") -> Machine:
    segment = Segment(OWN, name)
    branch = Branch(segment, f"nsu={OWN};s={name}", variable=False, children=variables)
    return Machine(Address(OBJECTS.start, (*OBJECTS.path, segment)), branch)


def profile_of(which: Machine, folder: Path, name: str = "mine") -> Any:
    place = folder / f"{name}.yaml"
    place.write_text(draft(which, name, "opc.tcp://x", Clock().now()), encoding="utf-8")
    return read(place)


def test_machines_with_building_blocks_are_recognised_by_the_profiles_that_ship(standing_plant: ForeignPlant) -> None:
    fits = {each["name"]: [fit["profile"] for fit in each["profiles"]] for each in found(standing_plant)["machines"]}
    assert fits["Press"] == ["opcua-machinery"]
    assert fits["Mill"] == ["opcua-machinetool", "opcua-machinery"]


def test_machines_that_no_profile_names_are_found_too(strange_plant: ForeignPlant) -> None:
    document = found(strange_plant)
    assert document["whole"]
    assert [each["name"] for each in document["machines"]] == ["Saw", "Signals", "Oven"]
    assert all(not each["profiles"] for each in document["machines"])
    nodes = {each["path"].rpartition(";")[2]: each for each in document["nodes"]}
    assert nodes["CurrentState"]["names"]["3"] == "WORKING"
    assert nodes["Zustand"]["names"]["2"] == "Läuft"
    assert nodes["ZoneTemperatures"]["value"] == [181.0, 182.0, 183.0]


def test_a_search_finds_nodes_by_name_type_or_what_they_may_say(strange_plant: ForeignPlant) -> None:
    assert [each["path"].rpartition(";")[2] for each in found(strange_plant, "--search", "störung")["nodes"]] == [
        "Zustand"
    ]
    assert found(strange_plant, "--search", "no such thing", code=1)["nodes"] == []
    assert "Zustand" in call(strange_plant.url, "--security", "none", "--search", "zustand")


def test_a_draft_of_the_saw_says_what_each_of_its_states_means_most_likely(
    strange_plant: ForeignPlant, tmp_path: Path
) -> None:
    told = found(strange_plant, "--machine", "Saw", "--draft", "saw", "--write", str(tmp_path))
    profile = read(Path(told["file"]))
    rows = {cell: row.then for row in profile.state for cell in row.when["current_state"]}
    assert rows == {
        "OFFLINE": ItemState.NOT_AVAILABLE,
        "ERROR": ItemState.OUT_OF_SERVICE,
        "STANDBY": ItemState.NOT_EXECUTING,
        "READY": ItemState.NOT_EXECUTING,
        "WORKING": ItemState.EXECUTING,
    }
    assert {row.then for row in profile.mode} == {OperationMode.NONE, OperationMode.PROCESSING, OperationMode.SETUP}


def test_a_draft_is_never_written_over_a_profile_by_accident(strange_plant: ForeignPlant, tmp_path: Path) -> None:
    (tmp_path / "saw.yaml").write_text("mine")
    arguments = (
        strange_plant.url,
        "--security",
        "none",
        "--machine",
        "Saw",
        "--draft",
        "saw",
        "--write",
        str(tmp_path),
    )
    with pytest.raises(UsageError, match=r"add --force"):
        call(*arguments)
    assert (tmp_path / "saw.yaml").read_text() == "mine"
    call(*arguments, "--force")
    assert read(tmp_path / "saw.yaml")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        (["--draft", "x", "--machine", "Sow"], "no machine 'Sow' here; there are: Saw"),
        (["--draft", "x"], "which machine"),
        (["--root", "/Objects/Nothing"], "is not on this server"),
        (["--root", "ns=4;i=1"], "names a namespace by its index"),
        (["--security", "best"], "auto, none or a policy"),
        (["--user", "a", "--password", "secret"], "a secret does not stand"),
    ],
)
def test_what_cannot_be_done_is_one_line(strange_plant: ForeignPlant, more: list[str], says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call(strange_plant.url, *([] if "--security" in more else ["--security", "none"]), *more)


@pytest.mark.parametrize(
    ("url", "says"),
    [("opc.tcp://127.0.0.1:9", "refuses connections"), ("http://127.0.0.1:80", r"opc\.tcp://HOST:PORT")],
)
def test_a_server_that_is_not_there_is_one_line(url: str, says: str) -> None:
    with pytest.raises(UsageError, match=says):
        call(url, "--security", "none")


def test_a_walk_that_was_cut_short_says_so(strange_plant: ForeignPlant) -> None:
    assert not found(strange_plant, "--limit", "10")["whole"]
    assert not found(strange_plant, "--depth", "2")["whole"]


STATES = {0: "Aus", 1: "Bereit", 2: "Läuft", 3: "Störung", 4: "Xyz"}


def test_a_value_that_nobody_can_guess_gets_no_row_and_is_listed(tmp_path: Path) -> None:
    which = machine(variable("Zustand", "UInt32", 1, STATES))
    assert guess(which.branch).state is not None
    assert "Xyz" not in {cell for row in profile_of(which, tmp_path).state for cell in row.when["zustand"]}
    assert "# Xyz" in (tmp_path / "mine.yaml").read_text()


def test_switches_make_a_state_where_there_is_no_better_one(tmp_path: Path) -> None:
    which = machine(variable("Running", "Boolean", value=True), variable("Fault", "Boolean", value=False))
    rows = [(dict(row.when), row.then) for row in profile_of(which, tmp_path).state]
    assert rows == [
        ({"fault": ("true",)}, ItemState.OUT_OF_SERVICE),
        ({"running": ("false",)}, ItemState.NOT_EXECUTING),
        ({"running": ("true",)}, ItemState.EXECUTING),
    ]


def test_a_machine_that_shows_no_state_gets_a_draft_that_sells_nothing(tmp_path: Path) -> None:
    profile = profile_of(machine(variable("Power", "Double", 4.5), variable("Speed", "Double", 0.0)), tmp_path)
    assert [(dict(row.when), row.then) for row in profile.state] == [({}, ItemState.NOT_AVAILABLE)]
    assert "# speed:" in (tmp_path / "mine.yaml").read_text()


@pytest.mark.parametrize(
    "names",
    [
        {0: "no", 1: "running"},
        {0: 'he said "stop"', 1: "run: fast # now"},
        {0: "- idle", 1: "{working}"},
        {0: "0", 1: "Run"},
    ],
    ids=["yaml's own words", "quotes and signs", "yaml's own signs", "numbers"],
)
def test_whatever_values_are_called_the_draft_is_a_profile(tmp_path: Path, names: dict[int, str]) -> None:
    profile = profile_of(machine(variable("State", "Int32", 0, {**names, 2: "Idle"})), tmp_path)
    assert set(profile.signals["state"].values) == {*names.values(), "Idle"}


def test_two_nodes_of_one_name_get_names_of_their_own(tmp_path: Path) -> None:
    below = Branch(Segment(OWN, "Axis"), "x", variable=False, children=(variable("Speed", "Double", 1.0),))
    which = machine(variable("Speed", "Double", 0.0), below, variable("State", "Int32", 0, {0: "idle", 1: "run"}))
    profile_of(which, tmp_path)
    text = (tmp_path / "mine.yaml").read_text()
    assert "# speed:" in text
    assert "# axis_speed:" in text


def test_a_machine_without_a_single_variable_has_no_draft() -> None:
    with pytest.raises(NothingToRead, match="shows no variable"):
        draft(machine(), "mine", "opc.tcp://x", Clock().now())


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("WORKING", ItemState.EXECUTING),
        ("STATE_RUNNING", ItemState.EXECUTING),
        ("automaticRun", ItemState.EXECUTING),
        ("Not running", ItemState.NOT_EXECUTING),
        ("NotExecuting", ItemState.NOT_EXECUTING),
        ("NotAvailable", ItemState.NOT_AVAILABLE),
        ("Running with error", ItemState.OUT_OF_SERVICE),
        ("Not-Aus", ItemState.OUT_OF_SERVICE),
        ("Automatik", ItemState.EXECUTING),
        ("Unbekannt", ItemState.NOT_AVAILABLE),
        ("Foo", None),
    ],
)
def test_a_state_s_name_is_taken_for_the_more_careful_meaning(name: str, state: ItemState | None) -> None:
    assert state_of(name) == state


@pytest.mark.parametrize(
    ("name", "mode"),
    [
        ("AUTOMATIC", OperationMode.PROCESSING),
        ("Hand", OperationMode.SETUP),
        ("Wartung", OperationMode.MAINTENANCE),
        ("Q", None),
    ],
)
def test_a_mode_s_name_is_guessed_too(name: str, mode: OperationMode | None) -> None:
    assert mode_of(name) == mode
