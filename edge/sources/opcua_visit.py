"""A first visit to a server: what it offers and which certificate it shows, before anybody trusts it."""

from dataclasses import dataclass

from asyncua.client.client import Client

from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_offer import MODES, POLICIES, URI, Level
from edge.sources.opcua_problems import explain
from edge.sources.opcua_session import LOST, quiet_library
from edge.sources.opcua_trust import split
from gateway.errors import UsageError


class NotReached(UsageError):
    """The server could not be asked; the message says why and what to do."""

    code = "opcua.not_reached"


@dataclass(frozen=True, slots=True)
class Visit:
    """`levels`: the offers that we could take, the best first; `others`: policies that we do not speak, or no more."""

    name: str
    uri: str
    certificate: bytes | None
    levels: tuple[Level, ...]
    others: tuple[str, ...]
    users: tuple[str, ...]


async def visit(url: str, timeout_s: float = 10.0) -> Visit:
    """Ask a server what it offers. Raises NotReached."""
    quiet_library()
    endpoint = OpcUaEndpoint(url=url, timeout_s=timeout_s)
    try:
        offered = await Client(url, timeout=timeout_s).connect_and_get_server_endpoints()
    except LOST as error:
        raise NotReached(explain(error, endpoint)) from error
    shown = next((bytes(each.ServerCertificate) for each in offered if each.ServerCertificate), None)
    named = [(each.SecurityPolicyUri.removeprefix(URI), str(each.SecurityMode.name).rstrip("_")) for each in offered]
    levels = {Level(policy, mode) for policy, mode in named if policy in POLICIES and mode in MODES}
    users = {str(token.TokenType.name) for each in offered for token in each.UserIdentityTokens or ()}
    first = offered[0].Server if offered else None
    return Visit(
        name=str(first.ApplicationName.Text or "") if first else "",
        uri=str(first.ApplicationUri or "") if first else "",
        certificate=split(shown)[0] if shown else None,
        levels=tuple(sorted(levels, key=lambda level: level.rank, reverse=True)),
        others=tuple(sorted({policy for policy, _ in named if policy not in POLICIES})),
        users=tuple(sorted(users)),
    )
