"""One simulated machine behind a real OPC UA server: its state, its counter, and the jobs that it is given."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from asyncua import Server, ua

from edge.orders.job import NO_ERROR, JobState, Move
from edge.simulate.address_space import new_server
from edge.simulate.isa95_nodes import add_job_control
from edge.simulate.job_desk import Accept, JobDesk, Notice, write
from edge.simulate.machinery_nodes import ITEM_STATE, MODE, MachineNodes, add_machine, root
from gateway.clock import Clock
from gateway.machine import ItemState, OperationMode

NAMEPLATE = {"Manufacturer": "Thirdshift", "Model": "Simulated"}


@dataclass
class MachineServer:
    """One machine on one loopback port (0: any free one). All stamps are business time.

    Whoever plays the machine sets `on_store` (False refuses the order), `on_start`, `on_stop` and `on_abort` (they get
    the job's id), and answers with `run_job`, `count_job` and `end_job`.
    """

    name: str
    clock: Clock
    port: int = 0
    nameplate: Mapping[str, str] = field(default_factory=dict)
    desk: JobDesk = field(init=False)
    _server: Server | None = field(default=None, init=False)
    _nodes: MachineNodes | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        self.desk = JobDesk(self.clock)

    def listen(
        self,
        *,
        on_store: Accept | None = None,
        on_start: Notice | None = None,
        on_stop: Notice | None = None,
        on_abort: Notice | None = None,
    ) -> None:
        """Say who plays the machine; what is None stays as it is."""
        self.desk.on_store = on_store or self.desk.on_store
        self.desk.on_start = on_start or self.desk.on_start
        self.desk.on_stop = on_stop or self.desk.on_stop
        self.desk.on_abort = on_abort or self.desk.on_abort

    @property
    def root(self) -> str:
        """The address that a config gives as the machine's `root`."""
        return root(self.name)

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    async def start(self) -> None:
        """Listen, with the machine NotAvailable and without jobs."""
        server = await new_server(self.url, self.name)
        self._nodes = await add_machine(
            server, self.name, NAMEPLATE | {"SerialNumber": self.name} | dict(self.nameplate)
        )
        self.desk.nodes = await add_job_control(
            server, self._nodes.blocks, self.desk.commands(), self.desk.respond, self.desk.limit
        )
        await self.set_state(ItemState.NOT_AVAILABLE, OperationMode.NONE)
        await server.start()
        self._server = server
        self.port = server.bserver.port

    async def stop(self) -> None:
        server, self._server = self._server, None
        if server is not None:
            await server.stop()

    async def set_state(self, state: ItemState, mode: OperationMode | None = None) -> None:
        """MachineryItemState and, if given, MachineryOperationMode (first, so that no wrong pair is ever seen long)."""
        nodes = self._found()
        if mode is not None:
            await self._show(nodes.mode_number, ua.Variant(MODE[mode], ua.VariantType.UInt32))
            await self._show(nodes.mode, ua.Variant(ua.LocalizedText(mode.value, "en")))
        await self._show(nodes.state_number, ua.Variant(ITEM_STATE[state], ua.VariantType.UInt32))
        await self._show(nodes.state, ua.Variant(ua.LocalizedText(state.value, "en")))

    async def set_counter(self, parts: int) -> None:
        await self._show(self._found().counter, ua.Variant(parts, ua.VariantType.UInt32))

    async def run_job(self, job_id: str) -> bool:
        """The machine begins a job that may start; False if it may not."""
        return await self.desk.move(job_id, Move.RUN) == NO_ERROR

    def count_job(self, job_id: str, good: int) -> None:
        """Pieces made well so far; a job that is gone is ignored."""
        job = self.desk.held.jobs.get(job_id)
        if job is not None:
            job.good = good

    async def end_job(self, job_id: str, good: int) -> bool:
        """The machine is done with it; False if it was not running."""
        self.count_job(job_id, good)
        return await self.desk.move(job_id, Move.FINISH) == NO_ERROR

    def state_of(self, job_id: str) -> JobState | None:
        job = self.desk.held.jobs.get(job_id)
        return job.state if job else None

    def _found(self) -> MachineNodes:
        if self._nodes is None:
            msg = f"{self.name} is not started"
            raise RuntimeError(msg)
        return self._nodes

    async def _show(self, node: object, value: ua.Variant) -> None:
        await write(node, value, self.clock)
