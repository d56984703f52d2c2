"""Loopback ports that nobody has now, and that no connection will be given a moment later."""

import random
import socket
from collections.abc import Iterator

LOOPBACK = "127.0.0.1"
FROM, TO = 10_240, 32_767
"""Below the range from which Linux gives ports to outgoing connections (ip_local_port_range, from 32768 on): a server
that starts a second after its port was found would sometimes find a connection on it.
"""
TRIES = 200


def free_port() -> int:
    """A port that can be bound now. By chance from a wide range, so that two who ask at once seldom get the same."""
    return next(free_ports())


def free_ports() -> Iterator[int]:
    """Different ones, for as long as one asks."""
    told: set[int] = set()
    for _ in range(TRIES):
        port = random.randint(FROM, TO)  # noqa: S311 - no secret
        if port not in told and bindable(port):
            told.add(port)
            yield port
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        yield int(probe.getsockname()[1])


def bindable(port: int, host: str = LOOPBACK) -> bool:
    """Whether a server could have it now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
