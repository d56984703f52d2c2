"""The shipped fake, for `test_every_source`."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from edge.sources.fake import FakeSource
from gateway.clock import Clock


class Fake:
    machine, signal, stamped, losable = "M1", "value", True, True

    def __init__(self) -> None:
        self.source = FakeSource(self.machine, Clock())

    async def say(self, value: int) -> None:
        self.source.say(self.signal, value)

    async def lose(self) -> None:
        self.source.lose()

    async def find(self) -> None:
        self.source.find()


@asynccontextmanager
async def harness() -> AsyncIterator[Fake]:
    yield Fake()
