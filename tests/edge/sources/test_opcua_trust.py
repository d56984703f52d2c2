"""Which offers of security are taken, and which certificates are trusted: pins, shelves, authorities, revocations."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from edge.sources import opcua_pki as pki
from edge.sources.opcua_endpoint import OpcUaEndpoint, Security
from edge.sources.opcua_memory import recall, remember
from edge.sources.opcua_offer import PLAIN, URI, Level, Unacceptable, choose
from edge.sources.opcua_trust import ServerUntrusted, judge

NOW = datetime(2026, 3, 1, tzinfo=UTC)
HOST = "press.plant.example"
BEST = Level("Aes256_Sha256_RsaPss", "SignAndEncrypt")
USUAL = Level("Basic256Sha256", "SignAndEncrypt")
Offers = list[tuple[str, str]]
ALL: Offers = [
    (URI + "None", "None"),
    (URI + "Basic256Sha256", "Sign"),
    (URI + "Basic256Sha256", "SignAndEncrypt"),
    (URI + "Aes256_Sha256_RsaPss", "Sign"),
    (URI + "Aes256_Sha256_RsaPss", "SignAndEncrypt"),
]
OLD: Offers = [(URI + "None", "None"), (URI + "Basic128Rsa15", "SignAndEncrypt")]


@pytest.mark.parametrize(
    ("offered", "wanted", "before", "found"),
    [
        (ALL, "auto", None, BEST),
        (ALL[:4], "auto", None, USUAL),
        (ALL[:1], "auto", None, PLAIN),
        (ALL, "Basic256Sha256", BEST, USUAL),
        (ALL, "none", BEST, PLAIN),
        (ALL, "auto", USUAL, BEST),
        (ALL[:4], "auto", BEST, "had Aes256_Sha256_RsaPss SignAndEncrypt before"),
        (ALL[:1], "auto", USUAL, "offers no encryption only, but had Basic256Sha256"),
        (ALL[:3], "Aes256_Sha256_RsaPss", None, "no Aes256_Sha256_RsaPss, only Basic256Sha256"),
        (OLD, "auto", None, "no security that is still safe"),
        ([], "auto", None, "only nothing"),
    ],
    ids=[
        "the highest", "encrypted before signed", "nothing to choose from", "by name", "switched off", "better now",
        "less than before", "nothing any more", "not offered", "only broken ones beside none", "no offer",
    ],
)  # fmt: skip
def test_the_highest_offer_is_taken_and_never_less_than_before(
    offered: Offers, wanted: Security, before: Level | None, found: Level | str
) -> None:
    chosen = choose(offered, wanted, before, with_user=False)
    if isinstance(found, str):
        assert isinstance(chosen, Unacceptable)
        assert found in chosen.why
    else:
        assert chosen == found


def test_a_level_is_remembered_by_server_and_a_spoilt_memory_is_none(tmp_path: Path) -> None:
    remember(tmp_path, "opc.tcp://a", BEST)
    assert (recall(tmp_path, "opc.tcp://a"), recall(tmp_path, "opc.tcp://b")) == (BEST, None)
    for path in (tmp_path / "levels").iterdir():
        path.write_text("{")
    assert recall(tmp_path, "opc.tcp://a") is None


class Authority:
    """Signs certificates, for itself at first."""

    def __init__(self, name: str, above: "Authority | None" = None) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (above or self).sign(self, ca=True)

    def sign(self, of: "Authority", *, ca: bool = False, host: str = HOST, days: int = 30) -> x509.Certificate:
        return (
            x509.CertificateBuilder()
            .subject_name(of.name)
            .issuer_name(self.name)
            .public_key(of.key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(NOW - timedelta(days=60))
            .not_valid_after(NOW + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(host)]), critical=False)
            .sign(self.key, hashes.SHA256())
        )

    def revoke(self, certificate: x509.Certificate, place: Path) -> None:
        entry = x509.RevokedCertificateBuilder().serial_number(certificate.serial_number).revocation_date(NOW).build()
        made = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(NOW)
            .next_update(NOW + timedelta(days=30))
            .add_revoked_certificate(entry)
            .sign(self.key, hashes.SHA256())
        )
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(made.public_bytes(Encoding.DER))


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Plant CA")


def endpoint(folder: Path, host: str = HOST) -> OpcUaEndpoint:
    return OpcUaEndpoint(url=f"opc.tcp://{host}:4840", identity=folder)


def chain(*certificates: x509.Certificate) -> bytes:
    return b"".join(map(pki.der, certificates))


def test_a_server_signed_by_a_trusted_authority_is_trusted_by_its_host_name(
    tmp_path: Path, authority: Authority
) -> None:
    server = authority.sign(Authority("Press", authority))
    pki.keep(tmp_path, "trusted/certs", authority.certificate)
    assert judge(chain(server), endpoint(tmp_path), NOW) == pki.der(server)
    with pytest.raises(ServerUntrusted, match="not trusted yet"):
        judge(chain(server), endpoint(tmp_path, "other.plant.example"), NOW)


@pytest.mark.parametrize("where", ["sent along", "on the issuers' shelf"])
def test_an_authority_in_between_leads_to_a_trusted_one(tmp_path: Path, authority: Authority, where: str) -> None:
    between = Authority("Line CA", authority)
    server = between.sign(Authority("Press", authority))
    pki.keep(tmp_path, pki.TRUSTED, authority.certificate)
    with pytest.raises(ServerUntrusted):
        judge(chain(server), endpoint(tmp_path), NOW)
    if where == "sent along":
        assert judge(chain(server, between.certificate), endpoint(tmp_path), NOW)
    else:
        pki.keep(tmp_path, pki.ISSUERS, between.certificate)
        assert judge(chain(server), endpoint(tmp_path), NOW)


def test_a_revoked_server_is_trusted_no_more(tmp_path: Path, authority: Authority) -> None:
    server = authority.sign(Authority("Press", authority))
    pki.keep(tmp_path, pki.TRUSTED, authority.certificate)
    authority.revoke(server, tmp_path / "trusted" / "crl" / "plant.crl")
    with pytest.raises(ServerUntrusted):
        judge(chain(server), endpoint(tmp_path), NOW)


def test_what_a_server_signs_as_if_it_were_an_authority_is_not_trusted(tmp_path: Path, authority: Authority) -> None:
    press = Authority("Press", authority)
    pki.keep(tmp_path, pki.TRUSTED, authority.sign(press))
    with pytest.raises(ServerUntrusted):
        judge(chain(press.sign(Authority("Stranger", authority))), endpoint(tmp_path), NOW)


def test_a_certificate_that_is_not_valid_yet_points_to_the_clocks(tmp_path: Path, authority: Authority) -> None:
    server = authority.sign(Authority("Press", authority))
    pki.keep(tmp_path, pki.TRUSTED, server)
    with pytest.raises(ServerUntrusted, match="clock"):
        judge(chain(server), endpoint(tmp_path), NOW - timedelta(days=90))


def test_what_is_no_certificate_is_refused_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(ServerUntrusted, match="no certificate that can be read"):
        judge(b"nonsense", endpoint(tmp_path), NOW)


def test_the_rejected_shelf_stays_small_whoever_knocks(tmp_path: Path, authority: Authority) -> None:
    for number in range(pki.MOST_REJECTED + 3):
        pki.reject(tmp_path, authority.sign(authority, host=f"h{number}.example"))
    assert len(list(pki.kept(tmp_path, pki.REJECTED))) == pki.MOST_REJECTED
