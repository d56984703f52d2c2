"""The job's life as the standard has it: our tables against the published nodeset, and its return codes."""

import itertools
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest

from edge.orders.isa95_types import PUBLISHED, URI
from edge.orders.job import FINISHED, MOVES, NUMBER, IllegalMove, JobState, Move, faults, moved

UA = "{http://opcfoundation.org/UA/2011/03/UANodeSet.xsd}"
RECEIVER = "ns=1;i=1002"


@pytest.fixture(scope="module")
def nodes(foreign_software: Path) -> dict[str, ElementTree.Element]:
    """The nodes of the published nodeset by id."""
    file = foreign_software / "node_modules/node-opcua-nodesets/nodesets/opc.ua.isa95-jobcontrol.nodeset2.xml"
    tree = ElementTree.parse(file).getroot()  # noqa: S314 - a pinned package's own file
    assert tree.findtext(f"{UA}NamespaceUris/{UA}Uri") == URI
    return {node.get("NodeId", ""): node for node in tree if node.get("NodeId")}


def named(nodes: dict[str, ElementTree.Element], kind: str) -> Iterator[tuple[str, ElementTree.Element]]:
    for node in nodes.values():
        if node.tag == UA + kind:
            yield node.get("BrowseName", "").partition(":")[2], node


def references(node: ElementTree.Element, kind: str) -> list[str]:
    return [ref.text or "" for ref in node.iter(f"{UA}Reference") if ref.get("ReferenceType") == kind]


def test_states_and_their_numbers_are_the_published_ones(nodes: dict[str, ElementTree.Element]) -> None:
    published = {}
    for node in nodes.values():
        parent = nodes.get(node.get("ParentNodeId", ""))
        if node.get("BrowseName") == "StateNumber" and parent is not None and parent.get("ParentNodeId") == RECEIVER:
            published[parent.get("BrowseName", "")[2:]] = int("".join(node.find(f"{UA}Value").itertext()))  # type: ignore[union-attr]
    assert published == {state.value: number for state, number in NUMBER.items()}


def test_every_move_of_ours_is_a_published_transition(nodes: dict[str, ElementTree.Element]) -> None:
    published = {name for name, node in named(nodes, "UAObject") if node.get("ParentNodeId") == RECEIVER}
    ours = {f"From{state}To{after}" for state, moves in MOVES.items() for after in moves.values()}
    assert ours <= published


def test_the_structures_have_the_published_ids_and_fields(nodes: dict[str, ElementTree.Element]) -> None:
    data_types = dict(named(nodes, "UADataType"))
    for kind, ids in PUBLISHED.items():
        node = data_types[kind.__name__]
        assert node.get("NodeId") == f"ns=1;i={ids.data_type}"
        assert f"ns=1;i={ids.binary}" in references(node, "HasEncoding")
        assert nodes[f"ns=1;i={ids.binary}"].get("BrowseName") == "Default Binary"
        fields = [field.get("Name") for field in node.iter(f"{UA}Field")]
        assert fields == [name for name in kind.__dataclass_fields__ if name != "Encoding"]


@pytest.mark.parametrize(("state", "move"), list(itertools.product(JobState, Move)))
def test_an_illegal_move_raises_and_a_legal_one_leads_on(state: JobState, move: Move) -> None:
    if move in MOVES[state]:
        assert moved(state, move) is MOVES[state][move]
    else:
        with pytest.raises(IllegalMove, match=state.value):
            moved(state, move)


def test_what_has_finished_moves_no_more() -> None:
    assert all(MOVES[state] == {} for state in FINISHED)


@pytest.mark.parametrize(
    ("status", "says"),
    [
        (1, ()),
        (0, ()),
        (1 << 1, ("unknown job order",)),
        (1 << 3, ("not possible in the job's state",)),
        (1 << 4 | 1 << 32, ("unable to accept job orders", "invalid request")),
        (1 << 40, ("the machine's own code 40",)),
    ],
)
def test_a_return_status_is_read_bit_by_bit(status: int, says: tuple[str, ...]) -> None:
    assert faults(status) == says
