"""How a broker is trusted, and shown who we are: certificates by file."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from gateway.errors import FileInvalid


@dataclass(frozen=True, slots=True)
class Tls:
    """Certificates by file: the authority that signed the broker's, and our own where the broker asks for one."""

    authority: Path
    certificate: Path | None = None
    key: Path | None = None


def tls_context(tls: Tls) -> ssl.SSLContext:
    """How the broker is trusted, and shown who we are. Raises OSError for a file that cannot be used."""
    context = ssl.create_default_context(cafile=tls.authority)
    if tls.certificate is not None:
        context.load_cert_chain(tls.certificate, tls.key)
    return context


def usable(tls: Tls, at: str) -> Tls:
    """The same, if its files can be used; `at` is the config's key above them. Raises FileInvalid."""
    place = f"{at}.ca: {tls.authority}"
    try:
        context = ssl.create_default_context(cafile=tls.authority)
        if tls.certificate is not None:
            place = f"{at}.certificate: {tls.certificate} with the key {tls.key or 'in the same file'}"
            context.load_cert_chain(tls.certificate, tls.key)
    except OSError as error:
        msg = f"{place}: {error}; check the path, and that it is a PEM file"
        raise FileInvalid(msg) from error
    return tls
