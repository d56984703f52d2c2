"""Draws a draft of a profile from what a machine shows: it validates, and its comments say what was guessed."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import get_args

from edge import unit
from edge.browse.guess import ORDER, Candidate, Guess, Path, guess
from edge.browse.recognise import Machine
from edge.browse.tree import Branch, written
from edge.signal import DataType
from gateway.errors import UsageError
from gateway.machine import ItemState

TYPES = frozenset(get_args(DataType))


class NothingToRead(UsageError):
    """There is nothing to draw a draft from."""

    code = "browse.nothing"


MOST_OTHERS = 60
"""Other variables that a draft lists; who wants more browses with --search."""


def draft(machine: Machine, name: str, url: str, at: datetime) -> str:
    """The text of `NAME.yaml`. Raises NothingToRead for a machine without a single variable."""
    found = guess(machine.branch)
    if not found.state and not any(branch.type in TYPES for _, branch in found.others):
        msg = f"{machine.root} shows no variable that a profile could read; name another node with --root"
        raise NothingToRead(msg)
    names = _Names()
    lines = [
        f"# Drawn by `thirdshift edge browse` from {url} on {at:%Y-%m-%d}.",
        "# What a name means was guessed from its words. Hold each row against the machine before its hours are sold.",
        f"profile: {name}",
        f"title: {_text(_title(machine))}",
        "source: opcua",
        "",
        "signals:",
    ]
    chosen = {names.of(each): each for each in (found.state, found.fault, found.mode) if each is not None}
    others = list(found.others)
    if not found.state:
        usable = next(each for each in others if each[1].type in TYPES)
        others.remove(usable)
        lines.append("  # Nothing here looks like a state. This one stands in until you name the right one; see below.")
        lines += _plain(names.give(usable[0]), *usable)
    for key, candidate in chosen.items():
        lines += _signal(key, candidate)
    lines += _others(others, names)
    by_branch = {id(each): key for key, each in chosen.items()}
    lines += ["", *_state(found, by_branch)]
    if found.mode:
        lines += ["", "mode:", *_rows(by_branch[id(found.mode)], found.mode, found.mode.rows())]
    return "\n".join([*lines, "", *_TAIL])


_TAIL = (
    "debounce: 1 s              # a new state must last so long before it counts",
    "staleness: 5 min           # silent for longer, and the machine's hours are not sold",
    "when_off: unattainable     # or sellable: are the hours for sale in which the machine is switched off?",
    "# power_up: 15 min         # if so: from switched off to ready",
    "",
)


class _Names:
    """Names of signals: from the nodes' own, each once."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, candidate: Candidate) -> str:
        return self.give(candidate.path)

    def give(self, path: Path) -> str:
        """The last name that tells it apart from those before."""
        words = [_snake(segment.name) for segment in path]
        for length in range(1, len(words) + 1):
            name = "_".join(words[-length:])
            if name not in self._taken:
                break
        else:
            name = f"{name}_{len(self._taken)}"
        self._taken.add(name)
        return name


def _snake(text: str) -> str:
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    folded = "".join(_FOLDED.get(letter, letter) for letter in spaced.lower())
    return re.sub(r"[^a-z0-9]+", "_", folded).strip("_") or "signal"


_FOLDED = {"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"}


def _title(machine: Machine) -> str:
    kind = machine.branch.type
    return f"{machine.name} ({kind})" if kind and kind not in {"BaseObjectType", "FolderType"} else machine.name


def _signal(key: str, candidate: Candidate) -> Iterator[str]:
    """A signal whose values are words."""
    branch = candidate.branch
    yield f"  {key}:{_now(branch)}"
    yield f"    node: {_text(written(candidate.path))}"
    if branch.names:
        yield "    type: Enumeration"
        yield "    names: true"
    else:
        yield f"    type: {branch.type}"
    if branch.names:
        yield "    values:"
        for number, name in branch.names.items():
            yield f"      {_text(name)}: {_text(name)}  # {number}"


def _now(branch: Branch) -> str:
    """The value at the moment, as a comment."""
    value = branch.value
    if branch.names and isinstance(value, int):
        value = branch.names.get(value, value)
    shown = "" if value is None or isinstance(value, Mapping | tuple) else " ".join(str(value).split())[:60]
    return f"  # now {shown}" if shown else ""


def _plain(key: str, path: Path, branch: Branch) -> Iterator[str]:
    yield f"  {key}:{_now(branch)}"
    yield f"    node: {_text(written(path))}"
    yield f"    type: {'Enumeration' if branch.names else branch.type}"
    if branch.names:
        yield "    names: true"
    if isinstance(branch.value, tuple):
        yield "    pointer: /0             # of several: the first"
    if branch.unit and not branch.names:
        yield f"    unit: {_text(branch.unit)}" if _known(branch.unit) else f"    # unit: {branch.unit}"


def _known(text: str) -> bool:
    try:
        unit.check(text)
    except ValueError:
        return False
    return True


def _others(others: Iterable[tuple[Path, Branch]], names: _Names) -> Iterator[str]:
    """The rest, commented out: what a plant may want to read, or to send."""
    usable = [(path, each) for path, each in others if each.type in TYPES or each.names]
    odd = [written(path) for path, each in others if not (each.type in TYPES or each.names)]
    if usable:
        yield ""
        yield "  # What else it says; take the # away to read a signal, and name it under `disclosure` to send it."
    for path, branch in usable[:MOST_OTHERS]:
        for line in _plain(names.give(path), path, branch):
            yield f"  # {line[2:]}"
    if len(usable) > MOST_OTHERS:
        yield f"  # … and {len(usable) - MOST_OTHERS} more; see `thirdshift edge browse --search`."
    if odd:
        yield f"  # Structures and the like, read by a `pointer` into them: {', '.join(odd[:5])}"


def _state(found: Guess, keys: Mapping[int, str]) -> Iterator[str]:
    yield "state:                     # the first row that fits decides"
    if found.state is None:
        yield "  - {then: NotAvailable}   # until you know which signal tells the state; for example:"
        yield "  # - {when: {SIGNAL: [WORKING, BUSY]}, then: Executing}"
        yield "  # - {when: {SIGNAL: READY}, then: NotExecuting}"
        return
    if found.fault:
        yield f"  - {{when: {{{keys[id(found.fault)]}: true}}, then: {ItemState.OUT_OF_SERVICE.value}}}"
    rows = found.state.rows()
    ordered: dict[str, list[str]] = {state.value: rows[state.value] for state in ORDER if state.value in rows}
    yield from _rows(keys[id(found.state)], found.state, ordered)


def _rows(key: str, candidate: Candidate, rows: Mapping[str, list[str]]) -> Iterator[str]:
    for meaning, names in rows.items():
        cell = ", ".join(map(_text, names))
        yield f"  - {{when: {{{key}: {cell if len(names) == 1 else f'[{cell}]'}}}, then: {meaning}}}"
    if candidate.open:
        yield "  # Nobody could guess what these mean; put each into a row, or the state is unsure while it lasts:"
        yield f"  # {', '.join(map(_text, candidate.open))}"


_BARE = re.compile(r"[A-Za-zÄÖÜäöüß][\w .+-]*(?<! )")
_WORDS = {"true", "false", "yes", "no", "on", "off", "null", "none", "y", "n"}


def _text(text: str) -> str:
    """Text as YAML writes it: bare where that means nothing else."""
    bare = _BARE.fullmatch(text) and text.casefold() not in _WORDS
    address = text.startswith(("nsu=", "di:", "machinery:")) and " #" not in text and ": " not in text
    return text if bare or address else json.dumps(text, ensure_ascii=False)
