"""This agent's own certificate: kept, made where there is none, and said clearly where it can no longer be used."""

import socket
from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from edge.sources.opcua_pki import CERTIFICATE, KEY, application_uri, read
from gateway.errors import UsageError

TEN_YEARS = timedelta(days=3650)
"""A certificate that a machine builder accepted by hand must not lapse after one year."""

BEFORE = timedelta(days=2)
"""How far before its making a certificate is valid: the clocks of machines lag."""


@dataclass(frozen=True, slots=True)
class Identity:
    """This agent's application certificate. `uri` is read from it, so that the two can never disagree.

    A server answers a difference with BadCertificateUriInvalid (OPC 10000-4, 6.1.3).
    """

    certificate: Path
    key: Path
    uri: str


@dataclass(frozen=True, slots=True)
class Wish:
    """What an own certificate is to say; what is left open is made up from the host's name."""

    uri: str | None = None
    hosts: tuple[str, ...] = ()
    lasts: timedelta = TEN_YEARS


def own_identity(folder: Path, now: datetime) -> Identity:
    """The identity kept in `folder`; made there if it holds none. Raises UsageError for one that cannot be used."""
    certificate, key = folder / CERTIFICATE, folder / KEY
    if certificate.exists() != key.exists():
        msg = f"{folder}: {CERTIFICATE} and {KEY} belong together; add the missing one, or remove both to make new ones"
        raise UsageError(msg)
    if not certificate.exists():
        create(folder, now)
    found = read(certificate)
    uri = application_uri(found)
    if uri is None:
        msg = f"{certificate} is no application certificate: it needs its application URI as a subject alternative name"
        raise UsageError(msg)
    if found.not_valid_after_utc < now:
        msg = (
            f"this agent's own certificate {certificate} expired on {found.not_valid_after_utc:%Y-%m-%d}; "
            f"run: thirdshift edge certs create --replace --pki {folder} (and accept the new one in the servers)"
        )
        raise UsageError(msg)
    return Identity(certificate, key, uri)


def create(folder: Path, now: datetime, wish: Wish | None = None) -> Path:
    """Write a new own certificate and its key into `folder`, over those that are there. Raises UsageError."""
    secret = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    made = _self_signed(secret, now, wish or Wish())
    key = secret.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        (folder / KEY).touch(mode=0o600)
        (folder / KEY).write_bytes(key)
        (folder / CERTIFICATE).write_bytes(made.public_bytes(Encoding.DER))
    except OSError as error:
        msg = f"{folder}: {error.strerror}; name a folder that this user may write to"
        raise UsageError(msg) from error
    return folder / CERTIFICATE


def _self_signed(secret: rsa.RSAPrivateKey, now: datetime, wish: Wish) -> x509.Certificate:
    """An application instance certificate (OPC 10000-6, 6.2.2)."""
    host = socket.gethostname()
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"Thirdshift edge on {host}"[:64])])
    alternatives = [x509.UniformResourceIdentifier(wish.uri or f"urn:{host}:thirdshift:edge")]
    usage = dict.fromkeys(("key_agreement", "crl_sign", "encipher_only", "decipher_only"), False)
    usage |= dict.fromkeys(
        ("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_cert_sign"), True
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(secret.public_key())
    return (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - BEFORE)
        .not_valid_after(now + wish.lasts)
        .add_extension(x509.SubjectAlternativeName([*alternatives, *map(_host, wish.hosts or (host,))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.KeyUsage(**usage), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(key_id, critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(key_id), critical=False)
        .sign(secret, hashes.SHA256())
    )


def _host(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(text))
    except ValueError:
        return x509.DNSName(text)
