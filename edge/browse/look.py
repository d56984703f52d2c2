"""Goes to a server, looks around there, and says which machines it found and what to do with each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from edge.browse.draft import draft
from edge.browse.recognise import Machine, machines
from edge.browse.tree import Branch, Tree, matching
from edge.config import read as read_config
from edge.errors import FileInvalid
from edge.profile import find, names, read
from edge.secret import Vault
from edge.sources.opcua_address import Address
from edge.sources.opcua_device import OpcUa
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_signal import OpcUaProfile
from gateway.errors import UsageError


class NoSuchMachine(UsageError):
    """The draft is wanted of a machine that is not there, or of none in particular."""

    code = "browse.no_such_machine"


@dataclass(frozen=True, slots=True)
class Aim:
    """Where to look: the server, and with which folders of own profiles to compare."""

    endpoint: OpcUaEndpoint
    profiles: tuple[Path, ...] = ()


def configured(config: Path, machine: str) -> Aim:
    """The server of a machine that a config names. Raises FileInvalid."""
    found = read_config(config)
    if machine not in found.machines:
        msg = f"{config}: no machine {machine!r}; there are {', '.join(found.machines)}"
        raise FileInvalid(msg)
    device = found.machines[machine].source
    if not isinstance(device, OpcUa):
        msg = f"{config}: {machine} is read by {device.type}; `edge browse` looks around on OPC UA servers only"
        raise FileInvalid(msg)
    return Aim(device.endpoint(Vault.beside(config), f"machines.{machine}.source"), found.profiles)


def recognised(tree: Tree, folders: tuple[Path, ...]) -> list[Machine]:
    """The machines of the tree, with the profiles that fit: those of the plant first, then those that ship."""
    known = dict.fromkeys(name for folder in (*folders, None) for name in names(folder))
    return machines(tree, [profile for name in known for profile in _usable(name, folders)])


def _usable(name: str, folders: tuple[Path, ...]) -> list[OpcUaProfile]:
    """The profile, if it is of this kind; one that is broken fits nothing, and `edge check` tells of it."""
    try:
        profile = find(name, folders)
    except FileInvalid:
        return []
    return [profile] if isinstance(profile, OpcUaProfile) else []


def chosen(found: list[Machine], wanted: str | None) -> Machine:
    """The machine to draw a draft of. Raises NoSuchMachine where that is not clear."""
    named = [each for each in found if wanted is None or wanted in {each.name, str(each.root)}]
    if wanted is None:
        named = [each for each in found if not each.fits] or found
    if len(named) == 1:
        return named[0]
    there = ", ".join(f"{each.name} ({each.root})" for each in found) or "none; name a node with --root"
    what = f"no machine {wanted!r} here" if wanted else "which machine? Name it with --machine"
    msg = f"{what}; there are: {there}"
    raise NoSuchMachine(msg)


def drawn(machine: Machine, name: str, url: str, at: datetime) -> str:
    """The text of the draft."""
    return draft(machine, name, url, at)


def written(text: str, name: str, folder: Path, *, force: bool) -> Path:
    """Write the draft into a folder of profiles, never over one that is there unless told so. Raises FileInvalid."""
    place = folder / f"{name}.yaml"
    if place.exists() and not force:
        msg = f"{place} is there already; choose another name, or add --force to write over it"
        raise FileInvalid(msg)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        msg = f"{place}: {error.strerror}; name a folder that this user may write to"
        raise FileInvalid(msg) from error
    read(place)
    return place


def document(tree: Tree, found: list[Machine], search: str | None) -> dict[str, Any]:
    """The whole of it for a script."""
    shown = matching(tree.root, search) if search else list(tree.root.walk())
    return {
        "url": tree.url,
        "security": tree.security,
        "whole": tree.whole,
        "machines": [
            {"name": each.name, "root": str(each.root), "type": each.branch.type,
             "profiles": [{"profile": fit.profile, "signals": fit.there, "of": fit.of} for fit in each.fits]}
            for each in found
        ],
        "nodes": [node_document(tree, path, branch) for path, branch in shown if path],
    }  # fmt: skip


def node_document(tree: Tree, path: tuple[Any, ...], branch: Branch) -> dict[str, Any]:
    return {
        "path": str(Address(tree.start.start, (*tree.start.path, *path))),
        "node": branch.node,
        "variable": branch.variable,
        "type": branch.type,
        "value": branch.value,
        "names": branch.names,
        "unit": branch.unit,
    }


def advice(machine: Machine) -> Iterator[str]:
    """What to do with a machine."""
    if machine.fits:
        for fit in machine.fits:
            yield f"profile {fit.profile} ({fit.there} of {fit.of} signals)"
    else:
        yield "no profile fits: draw one with --draft NAME"
