"""Prepares a client for what its endpoint asks: which offer of security to take, whom to trust, who signs in."""

from datetime import datetime
from pathlib import Path

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import uacrypto
from asyncua.crypto.security_policies import (
    SecurityPolicy,
    SecurityPolicyAes128Sha256RsaOaep,
    SecurityPolicyAes256Sha256RsaPss,
    SecurityPolicyBasic256Sha256,
)
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_pem_private_key

from edge.sources import opcua_memory as memory
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_identity import own_identity
from edge.sources.opcua_offer import PLAIN, Level, Unacceptable, choose
from edge.sources.opcua_pki import read
from edge.sources.opcua_trust import judge
from gateway.errors import UsageError

_POLICIES: dict[str, type[SecurityPolicy]] = {
    "Basic256Sha256": SecurityPolicyBasic256Sha256,
    "Aes128_Sha256_RsaOaep": SecurityPolicyAes128Sha256RsaOaep,
    "Aes256_Sha256_RsaPss": SecurityPolicyAes256Sha256RsaPss,
}
_MODES = {"None": "None_", "Sign": "Sign", "SignAndEncrypt": "SignAndEncrypt"}


class SecurityUnacceptable(UsageError):
    """The server offers nothing that we may take."""

    code = "opcua.security"


async def secure(client: Client, endpoint: OpcUaEndpoint, now: datetime) -> Level:
    """Prepare an unconnected client as the endpoint asks, and say how its channel will be secured. `now` is real time.

    The library alone would take whatever certificate the server sends; here it is judged before a channel is opened.
    Raises SecurityUnacceptable, ServerUntrusted, UsageError, or what the network does.
    """
    if endpoint.security == "none":
        return PLAIN
    offered = await client.connect_and_get_server_endpoints()
    level = _choose(offered, endpoint)
    if not level.secure:
        return level
    identity = own_identity(endpoint.identity, now)
    client.application_uri = identity.uri
    server = judge(_certificate(offered, level), endpoint, now)
    await client.set_security(
        _POLICIES[level.policy],
        str(identity.certificate),
        str(identity.key),
        server_certificate=uacrypto.CertProperties(server, extension="der"),
        mode=ua.MessageSecurityMode[_MODES[level.mode]],
    )
    return level


def _choose(offered: list[ua.EndpointDescription], endpoint: OpcUaEndpoint) -> Level:
    names = [_named(each) for each in offered]
    before = memory.recall(endpoint.identity, endpoint.url)
    found = choose(names, endpoint.security, before, with_user=endpoint.with_user)
    if isinstance(found, Unacceptable):
        msg = f"{endpoint.url} {found.why}"
        raise SecurityUnacceptable(msg)
    return found


def _named(offer: ua.EndpointDescription) -> tuple[str, str]:
    """Policy URI and mode of one offer."""
    return str(offer.SecurityPolicyUri), str(offer.SecurityMode.name).rstrip("_")


def _certificate(offered: list[ua.EndpointDescription], level: Level) -> bytes:
    return next(
        (bytes(each.ServerCertificate or b"") for each in offered if _named(each) == (_uri(level), level.mode)), b""
    )


def _uri(level: Level) -> str:
    return str(_POLICIES[level.policy].URI)


def user_certificate(client: Client, endpoint: OpcUaEndpoint) -> x509.Certificate | None:
    """The user's own certificate, its key handed to the client; None for other kinds of user. Raises UsageError."""
    if endpoint.user_certificate is None or endpoint.user_key is None:
        return None
    certificate = read(endpoint.user_certificate)
    client.user_private_key = _key(endpoint.user_key)
    if client.user_private_key.public_key() != certificate.public_key():
        msg = f"`user_key` {endpoint.user_key} is not the key of `user_certificate` {endpoint.user_certificate}"
        raise UsageError(msg)
    return certificate


def _key(path: Path) -> object:
    try:
        content = path.read_bytes()
        pem = content.lstrip().startswith(b"-----BEGIN")
        return load_pem_private_key(content, None) if pem else load_der_private_key(content, None)
    except OSError as error:
        msg = f"user_key: {path}: {error.strerror}; check the path and its permissions"
        raise UsageError(msg) from error
    except (ValueError, TypeError) as error:
        msg = f"user_key: {path} is no private key without a password; it must be PEM or DER"
        raise UsageError(msg) from error
