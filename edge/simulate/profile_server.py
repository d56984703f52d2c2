"""A profile as a live OPC UA machine: a real server on the loopback address that shows what it is told."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncua import Node, Server, ua

from edge.simulate.address_space import new_server
from edge.simulate.job_desk import JobDesk
from edge.simulate.profile_nodes import Shelf, add_jobs, add_profile, root, variant
from edge.sources.opcua_signal import OpcUaProfile
from gateway.clock import Clock


@dataclass
class ProfileServer:
    """One machine of the profile's kind on one port (0: any free one). `desk` has its job orders, if it takes any."""

    profile: OpcUaProfile
    name: str
    clock: Clock
    port: int = 0
    desk: JobDesk = field(init=False)
    _server: Server | None = field(default=None, init=False)
    _nodes: Mapping[str, Node] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self.desk = JobDesk(self.clock)

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    @property
    def root(self) -> str:
        """The address that a config gives as the machine's `root`."""
        return root(self.name)

    async def start(self) -> None:
        """Raises FileInvalid for a profile that cannot be served, OSError where the port is taken."""
        server = await new_server(self.url, self.name)
        shelf = Shelf(server)
        self._nodes = await add_profile(shelf, self.profile, self.name)
        await add_jobs(shelf, self.profile, self.name, self.desk)
        await server.start()
        self._server = server
        self.port = server.bserver.port

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def show(self, values: Mapping[str, object]) -> None:
        """The machine's signals have these raw values from now on, all of one instant."""
        now = self.clock.now().replace(tzinfo=None)
        for signal, value in values.items():
            content = variant(self.profile.signals[signal], value)
            await self._nodes[signal].write_value(ua.DataValue(content, SourceTimestamp=now, ServerTimestamp=now))
