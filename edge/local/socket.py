"""The socket in the agent's data folder, which only the agent's own user may open: both of its ends."""

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAME = "agent.sock"


@contextmanager
def _reachable(folder: Path) -> Iterator[str]:
    """A path of the socket that is short enough for the system, however deep the folder is."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{handle}/{NAME}"
    finally:
        os.close(handle)


def listening(folder: Path) -> socket.socket:
    """A listening socket for our user alone; one that a killed agent left behind is replaced. Raises OSError."""
    (folder / NAME).unlink(missing_ok=True)
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    mask = os.umask(0o177)
    try:
        with _reachable(folder) as path:
            found.bind(path)
        found.listen(16)
    except OSError:
        found.close()
        raise
    finally:
        os.umask(mask)
    found.setblocking(False)
    return found


def connected(folder: Path, patience: float) -> socket.socket:
    """A connection to the agent that runs with this folder. Raises OSError where there is none."""
    found = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    found.settimeout(patience)
    try:
        with _reachable(folder) as path:
            found.connect(path)
    except OSError:
        found.close()
        raise
    return found


def loopback(port: int) -> socket.socket:
    """A listening socket on 127.0.0.1. Raises OSError where the port is taken."""
    found = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        found.bind(("127.0.0.1", port))
        found.listen(16)
    except OSError:
        found.close()
        raise
    found.setblocking(False)
    return found
