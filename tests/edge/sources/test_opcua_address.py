"""How nodes are written: every notation that survives a restart, and none that does not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sources.opcua_address import BASE, OBJECTS, PREFIXES, ROOT, Address, AddressError, NodeRef, Segment, parse

SAME = (Segment("urn:a", "A"), Segment("urn:a", "B"))
MACHINE = parse("/Objects/machinery:Machines/nsu=http://maker.example/press/;Press 1")


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("i=2253", Address(NodeRef(BASE, "i=2253"))),
        ("nsu=urn:a:b;s=Press.Counter", Address(NodeRef("urn:a:b", "s=Press.Counter"))),
        ("nsu=urn:a;s=path/with;odd=signs", Address(NodeRef("urn:a", "s=path/with;odd=signs"))),
        (
            "/Objects/machinery:Machines",
            Address(ROOT, (Segment(BASE, "Objects"), Segment(PREFIXES["machinery"], "Machines"))),
        ),
        ("/nsu=http://x.y/z/;A/B", Address(ROOT, (Segment("http://x.y/z/", "A"), Segment(BASE, "B")))),
        ("a&/b&:c&&d", Address(OBJECTS.start, (*OBJECTS.path, Segment(BASE, "a/b:c&d")))),
        ("nsu=urn:a;A/;B/C", Address(OBJECTS.start, (*OBJECTS.path, *SAME, Segment(BASE, "C")))),
        ("nsu=urn:a;A/&;B", Address(OBJECTS.start, (*OBJECTS.path, SAME[0], Segment(BASE, ";B")))),
    ],
    ids=[
        "namespace 0",
        "node id",
        "odd id",
        "prefix",
        "uri",
        "escapes",
        "the same namespace",
        "a name with a semicolon",
    ],
)
def test_a_node_is_read_as_written(text: str, means: Address) -> None:
    assert parse(text) == means


def test_a_relative_path_starts_at_the_machine() -> None:
    assert parse("di:Identification", MACHINE).path == (*MACHINE.path, Segment(PREFIXES["di"], "Identification"))


def test_a_machine_may_be_named_by_its_node_id() -> None:
    assert parse("Counter", parse("nsu=urn:a;i=5001")) == Address(
        NodeRef("urn:a", "i=5001"), (Segment(BASE, "Counter"),)
    )


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"),
        ("ns=3;i=4", "index"),
        ("/Objects/2:Machines", "index"),
        ("nsu=urn:a", "ends with `;`"),
        ("foo:Bar", "no prefix 'foo'"),
        ("/Objects//Machines", "empty segment"),
        ("/Objects/a&", "lone"),
        (";Press", "there is none"),
    ],
    ids=[
        "nothing",
        "index in an id",
        "index in a path",
        "open uri",
        "unknown prefix",
        "empty segment",
        "lone escape",
        "no namespace before",
    ],
)
def test_what_cannot_be_read_says_how_to_write_it(text: str, says: str) -> None:
    with pytest.raises(AddressError, match=says):
        parse(text)


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name.strip() == name and not name.startswith(("nsu=", "ns=")) and "=" not in name
)
uris = st.sampled_from([BASE, *PREFIXES.values(), "urn:maker:press", "http://maker.example/x/"])


@given(st.lists(st.tuples(uris, names), min_size=1, max_size=4))
def test_any_path_is_read_back_from_its_own_text(parts: list[tuple[str, str]]) -> None:
    address = Address(ROOT, tuple(Segment(uri, name) for uri, name in parts))
    assert parse(str(address)) == address


def test_a_namespace_stands_once_for_the_segments_that_follow_in_it() -> None:
    address = parse("nsu=urn:a;A/nsu=urn:a;B/di:C/di:D/nsu=urn:a;E")
    assert str(address) == "/Objects/nsu=urn:a;A/;B/di:C/di:D/nsu=urn:a;E"
    assert parse(str(address)) == address
