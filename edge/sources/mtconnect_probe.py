"""Looks at an MTConnect agent, or a recording, as `thirdshift edge check` does: every signal's data item and value."""

from collections.abc import Mapping, Sequence

from edge.reading import Reading
from edge.sources.building import Site, Wanted
from edge.sources.mtconnect_agent import Agent, AgentLost
from edge.sources.mtconnect_device import Mtconnect
from edge.sources.mtconnect_items import Missing, find_device, find_item
from edge.sources.mtconnect_model import DataItem, Devices, NotMtconnect, Observation, Streams
from edge.sources.mtconnect_signal import MtconnectSignal
from edge.sources.mtconnect_values import Conditions, judge
from edge.sources.shdr_replay import instants
from edge.verdict import ENDPOINT, Verdict
from gateway.machine import Quality

UNAVAILABLE_ADVICE = "look at the machine: its agent says UNAVAILABLE, so its adapter does not get the value"


async def probe_agent(device: Mtconnect, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """A verdict per signal of each machine, after one for the agent."""
    try:
        async with Agent(device) as agent:
            model, present = await agent.probe(), await agent.current()
            streams = present.header.next is not None and await _streams(agent, present.header.next)
    except (AgentLost, NotMtconnect) as error:
        return [Verdict(name, ENDPOINT, device.address, ok=False, problem=str(error)) for name in machines]
    way = _way(present, streams=streams)
    return [each for name, wanted in machines.items() for each in _machine(name, wanted, model, present, way)]


async def _streams(agent: Agent, place: int) -> bool:
    try:
        async with agent.stream(place) as stream:
            return stream.boundary is not None
    except AgentLost:
        return False


def _way(present: Streams, *, streams: bool) -> str:
    version = f"MTConnect {present.header.version}".strip()
    if streams:
        return f"{version}, streams"
    if present.header.next is not None:
        return f"{version}, polled (it does not stream)"
    return f"{version}, polled without numbers: short states are missed"


def _machine(name: str, wanted: Wanted, model: Devices, present: Streams, way: str) -> list[Verdict]:
    device = find_device(model.devices, wanted.device.device)
    address = wanted.device.address
    if isinstance(device, Missing):
        return [Verdict(name, ENDPOINT, address, ok=False, problem=device.problem, advice=device.advice)]
    found = [Verdict(name, ENDPOINT, address, ok=True, value=f"{device.name}: {way}")]
    for key, signal in wanted.signals.items():
        item = find_item(device.items, signal)
        if isinstance(item, Missing):
            found.append(Verdict(name, key, signal.shown, ok=False, problem=item.problem, advice=item.advice))
        else:
            found.append(_signal(name, key, signal, item, present.observations))
    return found


def _signal(
    machine: str, name: str, signal: MtconnectSignal, item: DataItem, observations: Sequence[Observation]
) -> Verdict:
    conditions = Conditions()
    seen = [each for each in observations if each.item == item.id]
    said = [conditions.worst(each) if item.category == "CONDITION" else each.value for each in seen]
    if said:
        return _verdict(machine, name, item.shown, *judge(signal, said[-1]))
    problem, advice = "has no value: the agent leaves it out", "look at the agent's /current"
    return Verdict(machine, name, item.shown, ok=False, problem=problem, advice=advice)


def _verdict(machine: str, name: str, place: str, value: object, quality: Quality) -> Verdict:
    bad = quality is Quality.BAD
    return Verdict(
        machine,
        name,
        place,
        ok=not bad,
        type=None if value is None else type(value).__name__,
        value=value,
        quality=quality,
        problem="has no value now" if bad else None,
        advice=UNAVAILABLE_ADVICE if bad else None,
    )


def probe_recording(name: str, wanted: Wanted) -> list[Verdict]:
    """What the recording says last of each signal. Raises FileInvalid."""
    device = wanted.device
    found = instants(name, device.file, wanted.signals, device.model, device.device)
    last: dict[str, Reading] = {reading.signal: reading for each in found for reading in each.readings}
    span = f"{len(found)} instants from {found[0].at:%Y-%m-%d %H:%M:%S} to {found[-1].at:%H:%M:%S}"
    verdicts = [Verdict(name, ENDPOINT, str(device.file), ok=True, value=span)]
    for key, signal in wanted.signals.items():
        if key in last:
            verdicts.append(_verdict(name, key, signal.shown, last[key].value, last[key].quality))
        else:
            advice = "correct where the profile looks for it, or mark it `optional`"
            verdicts.append(
                Verdict(name, key, signal.shown, ok=False, problem="is not in the recording", advice=advice)
            )
    return verdicts


async def probe(_: Site, machines: Mapping[str, Wanted]) -> list[Verdict]:
    """For `edge check`. Raises FileInvalid."""
    device = next(iter(machines.values())).device
    if device.file is None:
        return await probe_agent(device, machines)
    return [each for name, wanted in machines.items() for each in probe_recording(name, wanted)]
