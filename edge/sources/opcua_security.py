"""Who we are to an OPC UA server (a certificate of our own), and how we make sure who it is (a pinned certificate)."""

import hashlib
import socket
from dataclasses import dataclass
from pathlib import Path

from asyncua import ua
from asyncua.client.client import Client
from asyncua.crypto import cert_gen, uacrypto
from asyncua.crypto.security_policies import SecurityPolicyBasic256Sha256
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from edge.sources.opcua_endpoint import OpcUaEndpoint
from gateway.errors import UsageError

CERTIFICATE = "certificate.der"
KEY = "key.pem"
TEN_YEARS = 3650
"""Days. A certificate that a machine builder accepted by hand must not lapse after one year."""


class ServerUntrusted(UsageError):
    """The server's certificate is not the pinned one, or there is no pin."""

    code = "opcua.server_untrusted"


@dataclass(frozen=True, slots=True)
class Identity:
    """This agent's application certificate. `uri` is read from it, so that the two can never disagree.

    A server answers a difference with BadCertificateUriInvalid (OPC 10000-4, 6.1.3).
    """

    certificate: Path
    key: Path
    uri: str


def own_identity(folder: Path) -> Identity:
    """The identity kept in `folder`; made there if it holds none. Raises UsageError for one that cannot be used."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    if certificate.exists() != key.exists():
        msg = f"{folder}: {CERTIFICATE} and {KEY} belong together; add the missing one, or remove both to make new ones"
        raise UsageError(msg)
    if not certificate.exists():
        _make_identity(certificate, key)
    return Identity(certificate, key, _application_uri(certificate))


def _make_identity(certificate: Path, key: Path) -> None:
    host = socket.gethostname()
    names: list[x509.GeneralName] = [
        x509.UniformResourceIdentifier(f"urn:{host}:thirdshift:edge"),
        x509.DNSName(host),
    ]
    secret = cert_gen.generate_private_key()
    made = cert_gen.generate_self_signed_app_certificate(
        secret, "Thirdshift edge", {}, names, [ExtendedKeyUsageOID.CLIENT_AUTH], days=TEN_YEARS
    )
    key.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    key.touch(mode=0o600)
    key.write_bytes(cert_gen.dump_private_key_as_pem(secret))
    certificate.write_bytes(made.public_bytes(Encoding.DER))


def _application_uri(path: Path) -> str:
    try:
        names = _load(path.read_bytes()).extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return str(names.get_values_for_type(x509.UniformResourceIdentifier)[0])
    except (ValueError, x509.ExtensionNotFound, IndexError) as error:
        msg = f"{path} is no application certificate: it needs its application URI as a subject alternative name"
        raise UsageError(msg) from error


def _load(content: bytes) -> x509.Certificate:
    if content.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def fingerprint(der: bytes) -> str:
    """SHA-256 of a certificate, written as a pin: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(der).hexdigest()


def pinned(pin: str) -> str:
    """The fingerprint that a pin means: itself, or that of the certificate file it names. Raises UsageError."""
    if pin.lower().startswith("sha256:"):
        return "sha256:" + pin[len("sha256:") :].lower().replace(":", "").replace(" ", "")
    try:
        return fingerprint(_load(Path(pin).read_bytes()).public_bytes(Encoding.DER))
    except (OSError, ValueError) as error:
        msg = f"server_certificate {pin!r} is neither `sha256:…` nor a readable certificate (DER or PEM)"
        raise UsageError(msg) from error


async def secure(client: Client, endpoint: OpcUaEndpoint) -> None:
    """Prepare an unconnected client as the endpoint asks. Raises ServerUntrusted, UsageError, or what the network does.

    The library alone would take whatever certificate the server sends; the pin is compared before a channel is opened.
    """
    if endpoint.security == "none" or endpoint.identity is None:
        return
    identity = own_identity(endpoint.identity)
    client.application_uri = identity.uri
    offered = await client.connect_and_get_server_endpoints()
    server = _server_certificate(offered, endpoint)
    if not endpoint.server_certificate or pinned(endpoint.server_certificate) != fingerprint(server):
        raise ServerUntrusted(_untrusted(endpoint, fingerprint(server)))
    await client.set_security(
        SecurityPolicyBasic256Sha256,
        str(identity.certificate),
        str(identity.key),
        server_certificate=uacrypto.CertProperties(server, extension="der"),
        mode=ua.MessageSecurityMode.SignAndEncrypt,
    )


def _server_certificate(offered: list[ua.EndpointDescription], endpoint: OpcUaEndpoint) -> bytes:
    """The certificate of the wanted endpoint, without the chain that some servers append."""
    for one in offered:
        if (one.SecurityMode, one.SecurityPolicyUri) == (
            ua.MessageSecurityMode.SignAndEncrypt,
            SecurityPolicyBasic256Sha256.URI,
        ):
            content = bytes(one.ServerCertificate)
            return content[: int.from_bytes(content[2:4], "big") + 4]
    have = sorted({f"{one.SecurityPolicyUri.rpartition('#')[2]} {one.SecurityMode.name}" for one in offered})
    msg = f"{endpoint.url} has no Basic256Sha256 SignAndEncrypt, only {', '.join(have)}; mend `security` or the server"
    raise UsageError(msg)


def _untrusted(endpoint: OpcUaEndpoint, found: str) -> str:
    if endpoint.server_certificate:
        why = f"shows another certificate ({found}) than the pinned one"
    else:
        why = f"is not pinned; its certificate is {found}"
    return f"{endpoint.url} {why}; compare it with the machine's own, then set `server_certificate: {found}`"
