"""Device profiles as files: found by name, read with what they extend, and refused with file, line and key."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from edge.errors import FileInvalid
from edge.layered import Layer, layers, merged, owner
from edge.profilemodel import ModeRow, Profile, StateRow, WhenOff
from edge.signal import Signal, key
from edge.sources.kinds import KINDS
from edge.yamlfile import Location, line_of, validated

__all__ = ["ModeRow", "Profile", "Signal", "StateRow", "WhenOff", "find", "key", "names", "read", "shipped"]

_Stamps = tuple[tuple[Path, int], ...]
_KEPT: dict[Path, tuple[_Stamps, Profile]] = {}
"""What was read, for as long as none of its files changes: two hundred machines share few profiles."""


def shipped() -> Path:
    """The folder of the profiles that come with us: in the wheel inside the package, in a checkout beside it."""
    here = Path(__file__).parent
    packaged = here / "device-profiles"
    return packaged if packaged.is_dir() else here.parent / "device-profiles"


def names(folder: Path | None = None) -> list[str]:
    """The profiles of a folder (ours by default), by name."""
    return sorted(path.stem for path in (folder or shipped()).glob("*.yaml"))


def find(name: str, folders: tuple[Path, ...] = ()) -> Profile:
    """The profile `name` from the first folder that has it, ours last. Raises FileInvalid."""
    return read(_file(name, (*folders, shipped())))


def read(path: Path) -> Profile:
    """One profile file. Raises FileInvalid with file, line and key; its name must be the file's."""
    kept = _KEPT.get(path)
    if kept and kept[0] == _stamps([file for file, _ in kept[0]]):
        return kept[1]
    chain = layers(path, _extended)
    profile = _profile(chain)
    _KEPT[path] = (_stamps([layer.path for layer in chain]), profile)
    return profile


def _profile(chain: list[Layer]) -> Profile:
    path, tree = chain[0].path, merged(chain)
    kind = KINDS.get(str(tree.get("source")))
    if kind is None:
        near = difflib.get_close_matches(str(tree.get("source")).lower(), KINDS, n=1)
        hint = f" (did you mean `{near[0]}`?)" if near else ""
        found = f"found {tree['source']!r}{hint}" if "source" in tree else "found nothing"
        whose = owner(chain, ["source"])
        msg = f"{whose.path}:{line_of(whose.tree, ['source'])}: source: expected one of {', '.join(KINDS)}, {found}"
        raise FileInvalid(msg)

    def origin(location: Location) -> tuple[Path, Mapping[str, Any]]:
        layer = owner(chain, location)
        return layer.path, layer.tree

    profile = validated(tree, kind.profile, origin)
    if profile.profile != path.stem:
        line = line_of(chain[0].tree, ["profile"])
        msg = f"{path}:{line}: profile: is {profile.profile!r}, but the file is {path.name}; give both one name"
        raise FileInvalid(msg)
    return profile


def _extended(name: str, path: Path) -> Path:
    """What `path` means by `extends: name`: beside it, then among ours. A file may extend ours of its own name."""
    beside = path.parent / f"{name}.yaml"
    return beside if beside.is_file() and beside != path else _file(name, (shipped(),), (path.parent,))


def _file(name: str, places: tuple[Path, ...], also: tuple[Path, ...] = ()) -> Path:
    found = next((path for folder in places if (path := folder / f"{name}.yaml").is_file()), None)
    if found is None:
        looked = dict.fromkeys((*also, *places))
        known = sorted({known for folder in looked for known in names(folder)})
        msg = f"no profile {name!r} in {', '.join(map(str, looked))}; there are {', '.join(known)}"
        raise FileInvalid(msg)
    return found


def _stamps(paths: list[Path]) -> _Stamps:
    """When each file was last changed; 0 for one that is gone."""
    return tuple((path, path.stat().st_mtime_ns if path.exists() else 0) for path in paths)
