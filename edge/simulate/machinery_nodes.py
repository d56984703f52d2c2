"""The nodes of OPC 40001-1 that a simulated machine exposes: where it stands, who it is, its state and its mode."""

from collections.abc import Mapping
from dataclasses import dataclass

from asyncua import Node, Server, ua

from edge.sources.opcua_address import PREFIXES
from gateway.machine import ItemState, OperationMode

PLANT = "urn:thirdshift:plant"
"""The namespace of the simulated machines' own nodes."""

ITEM_STATE = {
    ItemState.NOT_AVAILABLE: 0,
    ItemState.OUT_OF_SERVICE: 1,
    ItemState.NOT_EXECUTING: 2,
    ItemState.EXECUTING: 3,
}
MODE = {OperationMode.NONE: 0, OperationMode.MAINTENANCE: 1, OperationMode.SETUP: 2, OperationMode.PROCESSING: 3}
"""StateNumber of each state in the published nodeset."""

MACHINES_FOLDER, ITEM_STATE_TYPE, MODE_TYPE = 1001, 1002, 1008


@dataclass(frozen=True, slots=True)
class MachineNodes:
    """What the server writes to as the machine changes."""

    blocks: Node
    state: Node
    state_number: Node
    mode: Node
    mode_number: Node
    counter: Node


def root(name: str) -> str:
    """The browse path of a simulated machine, from which a profile's addresses start."""
    return f"/Objects/machinery:Machines/nsu={PLANT};{name}"


async def add_machine(server: Server, name: str, nameplate: Mapping[str, str]) -> MachineNodes:
    """Machines/NAME with Identification, MachineryBuildingBlocks and a part counter."""
    device = await server.register_namespace(PREFIXES["di"])
    machinery = await server.register_namespace(PREFIXES["machinery"])
    plant = await server.register_namespace(PLANT)
    machines = await server.nodes.objects.add_folder(
        ua.NodeId(MACHINES_FOLDER, machinery), ua.QualifiedName("Machines", machinery)
    )
    machine = await machines.add_object(ua.NodeId(name, plant), ua.QualifiedName(name, plant))
    await _add_nameplate(machine, device, nameplate)
    blocks = await machine.add_folder(ua.NodeId(0, plant), ua.QualifiedName("MachineryBuildingBlocks", machinery))
    state = await _add_states(server, blocks, machinery, "MachineryItemState", ITEM_STATE_TYPE)
    mode = await _add_states(server, blocks, machinery, "MachineryOperationMode", MODE_TYPE)
    counter = await machine.add_variable(
        ua.NodeId(f"{name}.PartsGood", plant), ua.QualifiedName("PartsGood", plant), 0, ua.VariantType.UInt32
    )
    return MachineNodes(blocks, *state, *mode, counter)


async def _add_nameplate(machine: Node, device: int, nameplate: Mapping[str, str]) -> None:
    identification = await machine.add_object(ua.NodeId(0, device), ua.QualifiedName("Identification", device))
    localised = {"Manufacturer", "Model"}
    for name, value in nameplate.items():
        content = ua.LocalizedText(value) if name in localised else value
        await identification.add_property(ua.NodeId(0, device), ua.QualifiedName(name, device), content)


async def _add_states(server: Server, blocks: Node, machinery: int, name: str, kind: int) -> tuple[Node, Node]:
    """A state machine with CurrentState and its Number; the type carries the published id."""
    suffix = "_StateMachineType" if kind == ITEM_STATE_TYPE else "StateMachineType"
    base = server.get_node(ua.NodeId(ua.ObjectIds.BaseObjectType))
    await base.add_object_type(ua.NodeId(kind, machinery), ua.QualifiedName(name + suffix, machinery))
    states = await blocks.add_object(
        ua.NodeId(0, machinery), ua.QualifiedName(name, machinery), ua.NodeId(kind, machinery)
    )
    current = await states.add_variable(
        ua.NodeId(0, machinery), ua.QualifiedName("CurrentState", 0), ua.LocalizedText("", "en")
    )
    number = await current.add_property(
        ua.NodeId(0, machinery), ua.QualifiedName("Number", 0), ua.Variant(0, ua.VariantType.UInt32)
    )
    return current, number
