"""The standard address space, built once a process (1.1 s) and lent to every further server, node by node."""

import gc
import logging
from pathlib import Path

from asyncua import Server, ua
from asyncua.server.address_space import AttributeValue, NodeData
from asyncua.server.internal_server import InternalServer

_PRISTINE: dict[ua.NodeId, NodeData] = {}


class _Lent(dict[ua.NodeId, NodeData]):
    """A server's own nodes and copies of the standard ones that it has touched; the rest is only looked through."""

    def __missing__(self, node: ua.NodeId) -> NodeData:
        data = self[node] = _copy(_PRISTINE[node])
        return data

    def get(self, node: ua.NodeId, default: NodeData | None = None) -> NodeData | None:
        try:
            return self[node]
        except KeyError:
            return default

    def __contains__(self, node: object) -> bool:
        return super().__contains__(node) or node in _PRISTINE


class SharedInternalServer(InternalServer):  # type: ignore[misc]
    """An asyncua server core that does not build the 6,000 nodes of OPC 10000-5 again."""

    async def load_standard_address_space(self, shelf_file: Path | None = None) -> None:
        """Build the nodes if no server of this process has, and borrow them."""
        if not _PRISTINE:
            gc.disable()  # 150,000 new objects and no garbage: the collector would only look at them again and again
            try:
                await super().load_standard_address_space(shelf_file)
                nodes = self.aspace.keys()
                _PRISTINE.update({node: self.aspace[node] for node in nodes})
            finally:
                gc.enable()
        self.aspace._nodes = _Lent()  # noqa: SLF001 - as its own load_aspace_shelf does; there is no other door


def _copy(data: NodeData) -> NodeData:
    """A node of its own; values are replaced, never changed in place, and may be shared."""
    copy = NodeData(data.nodeid)
    copy.references = list(data.references)
    copy.call = data.call
    copy.attributes = {name: AttributeValue(attribute.value) for name, attribute in data.attributes.items()}
    return copy


async def new_server(url: str, name: str) -> Server:
    """A quiet server without encryption, not started yet; its address space is to be filled first."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    server = Server(iserver=SharedInternalServer())
    await server.init()
    server.set_endpoint(url)
    server.set_server_name(name)
    server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
    return server
