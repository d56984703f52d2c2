"""Signals by name: which machine each belongs to, where it is, and how it is to be asked for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from edge import pointer
from edge.sources.opcua_address import Address, parse


@dataclass(frozen=True, slots=True)
class Ask:
    """How one signal is asked for; what is None is as the endpoint says.

    `pointer`: the part of a structure or array that is meant (RFC 6901). `names`: an enumeration's value as its string.
    `poll_s`: read that often instead of being subscribed. `deadband`: smaller changes of the raw value are not sent.
    `stale_s`: after so long without a word the value is repeated, as far as the machine still stands by it.
    """

    node: str
    pointer: str = ""
    names: bool = False
    sampling_ms: int | None = None
    queue: int | None = None
    poll_s: float | None = None
    deadband: float | None = None
    stale_s: float | None = None


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of one machine, and the node that carries it."""

    machine: str
    name: str
    address: Address
    ask: Ask
    steps: pointer.Steps = ()


@dataclass(frozen=True, slots=True)
class MachineNodes:
    """Signal name → node address (see opcua_address) or how to ask for it; relative paths start at `root`."""

    signals: Mapping[str, str | Ask]
    root: str = "/Objects"

    def of(self, machine: str) -> list[Signal]:
        """Raises AddressError for an address that cannot be read, ValueError for a pointer."""
        within = parse(self.root)
        asked = {name: Ask(each) if isinstance(each, str) else each for name, each in self.signals.items()}
        return [
            Signal(machine, name, parse(ask.node, within), ask, pointer.parse(ask.pointer))
            for name, ask in asked.items()
        ]


def machines(signals: Iterable[Signal]) -> list[str]:
    """The machines that the signals belong to, each once, in order."""
    return list(dict.fromkeys(signal.machine for signal in signals))


def by_machine(signals: Iterable[Signal]) -> list[tuple[str, list[Signal]]]:
    """Signals grouped by machine."""
    ordered = sorted(signals, key=lambda signal: (signal.machine, signal.name))
    return [(machine, list(group)) for machine, group in groupby(ordered, key=lambda signal: signal.machine)]
