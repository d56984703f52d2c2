"""Which machines a tree shows: those that a profile fits, and those that only their variables give away."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from edge.browse.tree import Branch, Tree
from edge.sources.opcua_address import OBJECTS, PREFIXES, Address, Segment, parse
from edge.sources.opcua_signal import OpcUaProfile, OpcUaSignal

MACHINES = Segment(PREFIXES["machinery"], "Machines")
_FURNITURE = {"Server", "Locations", "Aliases", "DeviceSet", "NetworkSet", "DeviceTopology", "Quantities"}
"""What stands in the Objects folder of many servers and is no machine."""

HERE = Address(OBJECTS.start, ())


@dataclass(frozen=True, slots=True)
class Fit:
    """A profile that fits a machine: how many of its signals are there, of how many."""

    profile: str
    title: str
    there: int
    of: int


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine: its own node, and the profiles that fit it, the best first."""

    root: Address
    branch: Branch
    fits: tuple[Fit, ...] = ()

    @property
    def name(self) -> str:
        return self.branch.name


def machines(tree: Tree, profiles: Iterable[OpcUaProfile]) -> list[Machine]:
    """The machines of a tree, in its order. One that lies inside another is part of it, unless a profile says more."""
    known = list(profiles)
    found: list[Machine] = []
    for path, branch in tree.root.walk():
        fits = sorted(_fits(branch, known), key=lambda fit: (-fit.there, fit.profile))
        if fits:
            found.append(Machine(_address(tree, path), branch, tuple(fits)))
    taken = [machine.root.path for machine in found]
    for path, branch in _suspects(tree):
        root = _address(tree, path)
        if not any(_within(each, root.path) or _within(root.path, each) for each in taken):
            found.append(Machine(root, branch))
    return found


def _address(tree: Tree, path: Sequence[Segment]) -> Address:
    return Address(tree.start.start, tree.start.path + tuple(path))


def _within(inner: Sequence[Segment], outer: Sequence[Segment]) -> bool:
    return tuple(inner[: len(outer)]) == tuple(outer)


def _fits(branch: Branch, profiles: Iterable[OpcUaProfile]) -> Iterable[Fit]:
    for profile in profiles:
        there = {name for name, signal in profile.signals.items() if _there(branch, signal)}
        needed = {name for name, signal in profile.signals.items() if not signal.optional}
        if there and needed <= there:
            yield Fit(profile.profile, profile.title, len(there), len(profile.signals))


def _there(branch: Branch, signal: OpcUaSignal) -> bool:
    """Whether the signal's node is below this very node; addresses that start elsewhere prove nothing."""
    address = parse(signal.node, HERE)
    if address.start != HERE.start or signal.node.lstrip().startswith("/"):
        return False
    found = branch.at(address.path)
    return found is not None and found.variable


def _suspects(tree: Tree) -> list[tuple[tuple[Segment, ...], Branch]]:
    """Objects that may be machines: what hangs in the folder `Machines`, or stands at the top and has variables."""
    top = [((each.segment,), each) for each in tree.root.children if not each.variable]
    if tree.start != OBJECTS:
        return [((), tree.root)]
    folder = tree.root.child(MACHINES)
    inside = [((MACHINES, each.segment), each) for each in folder.children if not each.variable] if folder else []
    others = [(path, each) for path, each in top if each.name not in _FURNITURE and each.segment != MACHINES]
    return [(path, each) for path, each in inside + others if _speaks(each)]


def _speaks(branch: Branch) -> bool:
    return any(each.variable for _, each in branch.walk())
