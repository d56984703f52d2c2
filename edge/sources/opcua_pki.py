"""The folder of certificates: this agent's own, and those of the servers that it trusts or has turned away.

    pki/certificate.der, key.pem   who this agent is to a server (OPC 10000-4, 6.1.3)
    pki/trusted/                   servers, and authorities that sign servers' certificates: put files in, take them out
    pki/issuers/                   authorities between those and a server, trusted for nothing by themselves
    pki/rejected/                  servers that nobody has trusted yet, written here when met (OPC 10000-12, 7.8)

Files may lie deeper (`trusted/certs/…`, as other OPC UA software has it); lists of revoked certificates are `*.crl`.
"""

import hashlib
from collections.abc import Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from gateway.errors import UsageError

CERTIFICATE = "certificate.der"
KEY = "key.pem"
TRUSTED, ISSUERS, REJECTED = "trusted", "issuers", "rejected"
MOST_REJECTED = 50
_SUFFIXES = {".der", ".crt", ".cer", ".pem"}


def application_uri(certificate: x509.Certificate) -> str | None:
    """The application URI among its alternative names, if it has one."""
    return next(iter(alternatives(certificate, x509.UniformResourceIdentifier)), None)


def alternatives(certificate: x509.Certificate, kind: type[x509.GeneralName]) -> list[str]:
    """The subject alternative names of one kind, as text."""
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (ValueError, x509.ExtensionNotFound):
        return []
    return [str(name.value) for name in names if isinstance(name, kind)]


def load(content: bytes) -> x509.Certificate:
    """A certificate from DER or PEM. Raises ValueError."""
    if content.lstrip().startswith(b"-----BEGIN"):
        return x509.load_pem_x509_certificate(content)
    return x509.load_der_x509_certificate(content)


def read(path: Path) -> x509.Certificate:
    """The certificate in a file. Raises UsageError."""
    try:
        return load(path.read_bytes())
    except OSError as error:
        msg = f"{path}: {error.strerror}; check the path and its permissions"
        raise UsageError(msg) from error
    except ValueError as error:
        msg = f"{path} is no certificate; it must be an X.509 certificate in DER or PEM form"
        raise UsageError(msg) from error


def der(certificate: x509.Certificate) -> bytes:
    return certificate.public_bytes(Encoding.DER)


def fingerprint(content: bytes) -> str:
    """SHA-256 of a certificate in DER, written as a pin: `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(content).hexdigest()


def plain(pin: str) -> str:
    """A fingerprint as it may be written (capitals, colons, blanks, without `sha256:`), as we write it."""
    return "sha256:" + pin.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")


def kept(folder: Path, shelf: str) -> Iterator[tuple[Path, x509.Certificate]]:
    """Every certificate below a shelf of the folder; files that are none are left out."""
    for path in sorted((folder / shelf).rglob("*")):
        if path.suffix.lower() in _SUFFIXES and path.is_file():
            try:
                yield path, load(path.read_bytes())
            except (OSError, ValueError):
                continue


def revocations(folder: Path) -> Iterator[x509.CertificateRevocationList]:
    """Every list of revoked certificates beside the trusted ones and the issuers."""
    for path in sorted(each for shelf in (TRUSTED, ISSUERS) for each in (folder / shelf).rglob("*.crl")):
        try:
            content = path.read_bytes()
            pem = content.lstrip().startswith(b"-----BEGIN")
            yield x509.load_pem_x509_crl(content) if pem else x509.load_der_x509_crl(content)
        except (OSError, ValueError):
            continue


def keep(folder: Path, shelf: str, certificate: x509.Certificate) -> Path:
    """Put a certificate onto a shelf, named for its subject and thumbprint. Raises OSError."""
    content = der(certificate)
    place = folder / shelf / f"{name_of(certificate)} [{hashlib.sha1(content).hexdigest().upper()}].der"  # noqa: S324
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content)
    return place


def reject(folder: Path, certificate: x509.Certificate) -> None:
    """Keep a server's certificate for a person to look at; never more than a few, whoever knocks."""
    try:
        keep(folder, REJECTED, certificate)
        there = sorted((folder / REJECTED).glob("*.der"), key=lambda path: path.stat().st_mtime)
        for path in there[:-MOST_REJECTED]:
            path.unlink(missing_ok=True)
    except OSError:
        return


def name_of(certificate: x509.Certificate) -> str:
    """The subject's common name, fit for a file name."""
    found = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    text = str(found[0].value) if found else "unnamed"
    return (
        "".join(letter if letter.isalnum() or letter in " ._-@" else "_" for letter in text)[:60].strip() or "unnamed"
    )
