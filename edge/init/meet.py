"""Meets a machine's OPC UA server on the way to its first config: what it is, or why it cannot be said yet."""

import asyncio
import shlex
from dataclasses import dataclass

from cryptography import x509

from edge.browse.look import recognised
from edge.browse.recognise import Machine
from edge.browse.walk import Bounds, NotWalked, walk
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_trust import ServerUntrusted


@dataclass(frozen=True, slots=True)
class Met:
    """`machines`: what was recognised; `security`: how the session was secured; `problem`: why nothing was.

    `stranger`: the server's certificate, if all that is missing is somebody to trust it.
    """

    machines: tuple[Machine, ...] = ()
    security: str = ""
    problem: str | None = None
    stranger: x509.Certificate | None = None


def meet(endpoint: OpcUaEndpoint) -> Met:
    """Look around on the server, for some seconds at most."""
    try:
        tree = asyncio.run(walk(endpoint, bounds=Bounds(depth=8, nodes=5000)))
    except NotWalked as error:
        cause = error.__cause__
        return Met(problem=str(error), stranger=cause.unknown if isinstance(cause, ServerUntrusted) else None)
    return Met(tuple(recognised(tree, ())), tree.security)


def drawing(url: str, machine: str, name: str) -> str:
    """The command that draws a profile of a machine that none fits."""
    return (
        f"thirdshift edge browse {shlex.quote(url)} --machine {shlex.quote(machine)} "
        f"--draft {shlex.quote(name)} --write profiles"
    )
