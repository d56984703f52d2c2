"""Hosts with real cables between them: network namespaces for the plant, its door, and the world outside (ours)."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from random import SystemRandom

from absent import absent_peer

PROBE = """
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), 3).close()
except OSError as error:
    sys.exit(f"{error.strerror}")
"""


@dataclass(frozen=True)
class Hosts:
    """`plant` and `door` are namespaces; the door has a leg in each of two networks, and forwards nothing.

    `inside` is the plant host's address, `outside` ours on the door's other cable.
    """

    plant: str
    door: str
    inside: str
    outside: str
    cable: str

    def on(self, host: str) -> tuple[str, ...]:
        """What makes a command run on that host."""
        return ("ip", "netns", "exec", host)

    def reaches(self, host: str, address: str, port: int) -> str:
        """Empty if a connection from the host comes about, else why not."""
        probe = (*self.on(host), sys.executable, "-c", PROBE, address, str(port))
        return subprocess.run(probe, capture_output=True, text=True, check=False).stderr.strip()

    def cut(self) -> None:
        """Pull the cable between the door and the world."""
        _ip("link", "set", self.cable, "down")

    def plug(self) -> None:
        _ip("link", "set", self.cable, "up")


@contextmanager
def hosts_apart() -> Iterator[Hosts]:
    """Three hosts, gone again at the end. Ends the test where this machine has no network namespaces for us."""
    tag = f"{os.getpid() % 10000:04d}"
    net = f"10.{SystemRandom().randrange(128, 250)}.{SystemRandom().randrange(1, 250)}"
    plant, door = f"tsp{tag}", f"tsd{tag}"
    made = [name for name in (plant, door) if shutil.which("ip") and _ip("netns", "add", name)]
    try:
        if len(made) < 2 or not _wired(plant, door, net, tag):
            absent_peer("network namespaces (iproute2, and root or CAP_NET_ADMIN)")
        yield Hosts(plant, door, f"{net}.1", f"{net}.6", f"tsw{tag}")
    finally:
        for name in made:
            _ip("netns", "del", name)


def _wired(plant: str, door: str, net: str, tag: str) -> bool:
    """plant .1 ─ .2 door .5 ─ .6 world, as two networks of four addresses."""
    return all(
        _ip(*step.split())
        for step in (
            f"link add tsa{tag} netns {plant} type veth peer name tsb{tag} netns {door}",
            f"link add tsw{tag} type veth peer name tsc{tag} netns {door}",
            f"-n {plant} addr add {net}.1/30 dev tsa{tag}",
            f"-n {door} addr add {net}.2/30 dev tsb{tag}",
            f"-n {door} addr add {net}.5/30 dev tsc{tag}",
            f"addr add {net}.6/30 dev tsw{tag}",
            f"-n {plant} link set lo up",
            f"-n {door} link set lo up",
            f"-n {plant} link set tsa{tag} up",
            f"-n {door} link set tsb{tag} up",
            f"-n {door} link set tsc{tag} up",
            f"link set tsw{tag} up",
        )
    )


def _ip(*arguments: str) -> bool:
    return subprocess.run(("ip", *arguments), capture_output=True, check=False).returncode == 0
