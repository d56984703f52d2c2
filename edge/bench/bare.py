"""`python -m edge.bench.bare SPEC.json`: the ceiling, a bare asyncua subscription that goes to MQTT in batches of 100.

Nothing is durable, checked, mapped or acknowledged end to end here: it is what the library itself costs.
"""

import asyncio
import json
import logging
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import orjson
from asyncua import Client, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography.x509.oid import ExtendedKeyUsageOID
from paho.mqtt.client import Client as Mqtt
from paho.mqtt.enums import CallbackAPIVersion

from edge.bench.load import NAMESPACE, machine_name, signal_name
from gateway.supervisor import Process

APPLICATION = "urn:thirdshift:bench:bare"
BATCH = 100
CHUNK = 500


@dataclass(frozen=True, slots=True)
class Bare:
    """Which server, how many of its signals, and which broker. `told`: how many values were published so far."""

    url: str
    broker: int
    told: str
    publishing_ms: int
    machines: int = 1
    signals: int = 1000
    identity: str | None = None

    def process(self, folder: Path) -> Process:
        path = folder / "bare.json"
        path.write_text(json.dumps(asdict(self)))
        return Process.module("bare", "edge.bench.bare", str(path))


class Batches:
    """asyncua's handler: gathers values, and publishes a hundred at a time."""

    def __init__(self, mqtt: Mqtt) -> None:
        self.sent = 0
        self._mqtt = mqtt
        self._batch: list[tuple[str, object, float]] = []

    def datachange_notification(self, node: Any, value: object, data: Any) -> None:
        stamp = data.monitored_item.Value.SourceTimestamp
        self._batch.append((node.nodeid.Identifier, value, stamp.timestamp()))
        if len(self._batch) >= BATCH:
            self._mqtt.publish("bench/bare", orjson.dumps(self._batch), qos=1)
            self.sent += len(self._batch)
            self._batch = []


async def run(bare: Bare) -> None:
    """Until cancelled."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    mqtt = Mqtt(CallbackAPIVersion.VERSION2, "bench-bare")
    mqtt.connect("127.0.0.1", bare.broker)
    mqtt.loop_start()
    client = Client(bare.url)
    await _secure(client, bare)
    async with client:
        space = await client.get_namespace_index(NAMESPACE)
        names = [
            f"{machine_name(machine)}.{signal_name(number)}"
            for machine in range(bare.machines)
            for number in range(bare.signals)
        ]
        nodes = [client.get_node(ua.NodeId(name, space)) for name in names]
        batches = Batches(mqtt)
        subscription = await client.create_subscription(bare.publishing_ms, batches)
        for at in range(0, len(nodes), CHUNK):
            await subscription.subscribe_data_change(nodes[at : at + CHUNK], queuesize=100, sampling_interval=0)
        while True:
            await asyncio.sleep(0.5)
            told = json.dumps({"values": batches.sent, "at": time.time()})
            await asyncio.to_thread(Path(bare.told).write_text, told)


async def _secure(client: Client, bare: Bare) -> None:
    if bare.identity is None:
        return
    certificate, key = Path(bare.identity) / "bare.der", Path(bare.identity) / "bare.pem"
    await setup_self_signed_certificate(
        key, certificate, APPLICATION, "localhost", [ExtendedKeyUsageOID.CLIENT_AUTH], {"commonName": "bare"}
    )
    client.application_uri = APPLICATION
    mode = ua.MessageSecurityMode.SignAndEncrypt
    await client.set_security(SecurityPolicyBasic256Sha256, str(certificate), str(key), mode=mode)


if __name__ == "__main__":
    asyncio.run(run(Bare(**json.loads(Path(sys.argv[1]).read_text()))))
