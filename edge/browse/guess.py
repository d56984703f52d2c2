"""Which of a machine's variables tell its state and its mode, most likely, and what their values mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from edge.browse.tree import Branch
from edge.browse.words import BUSY_NAMES, FAULT_NAMES, MODE_NAMES, STATE_NAMES, mode_of, state_of
from edge.sources.opcua_address import Segment
from gateway.machine import ItemState, OperationMode

Path = tuple[Segment, ...]
ORDER = (ItemState.NOT_AVAILABLE, ItemState.OUT_OF_SERVICE, ItemState.NOT_EXECUTING, ItemState.EXECUTING)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One variable. `means`: name of a value → the state or mode that it means; `open`: names nobody could guess."""

    path: Path
    branch: Branch
    means: Mapping[str, str]
    open: tuple[str, ...] = ()
    score: float = 0.0

    def rows(self) -> dict[str, list[str]]:
        """State or mode → the names that mean it."""
        found: dict[str, list[str]] = {}
        for name, meaning in self.means.items():
            found.setdefault(meaning, []).append(name)
        return found


@dataclass(frozen=True, slots=True)
class Guess:
    """The best candidates. `fault`: a switch that says that the machine is out of order, beside a `state`."""

    state: Candidate | None = None
    mode: Candidate | None = None
    fault: Candidate | None = None
    others: Sequence[tuple[Path, Branch]] = field(default_factory=tuple)


def guess(machine: Branch) -> Guess:
    """The most likely meaning of a machine's variables; what is left is in `others`, in the tree's order."""
    variables = [(path, each) for path, each in machine.walk() if each.variable and path]
    state = _best([_state(path, each) for path, each in variables])
    mode = _best([_mode(path, each) for path, each in variables if state is None or each is not state.branch])
    fault = _best([_fault(path, each) for path, each in variables]) if _needs_fault(state) else None
    taken = [each.branch for each in (state, mode, fault) if each is not None]
    others = [(path, each) for path, each in variables if not any(each is one for one in taken)]
    return Guess(state, mode, fault, others)


def _best(candidates: Sequence[Candidate | None]) -> Candidate | None:
    """The highest score; of equals the one nearest to the machine."""
    there = [each for each in candidates if each is not None]
    return max(there, key=lambda each: (each.score, -len(each.path)), default=None)


def _needs_fault(state: Candidate | None) -> bool:
    return state is not None and ItemState.OUT_OF_SERVICE not in state.means.values()


def _state(path: Path, branch: Branch) -> Candidate | None:
    if branch.type == "Boolean" and not branch.names:
        return _switch(path, branch)
    if branch.names is None and not isinstance(branch.value, str):
        return None
    names = list(dict.fromkeys(branch.names.values())) if branch.names else [str(branch.value)]
    means = {name: meaning.value for name in names if (meaning := state_of(name)) is not None}
    called = 3.0 if STATE_NAMES.search(branch.name) else -3.0 if MODE_NAMES.search(branch.name) else 0.0
    runs = ItemState.EXECUTING in means.values()
    if branch.names is None:
        return Candidate(path, branch, means, (), 2.0 + called) if means and called > 0 else None
    if not runs or len(set(means.values())) < 2:
        return None
    left = tuple(name for name in names if name not in means)
    return Candidate(path, branch, means, left, 6.0 * len(means) / len(names) + called)


def _switch(path: Path, branch: Branch) -> Candidate | None:
    if not BUSY_NAMES.search(branch.name):
        return None
    means = {"true": ItemState.EXECUTING.value, "false": ItemState.NOT_EXECUTING.value}
    return Candidate(path, branch, means, (), 3.0)


def _fault(path: Path, branch: Branch) -> Candidate | None:
    if branch.type != "Boolean" or branch.names or not FAULT_NAMES.search(branch.name):
        return None
    return Candidate(path, branch, {"true": ItemState.OUT_OF_SERVICE.value}, (), 1.0)


def _mode(path: Path, branch: Branch) -> Candidate | None:
    if branch.names is None or not MODE_NAMES.search(branch.name):
        return None
    names = list(dict.fromkeys(branch.names.values()))
    means = {name: meaning.value for name in names if (meaning := mode_of(name)) is not None}
    if OperationMode.PROCESSING not in means.values():
        return None
    left = tuple(name for name in names if name not in means)
    return Candidate(path, branch, means, left, len(means) / len(names))
