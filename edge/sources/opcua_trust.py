"""Whether the plant trusts a server's certificate: pinned, on the trusted shelf, or signed by an authority that is."""

import shlex
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from urllib.parse import urlsplit

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from edge.sources import opcua_pki as pki
from edge.sources.opcua_endpoint import OpcUaEndpoint
from gateway.errors import UsageError

LONGEST_CHAIN = 5


class ServerUntrusted(UsageError):
    """The server's certificate is not one that the plant trusts; the message says what to do.

    `unknown`: the certificate, where a person could simply trust it.
    """

    code = "opcua.server_untrusted"

    def __init__(self, message: str, unknown: x509.Certificate | None = None) -> None:
        super().__init__(message)
        self.unknown = unknown


def split(chain: bytes) -> list[bytes]:
    """The certificates of a server, its own first: some append those of their authorities (OPC 10000-6, 6.2.6)."""
    found: list[bytes] = []
    while len(chain) > 4 and len(found) < LONGEST_CHAIN:
        size = int.from_bytes(chain[2:4], "big") + 4
        found.append(chain[:size])
        chain = chain[size:]
    return found


def pinned(pin: str) -> str:
    """The fingerprint that a pin means: itself, or that of the certificate file it names. Raises UsageError."""
    if pin.lower().startswith("sha256:"):
        return pki.plain(pin)
    try:
        return pki.fingerprint(pki.der(pki.read(Path(pin))))
    except UsageError as error:
        msg = f"server_certificate {pin!r} is neither `sha256:…` nor a readable certificate (DER or PEM)"
        raise UsageError(msg) from error


def judge(chain: bytes, endpoint: OpcUaEndpoint, now: datetime) -> bytes:
    """The server's own certificate (DER), if it is trusted. Raises ServerUntrusted, UsageError.

    One that nobody knows is kept on the rejected shelf, so that a person can look at it and trust it.
    """
    certificates = _parsed(chain, endpoint)
    server = certificates[0]
    found = pki.fingerprint(pki.der(server))
    if endpoint.server_certificate:
        if pinned(endpoint.server_certificate) != found:
            why = f"shows another certificate ({_shown(server)}) than the pinned one"
            _turn_away(endpoint, server, why, f"set `server_certificate: {found}`")
    elif not _known(certificates, endpoint):
        short = found.removeprefix("sha256:")[:16]
        command = f"thirdshift edge certs trust {short} --pki {shlex.quote(str(endpoint.identity))}"
        _turn_away(endpoint, server, f"is not trusted yet; it shows {_shown(server)}", f"run: {command}")
    _check_time(server, endpoint, now)
    return pki.der(server)


def _parsed(chain: bytes, endpoint: OpcUaEndpoint) -> list[x509.Certificate]:
    try:
        found = [pki.load(each) for each in split(chain)]
    except ValueError:
        found = []
    if not found:
        msg = f"{endpoint.url} shows no certificate that can be read; mend it in the server, or write `security: none`"
        raise ServerUntrusted(msg)
    return found


def _turn_away(endpoint: OpcUaEndpoint, server: x509.Certificate, why: str, remedy: str) -> None:
    pki.reject(endpoint.identity, server)
    msg = f"{endpoint.url} {why}; compare that with the machine's own display or papers, then {remedy}"
    raise ServerUntrusted(msg, None if endpoint.server_certificate else server)


def _shown(server: x509.Certificate) -> str:
    return (
        f"{pki.name_of(server)!r}, valid to {server.not_valid_after_utc:%Y-%m-%d}, {pki.fingerprint(pki.der(server))}"
    )


def _check_time(server: x509.Certificate, endpoint: OpcUaEndpoint, now: datetime) -> None:
    if endpoint.accept_expired:
        return
    if now > server.not_valid_after_utc:
        msg = (
            f"the certificate of {endpoint.url} expired on {server.not_valid_after_utc:%Y-%m-%d}; "
            "renew it on the machine, or where nobody can, write `accept_expired: true`"
        )
        raise ServerUntrusted(msg)
    if now < server.not_valid_before_utc:
        msg = (
            f"the certificate of {endpoint.url} is valid from {server.not_valid_before_utc:%Y-%m-%d %H:%M} UTC only; "
            "compare the machine's clock with ours"
        )
        raise ServerUntrusted(msg)


def _known(chain: Sequence[x509.Certificate], endpoint: OpcUaEndpoint) -> bool:
    folder, server = endpoint.identity, chain[0]
    trusted = [certificate for _, certificate in pki.kept(folder, pki.TRUSTED)]
    if server in trusted:
        return True
    issuers = [certificate for _, certificate in pki.kept(folder, pki.ISSUERS)]
    path = _path(server, trusted, [*chain[1:], *issuers])
    return path is not None and not _revoked(path, folder) and _names(server, endpoint.url)


def _path(
    server: x509.Certificate, trusted: Sequence[x509.Certificate], between: Sequence[x509.Certificate]
) -> list[x509.Certificate] | None:
    """The certificates from the server's up to a trusted authority; None where there is no such way."""
    path = [server]
    while len(path) <= LONGEST_CHAIN:
        top = _issuer(path[-1], trusted)
        if top is not None:
            return [*path, top]
        step = _issuer(path[-1], between)
        if step is None or step in path:
            return None
        path.append(step)
    return None


def _issuer(of: x509.Certificate, among: Sequence[x509.Certificate]) -> x509.Certificate | None:
    return next((each for each in among if each != of and _authority(each) and _signed(of, each)), None)


def _authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except (ValueError, x509.ExtensionNotFound):
        return False


def _signed(certificate: x509.Certificate, authority: x509.Certificate) -> bool:
    try:
        certificate.verify_directly_issued_by(authority)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def _revoked(path: Sequence[x509.Certificate], folder: Path) -> bool:
    lists = list(pki.revocations(folder))
    return any(
        crl.issuer == certificate.issuer and crl.get_revoked_certificate_by_serial_number(certificate.serial_number)
        for certificate in path
        for crl in lists
    )


def _names(server: x509.Certificate, url: str) -> bool:
    """Whether the certificate is this host's: an authority signs for many."""
    host = (urlsplit(url).hostname or "").lower()
    names = pki.alternatives(server, x509.DNSName) + pki.alternatives(server, x509.IPAddress)
    return host in {name.lower() for name in names}
