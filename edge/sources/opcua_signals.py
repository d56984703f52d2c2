"""Signals by name, and which machine each belongs to."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby

from edge.sources.opcua_address import Address, parse


@dataclass(frozen=True, slots=True)
class Signal:
    """One signal of one machine, and the node that carries it."""

    machine: str
    name: str
    address: Address


@dataclass(frozen=True, slots=True)
class MachineNodes:
    """Signal name → node address (see opcua_address); relative paths start at `root`."""

    signals: Mapping[str, str]
    root: str = "/Objects"

    def of(self, machine: str) -> list[Signal]:
        """Raises AddressError for an address that cannot be read."""
        within = parse(self.root)
        return [Signal(machine, name, parse(text, within)) for name, text in self.signals.items()]


def machines(signals: Iterable[Signal]) -> list[str]:
    """The machines that the signals belong to, each once, in order."""
    return list(dict.fromkeys(signal.machine for signal in signals))


def by_machine(missing: Mapping[Signal, str]) -> list[tuple[str, list[Signal]]]:
    """Missing signals grouped by machine."""
    ordered = sorted(missing, key=lambda signal: (signal.machine, signal.name))
    return [(machine, list(group)) for machine, group in groupby(ordered, key=lambda signal: signal.machine)]
