"""The MQTT broker of a single machine: amqtt in a process of its own, on loopback, ending with its parent."""

import argparse
import asyncio
import logging
import os
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from amqtt.broker import Broker

from gateway.ports import free_port

LOOPBACK = "127.0.0.1"
PARENT_CHECK_S = 0.5
READY = "mqtt ready on"


def configuration(port: int) -> dict[str, object]:
    """Anonymous, because nothing beyond loopback reaches it and the post trusts no broker: each envelope is signed."""
    return {
        "listeners": {"default": {"type": "tcp", "bind": f"{LOOPBACK}:{port}"}},
        "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
    }


async def serve(port: int, *, parent: int | None = None) -> None:
    """Run until SIGTERM or SIGINT, or until `parent` is no longer our parent process; says when it is up."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, over.set)
    broker = Broker(configuration(port))
    await broker.start()
    sys.stdout.write(f"{READY} {LOOPBACK}:{port}\n")
    sys.stdout.flush()
    try:
        await _until(over, parent)
    finally:
        await broker.shutdown()


async def _until(over: asyncio.Event, parent: int | None) -> None:
    while not over.is_set() and (parent is None or os.getppid() == parent):
        with suppress(TimeoutError):
            await asyncio.wait_for(over.wait(), PARENT_CHECK_S if parent else None)


def main(arguments: Sequence[str] | None = None) -> None:
    """`python -m cloud.embedded.broker --port 1883`; port 0 takes a free one and names it on its ready line."""
    parser = argparse.ArgumentParser(prog="cloud.embedded.broker", description=__doc__)
    parser.add_argument("--port", type=int, default=1883)
    parser.add_argument("--parent", type=int, help="process id to end with")
    options = parser.parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.ERROR, format="%(name)s: %(message)s")
    asyncio.run(serve(options.port or free_port(), parent=options.parent))


if __name__ == "__main__":
    main()
