"""Finds a profile's signals among the data items that an agent announces."""

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from edge.sources.mtconnect_model import DataItem, Device
from edge.sources.mtconnect_signal import MtconnectSignal
from edge.sources.mtconnect_units import symbol

AGENT = "Agent"


@dataclass(frozen=True, slots=True)
class Missing:
    """Why a signal has no data item, and what to do."""

    problem: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.problem}; {self.advice}" if self.advice else self.problem


@dataclass(frozen=True, slots=True)
class Bound:
    """A signal and its data item."""

    machine: str
    name: str
    signal: MtconnectSignal
    item: DataItem


@dataclass(frozen=True, slots=True)
class Binding:
    """What was found: `bound` by data item id, what single machines lack, and machines whose device is not there."""

    bound: Mapping[str, Sequence[Bound]] = field(default_factory=dict)
    missing: Mapping[tuple[str, str], Missing] = field(default_factory=dict)
    absent: Mapping[str, Missing] = field(default_factory=dict)

    @property
    def units(self) -> Mapping[str, Mapping[str, str]]:
        """By machine and signal, in which unit the agent says that it measures."""
        found: dict[str, dict[str, str]] = {}
        for each in (each for signals in self.bound.values() for each in signals if each.item.units):
            found.setdefault(each.machine, {})[each.name] = symbol(each.item.units or "")
        return found


@dataclass(frozen=True, slots=True)
class Machine:
    """One machine behind an agent: its device's name or uuid there (None: the only one), and its signals by name."""

    device: str | None
    signals: Mapping[str, MtconnectSignal]


def bind(devices: Sequence[Device], machines: Mapping[str, Machine]) -> Binding:
    """Each machine's signals, found in its device."""
    bound: dict[str, list[Bound]] = {}
    missing: dict[tuple[str, str], Missing] = {}
    absent: dict[str, Missing] = {}
    for name, machine in machines.items():
        device = find_device(devices, machine.device)
        if isinstance(device, Missing):
            absent[name] = device
            continue
        for signal, wanted in machine.signals.items():
            item = find_item(device.items, wanted)
            if isinstance(item, Missing):
                missing[name, signal] = item
            else:
                bound.setdefault(item.id, []).append(Bound(name, signal, wanted, item))
    return Binding(bound, missing, absent)


def find_device(devices: Sequence[Device], wanted: str | None) -> Device | Missing:
    """The device of that name, uuid or id; without one, the only device (an agent's model of itself is none)."""
    machines = [device for device in devices if AGENT not in {device.name, device.id}] or list(devices)
    shown = ", ".join(f"{device.name} ({device.uuid})" for device in machines[:8]) or "none"
    if wanted is not None:
        found = [device for device in devices if wanted in device.names]
        advice = f"it has {shown}"
        return found[0] if len(found) == 1 else Missing(f"has no device {wanted!r}", advice)
    if len(machines) == 1:
        return machines[0]
    return Missing(f"has {len(machines)} devices", f"name one as `device`: {shown}")


def find_item(items: Sequence[DataItem], wanted: MtconnectSignal) -> DataItem | Missing:
    """The one data item that fits. Two that fit are not guessed between."""
    found = [item for item in items if _fits(item, wanted)]
    if len(found) > 1 and wanted.item is None and wanted.sub_type is None:
        plain = [item for item in found if item.sub_type is None]
        found = plain if len(plain) == 1 else found
    if len(found) == 1:
        return found[0]
    if found:
        shown = ", ".join(item.shown for item in found[:6])
        return Missing(f"{len(found)} data items fit", f"name one by `item` or `component`: {shown}")
    return Missing(f"the device has no data item {wanted.shown}", _near(items, wanted))


def _fits(item: DataItem, wanted: MtconnectSignal) -> bool:
    if wanted.item is not None:
        return wanted.item in {item.id, item.name}
    return (
        item.type == wanted.item_type
        and wanted.sub_type in {None, item.sub_type}
        and (wanted.component is None or wanted.component in item.component)
    )


def _near(items: Iterable[DataItem], wanted: MtconnectSignal) -> str:
    """What comes close, by id and name or by type."""
    if wanted.item is not None:
        names = {text for item in items for text in (item.id, item.name) if text}
        close = difflib.get_close_matches(wanted.item, sorted(names), n=3)
        return f"there are {', '.join(close)}" if close else "look at the agent's /probe for its id"
    same = [item for item in items if item.type == wanted.item_type]
    if same:
        return f"of that type there are {', '.join(item.shown for item in same[:6])}"
    close = difflib.get_close_matches(wanted.item_type or "", sorted({item.type for item in items}), n=3)
    return f"close types are {', '.join(close)}" if close else "look at the agent's /probe for its type"
