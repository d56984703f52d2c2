"""Reads those signals that are read again and again instead of being subscribed."""

import asyncio
from datetime import datetime

from asyncua import ua

from edge.reading import Event, Gap
from edge.sources import Emit
from edge.sources.opcua_nodes import attributes
from edge.sources.opcua_reader import Reader
from edge.sources.opcua_session import OpcUaSession
from edge.sources.opcua_signals import Signal, by_machine
from gateway.clock import Clock

REASON = "signals that are polled were not read: a server queues nothing of them"


class Poll:
    """The polled signals of one session, each at its own pace."""

    def __init__(self, session: OpcUaSession, reader: Reader, clock: Clock) -> None:
        self.nodes: dict[Signal, ua.NodeId] = {}
        self._session = session
        self._reader = reader
        self._clock = clock
        self._due: dict[Signal, float] = {}
        self._read: dict[Signal, datetime] = {}

    async def run(self, emit: Emit) -> None:
        """Read what is due, and tell what could not be read meanwhile; ends only by raising one of LOST."""
        loop = asyncio.get_running_loop()
        missed = self._missed(loop.time())
        if missed:
            await emit(missed)
        while True:
            now = loop.time()
            due = [signal for signal in self.nodes if self._due.get(signal, now) <= now]
            if due:
                await emit(await self._look(due))
                self._due.update({signal: now + (signal.ask.poll_s or 1.0) for signal in due})
            await asyncio.sleep(self._wait(loop.time()))

    def _wait(self, now: float) -> float:
        """Seconds to the next signal that is due; new ones are looked for every second."""
        return min(1.0, *(max(0.02, self._due.get(signal, now) - now) for signal in self.nodes), 1.0)

    async def _look(self, due: list[Signal]) -> list[Event]:
        values = await attributes(self._session, [self.nodes[signal] for signal in due])
        await self._reader.learn(values)
        now = self._clock.now()
        self._read.update(dict.fromkeys(due, now))
        return [self._reader.reading(signal, value, now) for signal, value in zip(due, values, strict=True)]

    def _missed(self, at: float) -> list[Event]:
        """A gap for each machine with signals whose turn has passed."""
        late = [signal for signal in self._read if at - self._due.get(signal, at) > (signal.ask.poll_s or 1.0)]
        now = self._clock.now()
        return [
            Gap(
                machine,
                min(self._read[each] for each in signals),
                now,
                REASON,
                tuple(each.name for each in signals),
            )
            for machine, signals in by_machine(late)
        ]
