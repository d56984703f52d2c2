"""Where a webhook may go: to public addresses only, and to the very one that was looked at."""

import asyncio
import ipaddress
import socket
from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from cloud.errors import CloudError

Resolve = Callable[[str, int], Awaitable[list[str]]]
"""The addresses of a host."""


class Forbidden(CloudError):
    """The address may not be sent to, or has no name that is known."""

    code = "webhook.forbidden"


async def resolve(host: str, port: int) -> list[str]:
    """By the system's resolver."""
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        msg = f"the host {host} is not known ({error.strerror or error})"
        raise Forbidden(msg) from error
    return [str(address[0]) for *_, address in found]


async def allowed(url: str, resolver: Resolve = resolve, *, private: bool = False) -> tuple[str, int, str]:
    """Scheme and host are good: the address to connect to, the port, and the host's own name. Raises Forbidden.

    Every address of the host has to be public, or whoever answers for its name could let us in by turns. `private` lets
    all through, and plain http: for a network of one's own.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https" and not private:
        msg = "webhooks go to https addresses only"
        raise Forbidden(msg)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    addresses = await resolver(host, port)
    inside = [address for address in addresses if not _public(address)]
    if not addresses or (inside and not private):
        msg = f"{host} is {inside[0] if inside else 'nowhere'}, which is not a public address"
        raise Forbidden(msg)
    return addresses[0], port, host


_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is given out to the world. What lies outside has a meaning of its own to some router or translator:
NAT64 (RFC 6052, 8215), addresses that hold an IPv4 one, the old site-local ones."""


def _public(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None) or getattr(found, "sixtofour", None)
    if mapped is None and found.version == 6 and found not in _UNICAST:
        return False
    return (mapped or found).is_global and not found.is_multicast
