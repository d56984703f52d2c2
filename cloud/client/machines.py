"""What is known of an enterprise's machines: states, hours offered, samples."""

from datetime import datetime

from cloud.api.page import Page
from cloud.client.calls import Calls
from cloud.registry.model import Capacity, Machine, States
from cloud.telemetry.wire import Bands, Performance, Rollups, Samples, Signals, Width


class MachineCalls(Calls):
    """The key's own machines."""

    async def machines(self) -> list[Machine]:
        return await self._all(Page[Machine], "/v1/machines")

    async def machine(self, machine_id: str) -> Machine:
        return await self._get(Machine, f"/v1/machines/{machine_id}")

    async def states(
        self, machine_id: str, start: datetime | None = None, end: datetime | None = None, pieces: int | None = None
    ) -> States:
        return await self._get(States, f"/v1/machines/{machine_id}/states", start=start, end=end, pieces=pieces)

    async def capacity(self, machine_id: str, start: datetime | None = None, end: datetime | None = None) -> Capacity:
        return await self._get(Capacity, f"/v1/machines/{machine_id}/capacity", start=start, end=end)

    async def signals(self, machine_id: str) -> Signals:
        return await self._get(Signals, f"/v1/machines/{machine_id}/signals")

    async def samples(self, machine_id: str, signal: str, **window: object) -> Samples:
        return await self._get(Samples, f"/v1/machines/{machine_id}/samples", signal=signal, **window)

    async def rollups(self, machine_id: str, width: Width, **window: object) -> Rollups:
        return await self._get(Rollups, f"/v1/machines/{machine_id}/rollups", width=width, **window)

    async def performance(self, **window: object) -> list[Performance]:
        return await self._all(Page[Performance], "/v1/performance", **window)

    async def bands(self, **window: object) -> list[Bands]:
        return await self._all(Page[Bands], "/v1/bands", **window)
