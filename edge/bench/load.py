"""`python -m edge.bench.load SPEC.json`: an OPC UA server whose values all change ten times a second, as load."""

import asyncio
import json
import logging
import math
import sys
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from asyncua import Server, ua
from asyncua.crypto.cert_gen import setup_self_signed_certificate
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.simulate.address_space import SharedInternalServer
from gateway.supervisor import Process

NAMESPACE = "urn:thirdshift:bench"
APPLICATION = "urn:thirdshift:bench:load"
SLICES = 20
"""Parts of a round that are written one after another, so that the load is a stream and not a stroke."""


@dataclass(frozen=True, slots=True)
class Load:
    """`machines` folders with `signals` numbers each, which change `rate` times a second, and one state each.

    `identity`: where certificate and key are, None for a server without security. `toggles`: seconds between two
    changes of the first machine's state, None for none.
    """

    port: int
    ready: str
    machines: int = 1
    signals: int = 1000
    rate: float = 10.0
    identity: str | None = None
    toggles: float | None = None

    @property
    def url(self) -> str:
        return f"opc.tcp://127.0.0.1:{self.port}"

    def process(self, folder: Path) -> Process:
        """This load as a process that is ready once it listens."""
        path = folder / "load.json"
        path.write_text(json.dumps(asdict(self)))
        Path(self.ready).unlink(missing_ok=True)

        async def ready() -> bool:
            return await asyncio.to_thread(Path(self.ready).exists)

        return Process.module("load", "edge.bench.load", str(path), ready=ready)


def signal_name(number: int) -> str:
    return f"v{number:04d}"


def machine_name(number: int) -> str:
    return f"M{number:03d}"


async def serve(load: Load) -> None:
    """Until cancelled; `ready` holds how many values were written so far, every second."""
    logging.getLogger("asyncua").setLevel(logging.CRITICAL)
    server = Server(iserver=SharedInternalServer())
    await server.init()
    server.set_endpoint(load.url)
    await _secure(server, load)
    space = await server.register_namespace(NAMESPACE)
    nodes = await _nodes(server, load, space)
    async with server:
        await asyncio.to_thread(_tell, load, 0)
        async with asyncio.TaskGroup() as group:
            group.create_task(_change(server, nodes, load))
            if load.toggles is not None:
                group.create_task(_toggle(server, ua.NodeId(f"{machine_name(0)}.state", space), load.toggles))


async def _toggle(server: Server, node: ua.NodeId, every: float) -> None:
    state = 0
    while True:
        state = 1 - state
        value = ua.DataValue(ua.Variant(state, ua.VariantType.UInt32), SourceTimestamp=datetime.now(UTC))
        await server.write_attribute_value(node, value)
        await asyncio.sleep(every)


def _tell(load: Load, written: int) -> None:
    draft = Path(f"{load.ready}.new")
    draft.write_text(json.dumps({"written": written, "at": time.time()}))
    draft.replace(load.ready)


async def _secure(server: Server, load: Load) -> None:
    if load.identity is None:
        server.set_security_policy([ua.SecurityPolicyType.NoSecurity])
        return
    certificate, key = Path(load.identity) / "server.der", Path(load.identity) / "server.pem"
    await setup_self_signed_certificate(
        key, certificate, APPLICATION, "localhost", [ExtendedKeyUsageOID.SERVER_AUTH], {"commonName": "load"}
    )
    await server.set_application_uri(APPLICATION)
    server.set_security_policy([ua.SecurityPolicyType.Basic256Sha256_SignAndEncrypt])
    await server.load_certificate(str(certificate))
    await server.load_private_key(str(key))


async def _nodes(server: Server, load: Load, space: int) -> list[ua.NodeId]:
    found = []
    for machine in range(load.machines):
        name = machine_name(machine)
        folder = await server.nodes.objects.add_folder(ua.NodeId(name, space), ua.QualifiedName(name, space))
        await folder.add_variable(
            ua.NodeId(f"{name}.state", space), ua.QualifiedName("state", space), ua.Variant(1, ua.VariantType.UInt32)
        )
        for number in range(load.signals):
            node = ua.NodeId(f"{name}.{signal_name(number)}", space)
            await folder.add_variable(node, ua.QualifiedName(signal_name(number), space), 0.0)
            found.append(node)
    return found


async def _change(server: Server, nodes: list[ua.NodeId], load: Load) -> None:
    began, pause, written = time.monotonic(), 1 / (load.rate * SLICES), 0
    parts = [nodes[number::SLICES] for number in range(SLICES)]
    due, told = began, began
    while True:
        for number, part in enumerate(parts):
            now = datetime.now(UTC)
            level = 20.0 + 5.0 * math.sin(due - began + number)
            for at, node in enumerate(part):
                value = ua.Variant(round(level + at * 0.01, 3), ua.VariantType.Double)
                await server.write_attribute_value(node, ua.DataValue(value, SourceTimestamp=now))
            written += len(part)
            due += pause
            await asyncio.sleep(max(0.0, due - time.monotonic()))
        if time.monotonic() - told > 1.0:
            told = time.monotonic()
            await asyncio.to_thread(_tell, load, written)


if __name__ == "__main__":
    asyncio.run(serve(Load(**json.loads(Path(sys.argv[1]).read_text()))))
