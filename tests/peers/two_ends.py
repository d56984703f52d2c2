"""The two ends of the post in memory, for tests that put something real between them."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from gateway.courier import Courier, arrivals
from gateway.link import STREAMS, Keyring, Lane, Loss, MemoryJournal, Position, Refusal, Sender, read, receive, reply
from gateway.link.journal import Entry
from gateway.messages import Stream
from gateway.mqtt import MqttClient
from gateway.topics import Channel, Topic

KEY = b"a secret of thirty-two bytes....."
AGENT = "edge-1"


def lane(leg: Any = "up", key: bytes = KEY) -> Lane:
    return Lane(Keyring({"k1": key}, "k1"), AGENT, leg)


@dataclass
class Registry:
    """The receiving side as the cloud has it, with its store in memory."""

    entries: list[tuple[Stream, Entry]] = field(default_factory=list)
    losses: list[Loss] = field(default_factory=list)
    positions: dict[Stream, Position] = field(default_factory=lambda: dict.fromkeys(STREAMS, Position()))

    async def run(self, client: MqttClient) -> None:
        async for agent, raw in arrivals(client, Channel.UP):
            packet = read(lane(), raw)
            assert not isinstance(packet, Refusal)
            decision = receive(self.positions[packet.stream], packet, b"boot")
            if decision.commits:
                self.positions[packet.stream] = decision.position
                self.entries += [(packet.stream, entry) for entry in decision.entries]  # type: ignore[union-attr]
                self.losses += decision.losses  # type: ignore[union-attr]
            client.publish(str(Topic(agent, Channel.UP_ACK)), reply(lane(), decision, datetime.now(UTC)))

    def said(self, stream: Stream) -> list[bytes | str | None]:
        """Payloads in order, and the reasons of those that stayed in."""
        return [entry.payload or entry.reason for of, entry in self.entries if of is stream]


@dataclass
class Agent:
    """The sending side as the edge has it, with its journal in memory."""

    journal: MemoryJournal = field(default_factory=lambda: MemoryJournal(Random(1)))

    def courier(self, client: MqttClient, key: bytes = KEY) -> Courier:
        return Courier(Sender(self.journal, lane(key=key), Random(1)), client, lane(key=key), lambda _: None)

    @property
    def drained(self) -> bool:
        return all(epoch.drained for stream in STREAMS for epoch in self.journal.held(stream))


@contextlib.asynccontextmanager
async def tasks(*works: Any) -> AsyncIterator[None]:
    """Run for the length of the block; if one fails, so does the block."""
    running = [asyncio.ensure_future(work) for work in works]
    try:
        yield
        for task in running:
            if task.done():
                task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
