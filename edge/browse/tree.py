"""What was found on a server: a tree of its nodes, with what each is and says."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from edge.sources.opcua_address import Address, Segment, joined

METADATA = frozenset((
    "EnumStrings", "EnumValues", "ValueAsText", "TrueState", "FalseState", "EngineeringUnits", "EURange",
    "InstrumentRange", "InputArguments", "OutputArguments", "ValuePrecision", "Definition", "LocaleIds", "NodeVersion",
))  # fmt: skip
"""Properties that only say how to read the variable that they belong to."""


@dataclass(frozen=True, slots=True)
class Branch:
    """One node. `node`: its id; `type`: of a variable its data type, of an object its type; `names`: of its values."""

    segment: Segment
    node: str
    variable: bool
    type: str | None = None
    value: object = None
    names: Mapping[int, str] | None = None
    unit: str | None = None
    children: tuple["Branch", ...] = ()

    @property
    def name(self) -> str:
        return self.segment.name

    def child(self, segment: Segment) -> "Branch | None":
        return next((each for each in self.children if each.segment == segment), None)

    def at(self, path: Sequence[Segment]) -> "Branch | None":
        """The node that the path leads to from here."""
        found: Branch | None = self
        for segment in path:
            found = found.child(segment) if found is not None else None
        return found

    def walk(self, path: tuple[Segment, ...] = ()) -> Iterator[tuple[tuple[Segment, ...], "Branch"]]:
        """This node and all below it, each with its path from here; properties that describe others left out."""
        yield path, self
        for each in self.children:
            if each.name not in METADATA:
                yield from each.walk((*path, each.segment))


@dataclass(frozen=True, slots=True)
class Tree:
    """What was found below `start`. `whole`: whether that is all; `security`: how the session was secured."""

    url: str
    start: Address
    root: Branch
    whole: bool = True
    security: str = ""


def written(path: Sequence[Segment]) -> str:
    """A path from a machine's own node, as a profile writes it."""
    return joined(path)


def matching(root: Branch, text: str) -> list[tuple[tuple[Segment, ...], Branch]]:
    """Every node whose name, type, value or one of whose values' names holds the text, whatever the case."""
    wanted = text.casefold()

    def holds(branch: Branch) -> bool:
        words = [branch.name, branch.type or "", str(branch.value or ""), *(branch.names or {}).values()]
        return any(wanted in word.casefold() for word in words)

    return [(path, branch) for path, branch in root.walk() if holds(branch)]
