"""Certificates for people with better things to do: which there are, what each says, and which server is trusted."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha1
from pathlib import Path

from cryptography import x509

from edge.sources import opcua_pki as pki
from gateway.errors import UsageError

OWN = "own"
LEAST_DIGITS = 8
"""Hex digits of a fingerprint that name a certificate; fewer could mean another by chance."""


@dataclass(frozen=True, slots=True)
class Paper:
    """One certificate: on which shelf it lies, and what a person wants to know of it."""

    shelf: str
    path: Path
    certificate: x509.Certificate

    @property
    def fingerprint(self) -> str:
        return pki.fingerprint(pki.der(self.certificate))

    @property
    def thumbprint(self) -> str:
        """SHA-1 in capitals: what most machines and OPC UA tools show."""
        return sha1(pki.der(self.certificate)).hexdigest().upper()  # noqa: S324 - a name, no protection

    def facts(self, now: datetime) -> dict[str, str]:
        """What it says, in the order in which it is shown."""
        certificate = self.certificate
        hosts = pki.alternatives(certificate, x509.DNSName) + pki.alternatives(certificate, x509.IPAddress)
        return {
            "shelf": self.shelf,
            "subject": certificate.subject.rfc4514_string(),
            "issuer": "itself" if certificate.issuer == certificate.subject else certificate.issuer.rfc4514_string(),
            "application_uri": pki.application_uri(certificate) or "",
            "hosts": ", ".join(hosts),
            "valid_from": f"{certificate.not_valid_before_utc:%Y-%m-%d}",
            "valid_to": f"{certificate.not_valid_after_utc:%Y-%m-%d}",
            "validity": self.validity(now),
            "sha256": self.fingerprint,
            "thumbprint_sha1": self.thumbprint,
            "file": str(self.path),
        }

    def validity(self, now: datetime) -> str:
        days = (self.certificate.not_valid_after_utc - now).days
        if days < 0:
            return f"expired {-days} days ago"
        return "not valid yet" if now < self.certificate.not_valid_before_utc else f"{days} days left"


def papers(folder: Path) -> Iterator[Paper]:
    """Every certificate of the folder, our own first."""
    own = folder / pki.CERTIFICATE
    if own.exists():
        yield Paper(OWN, own, pki.read(own))
    for shelf in (pki.TRUSTED, pki.ISSUERS, pki.REJECTED):
        for path, certificate in pki.kept(folder, shelf):
            yield Paper(shelf, path, certificate)


def find(folder: Path, which: str) -> Paper:
    """The certificate that `which` names: a file, or the beginning of a finger- or thumbprint. Raises UsageError."""
    path = Path(which)
    if path.is_file():
        return Paper("file", path, pki.read(path))
    digits = which.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    known = {each.fingerprint: each for each in papers(folder)}
    close = [each for each in known.values() if _names(each, digits)]
    if len(close) == 1 and len(digits) >= LEAST_DIGITS:
        return close[0]
    if len(digits) < LEAST_DIGITS or close:
        msg = f"{which!r} does not name one certificate; give a file, or {LEAST_DIGITS} or more digits of a fingerprint"
        raise UsageError(msg)
    there = ", ".join(f"{pki.name_of(each.certificate)} {each.fingerprint[7:23]}" for each in known.values()) or "none"
    msg = f"no certificate {which!r} in {folder}; there: {there}. `edge check` keeps one of each server it meets"
    raise UsageError(msg)


def _names(paper: Paper, digits: str) -> bool:
    return paper.fingerprint.removeprefix("sha256:").startswith(digits) or paper.thumbprint.lower().startswith(digits)


def trust(folder: Path, paper: Paper) -> Path:
    """Put a server's certificate onto the trusted shelf, off the rejected one. Raises UsageError."""
    try:
        place = pki.keep(folder, pki.TRUSTED, paper.certificate)
        for each in list(papers(folder)):
            if each.shelf == pki.REJECTED and each.certificate == paper.certificate:
                each.path.unlink()
    except OSError as error:
        msg = f"{folder}: {error.strerror}; name a folder that this user may write to"
        raise UsageError(msg) from error
    return place
