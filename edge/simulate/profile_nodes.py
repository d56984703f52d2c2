"""The nodes of a profile on a server of our own: all that the profile addresses is there, of the type that it names."""

from collections.abc import Mapping, Sequence

from asyncua import Node, Server, ua

from edge.errors import FileInvalid
from edge.signal import DataType
from edge.simulate.isa95_nodes import add_job_control
from edge.simulate.job_desk import JobDesk
from edge.simulate.machinery_nodes import PLANT
from edge.sources.opcua_address import ROOT, Address, Segment, parse
from edge.sources.opcua_signal import OpcUaProfile, OpcUaSignal

EMPTY: Mapping[str, object] = {"Boolean": False, "Float": 0.0, "Double": 0.0, "String": "", "LocalizedText": ""}
"""What a node shows before anything was said; 0 where nothing else is given."""

JOB_CONTROL = ("JobManagement", "JobOrderControl")
"""Below the machine's building blocks (OPC 40001-3)."""


def root(name: str) -> str:
    """The address of a simulated machine, from which its profile's addresses start."""
    return f"/Objects/nsu={PLANT};{name}"


async def add_profile(shelf: "Shelf", profile: OpcUaProfile, name: str) -> Mapping[str, Node]:
    """The variable of each signal. Raises FileInvalid for two signals of which one is part of the other."""
    found: dict[str, Node] = {}
    for signal, each in profile.signals.items():
        address = parse(each.node, parse(root(name)))
        try:
            found[signal] = await shelf.variable(address, each)
        except ua.UaError as error:
            msg = f"{profile.profile}: signals.{signal}.node: {address} cannot be served beside the others: {error}"
            raise FileInvalid(msg) from error
    return found


async def add_jobs(shelf: "Shelf", profile: OpcUaProfile, name: str, desk: JobDesk) -> None:
    """The machine's list of job orders, where its profile has one at the place of OPC 40001-3."""
    if profile.job_orders is None:
        return
    address = parse(profile.job_orders, parse(root(name)))
    if tuple(segment.name for segment in address.path[-2:]) != JOB_CONTROL:
        return
    blocks = await shelf.object(Address(address.start, address.path[:-2]))
    desk.nodes = await add_job_control(shelf.server, blocks, desk.commands(), desk.respond, desk.limit)


def variant(signal: OpcUaSignal, value: object) -> ua.Variant:
    """The value as the node carries it."""
    if signal.type == "LocalizedText":
        return ua.Variant(ua.LocalizedText(str(value), "en"))
    return ua.Variant(value, _variant_type(signal.type))


def _variant_type(kind: DataType) -> ua.VariantType:
    found: ua.VariantType = ua.VariantType["Int32" if kind == "Enumeration" else kind]
    return found


class Shelf:
    """Makes each node once, by the path on which it lies."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.made: dict[Address, Node] = {}

    async def variable(self, address: Address, signal: OpcUaSignal) -> Node:
        value = variant(signal, EMPTY.get(signal.type, 0))
        if not address.path:
            nodeid = await self._nodeid(address)
            name = ua.QualifiedName(address.start.text.partition("=")[2], nodeid.NamespaceIndex)
            return await self.server.nodes.objects.add_variable(nodeid, name, value)
        parent = await self.object(Address(address.start, address.path[:-1]))
        name = await self._name(address.path[-1])
        return await parent.add_variable(await self._new(), name, value)

    async def object(self, address: Address) -> Node:
        if address not in self.made:
            self.made[address] = await self._make(address)
        return self.made[address]

    async def _make(self, address: Address) -> Node:
        if address.start == ROOT and len(address.path) == 1:
            return self.server.nodes.objects
        if not address.path:
            nodeid = await self._nodeid(address)
            name = ua.QualifiedName(address.start.text.partition("=")[2], nodeid.NamespaceIndex)
            return await self.server.nodes.objects.add_object(nodeid, name)
        parent = await self.object(Address(address.start, address.path[:-1]))
        return await parent.add_object(await self._new(), await self._name(address.path[-1]))

    async def _new(self) -> ua.NodeId:
        """A numeric id that the server chooses, in the plant's own namespace."""
        return ua.NodeId(0, await self.server.register_namespace(PLANT))

    async def _name(self, segment: Segment) -> ua.QualifiedName:
        return ua.QualifiedName(segment.name, await self._index(segment.uri))

    async def _nodeid(self, address: Address) -> ua.NodeId:
        return ua.NodeId.from_string(f"ns={await self._index(address.start.uri)};{address.start.text}")

    async def _index(self, uri: str) -> int:
        known: Sequence[str] = await self.server.get_namespace_array()
        index: int = known.index(uri) if uri in known else await self.server.register_namespace(uri)
        return index
