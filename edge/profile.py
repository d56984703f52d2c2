"""Device profiles as files: found by name, read with what they extend, and refused with file, line and key."""

import difflib
import functools
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
_Folders = tuple[Path, ...]
_KEPT: dict[tuple[Path, _Folders], tuple[_Stamps, Profile]] = {}
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
    return read(_file(name, (*folders, shipped())), folders)


def read(path: Path, folders: _Folders = ()) -> Profile:
    """One profile file. Raises FileInvalid with file, line and key; its name must be the file's.

    What it extends is looked for beside it, in `folders`, and among ours.
    """
    kept = _KEPT.get((path, folders))
    if kept and kept[0] == _stamps([file for file, _ in kept[0]]):
        return kept[1]
    chain = layers(path, functools.partial(_extended, folders))
    profile = _profile(chain)
    _KEPT[path, folders] = (_stamps([layer.path for layer in chain]), profile)
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


def _extended(folders: _Folders, name: str, path: Path) -> Path:
    """What `path` means by `extends: name`, never itself: so a file may extend ours of its own name."""
    return _file(name, tuple(dict.fromkeys((path.parent, *folders, shipped()))), path)


def _file(name: str, places: _Folders, but: Path | None = None) -> Path:
    found = next((path for folder in places if (path := folder / f"{name}.yaml").is_file() and path != but), None)
    if found is None:
        others = (folder / f"{known}.yaml" for folder in places for known in names(folder))
        known = sorted({path.stem for path in others if path != but})
        near = difflib.get_close_matches(name, known, n=1)
        hint = f" (did you mean `{near[0]}`?)" if near else ""
        msg = f"no profile {name!r} in {', '.join(map(str, places))}{hint}; there are {', '.join(known)}"
        raise FileInvalid(msg)
    return found


def _stamps(paths: list[Path]) -> _Stamps:
    """When each file was last changed; 0 for one that is gone."""
    return tuple((path, path.stat().st_mtime_ns if path.exists() else 0) for path in paths)
