"""What settings say of strangers: which addresses may be asked, and where the people of a domain belong."""

import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from cloud.accounts.roles import Role


@dataclass(frozen=True, slots=True)
class Home:
    """Where the people of a domain belong, and as what they come."""

    enterprise_id: str
    role: Role


def homes(text: str) -> Mapping[str, Home]:
    """By domain: `example.com=ent_…:viewer, …`. Raises ValueError where it is not of that form."""
    found: dict[str, Home] = {}
    for each in filter(None, (part.strip() for part in text.split(","))):
        domain, _, rest = each.partition("=")
        enterprise, _, role = rest.partition(":")
        if not domain or not enterprise.startswith("ent_") or role not in set(Role):
            msg = f"{each!r} is not of the form example.com=ent_…:viewer"
            raise ValueError(msg)
        found[domain.strip().casefold()] = Home(enterprise, Role(role))
    return found


def trusted(url: str) -> str:
    """The address itself. Raises ValueError unless it is https, or on this machine, without user, query or fragment."""
    parts = urlsplit(url)
    if parts.username or parts.query or parts.fragment or not parts.hostname:
        msg = "an address of host and path alone is needed"
        raise ValueError(msg)
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback(parts.hostname)):
        msg = "https is needed, where the address is not this machine's own"
        raise ValueError(msg)
    return url


def loopback(host: str) -> bool:
    """Can only this machine reach that address?"""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
