"""A YAML file that `extends` another: their keys in one tree, and for each key the file and line where it stands."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.errors import FileInvalid
from edge.yamlfile import Location, line_of, parse

EXTENDS = "extends"
SIGNALS = "signals"


@dataclass(frozen=True, slots=True)
class Layer:
    """One file, and what it says."""

    path: Path
    tree: Mapping[str, Any]


def layers(path: Path, find: Callable[[str, Path], Path]) -> list[Layer]:
    """The file and all that it extends, nearest first. `find(name, path)` is the file that `path` means by a name.

    Raises FileInvalid, also for a circle.
    """
    chain: list[Layer] = []
    while True:
        tree = parse(path)
        if not isinstance(tree, Mapping):
            msg = f"{path}:1: file: expected keys and values such as `profile: {path.stem}`"
            raise FileInvalid(msg)
        chain.append(Layer(path, tree))
        name = tree.get(EXTENDS)
        if name is None:
            return chain
        place = f"{path}:{line_of(tree, [EXTENDS])}: {EXTENDS}"
        if not isinstance(name, str):
            msg = f"{place}: expected the name of one profile, found {name!r}"
            raise FileInvalid(msg)
        try:
            path = find(name, path)
        except FileInvalid as error:
            msg = f"{place}: {error}"
            raise FileInvalid(msg) from error
        if path in [layer.path for layer in chain]:
            circle = " → ".join([*(layer.path.stem for layer in chain), path.stem])
            msg = f"{place}: goes in a circle ({circle}); let one of them stand on its own"
            raise FileInvalid(msg)


def merged(chain: Sequence[Layer]) -> dict[str, Any]:
    """One tree: the nearest file that has a key decides; signals are joined key by key. A null takes out."""
    tree: dict[str, Any] = {}
    for layer in reversed(chain):
        for name, value in layer.tree.items():
            tree[name] = _signals(tree.get(name), value) if name == SIGNALS else value
    return {name: value for name, value in tree.items() if value is not None}


def _signals(below: Any, above: Any) -> Any:
    if not isinstance(above, Mapping):
        return above
    found = dict(below) if isinstance(below, Mapping) else {}
    for name, signal in above.items():
        old = found.get(name)
        joined = {**old, **signal} if isinstance(old, Mapping) and isinstance(signal, Mapping) else signal
        found[name] = _without_nothing(joined) if isinstance(joined, Mapping) else joined
    return _without_nothing(found)


def _without_nothing(tree: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in tree.items() if value is not None}


def owner(chain: Sequence[Layer], location: Location) -> Layer:
    """The layer whose word counts at `location`, which may lead through names that no file has."""
    steps = location[:3] if location and location[0] == SIGNALS else location[:1]
    return max(chain, key=lambda layer: _depth(layer.tree, steps))


def _depth(tree: Any, steps: Location) -> int:
    depth = 0
    for step in steps:
        if not isinstance(tree, Mapping) or tree.get(step) is None:
            break
        tree, depth = tree[step], depth + 1
    return depth
