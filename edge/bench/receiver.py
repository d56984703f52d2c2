"""`python -m edge.bench.receiver SPEC.json`: the far end of the link; stores durably, and only then acknowledges."""

import asyncio
import json
import sys
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

from gateway.clock import Clock
from gateway.courier import Intake
from gateway.link import Accept, Adopted, Keyring, Lane
from gateway.messages import Telemetry, decode_up
from gateway.mqtt import MqttClient, MqttSettings
from gateway.outbox import Outbox, Transaction
from gateway.supervisor import Process

KEY = b"k" * 32
KEY_ID = "k1"
AGENT = "bench"
RENEWED = 0.1


@dataclass(frozen=True, slots=True)
class Receiver:
    """Which broker, and where what arrived is kept. `told`: a JSON of counts, renewed many times a second.

    `watch`: a signal of which every value is told, with its stamp (UNIX s).
    """

    broker: int
    store: str
    told: str
    watch: str = ""

    def process(self, folder: Path) -> Process:
        path = folder / "receiver.json"
        path.write_text(json.dumps(asdict(self)))
        return Process.module("receiver", "edge.bench.receiver", str(path))


@dataclass
class Store:
    """What came in: counted, and the payloads of a packet kept in the transaction that moves the position."""

    watch: str = ""
    values: int = 0
    kinds: Counter[str] = field(default_factory=Counter)
    size: int = 0
    lost: int = 0
    seen: list[tuple[float, object]] = field(default_factory=list)

    def __call__(self, tx: Transaction, decision: Accept | Adopted) -> None:
        for entry in decision.entries:
            if entry.payload is None:
                self.lost += entry.last - entry.seq + 1
                continue
            message = decode_up(entry.payload)
            self.kinds[message.kind] += 1
            if isinstance(message, Telemetry):
                self.values += message.size
                self.size += len(entry.payload)
                self._watch(message)
                tx.put("received", "latest", entry.payload)

    def _watch(self, message: Telemetry) -> None:
        for column in message.columns if self.watch else ():
            if column.signal == self.watch:
                self.seen += zip((at / 1e6 for at in column.times(message.base)), column.exact(), strict=True)


def _write(path: Path, text: str) -> None:
    """Whole or not at all."""
    draft = path.with_suffix(".new")
    draft.write_text(text)
    draft.replace(path)


async def run(receiver: Receiver) -> None:
    """Until cancelled."""
    clock, store = Clock(), Store(receiver.watch)
    lane = Lane(Keyring({KEY_ID: KEY}, KEY_ID), AGENT, "up")
    Path(receiver.store).parent.mkdir(parents=True, exist_ok=True)
    with Outbox(Path(receiver.store), now=clock.now) as outbox:
        async with MqttClient(MqttSettings("127.0.0.1", receiver.broker, "bench-receiver")) as client:
            intake = asyncio.create_task(Intake(client, outbox, lane, store, clock.now).run())
            while not intake.done():
                counts = {
                    "values": store.values,
                    "size": store.size,
                    "lost": store.lost,
                    "seen": store.seen,
                    "at": time.time(),
                }
                await asyncio.to_thread(_write, Path(receiver.told), json.dumps(counts | {"kinds": store.kinds}))
                await asyncio.sleep(RENEWED)
            intake.result()


if __name__ == "__main__":
    asyncio.run(run(Receiver(**json.loads(Path(sys.argv[1]).read_text()))))
