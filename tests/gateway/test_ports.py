"""Free ports: different ones, bindable, and out of the way of outgoing connections."""

import socket
from itertools import islice
from pathlib import Path

from gateway.ports import FROM, LOOPBACK, TO, bindable, free_port, free_ports

RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


def test_they_are_different_free_and_below_what_connections_get() -> None:
    found = list(islice(free_ports(), 50))
    assert len(set(found)) == 50
    assert all(FROM <= port <= TO and bindable(port) for port in found)
    if RANGE.exists():
        assert int(RANGE.read_text().split()[0]) > TO


def test_one_that_is_taken_is_not_free() -> None:
    with socket.socket() as taken:
        taken.bind((LOOPBACK, free_port()))
        taken.listen()
        assert not bindable(taken.getsockname()[1])
