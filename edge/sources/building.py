"""What a kind's builder gets and gives: one device with its machines in, one source out."""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from zoneinfo import ZoneInfo

from edge.profilemodel import Profile
from edge.secret import Vault
from edge.sources import Source
from edge.sources.device import Device
from edge.sources.kinds import KINDS
from gateway.clock import Clock

CursorOf = Callable[[str], str | None]
"""How far a machine's source had read."""


@dataclass(frozen=True, slots=True)
class Site:
    """What every source is built from. `zone` is the plant's wall clock; `cursor` what a source's Cursor last said.

    `trial`: the source is only tried beside a running agent, so it must not speak for it.
    """

    clock: Clock
    vault: Vault
    zone: ZoneInfo
    cursor: CursorOf = field(default=lambda _: None)
    trial: bool = False


@dataclass(frozen=True, slots=True)
class Wanted:
    """One machine behind the device: its own words about it, and the signals that are to be read, of its kind's model.

    `place`: where its device stands in the config, for errors and for `Vault.text`.
    """

    device: Any
    profile: Profile
    signals: Mapping[str, Any]
    place: str


class Build(Protocol):
    """The function `build` of a kind's builder. All `machines` gave the same `Device.shared()`. Raises FileInvalid."""

    def __call__(self, site: Site, machines: Mapping[str, Wanted]) -> Source: ...


def build(site: Site, machines: Mapping[str, Wanted]) -> Source:
    """One source for machines that share their device. Raises FileInvalid."""
    device: Device = next(iter(machines.values())).device
    make: Build = importlib.import_module(KINDS[device.type].builder).build
    return make(site, machines)
