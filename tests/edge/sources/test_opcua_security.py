"""Who may speak with whom: pinned servers, an identity that fits itself, passwords, and what each refusal says."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from asyncua.client.client import Client
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from foreign_opcua import PLANT, ForeignPlant, MakePlant
from pydantic import SecretStr, ValidationError

from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_identity import Wish, create, own_identity
from edge.sources.opcua_pki import CERTIFICATE, KEY, REJECTED, TRUSTED, fingerprint, keep, kept, load
from edge.sources.opcua_problems import explain
from edge.sources.opcua_session import LOST, OpcUaSession
from edge.sources.opcua_trust import ServerUntrusted, pinned
from gateway.errors import UsageError

COUNTER = f"nsu={PLANT};s=Signals.Counter"
NOW = datetime.now(UTC)
POLICIES = ["Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]


async def server_certificate(plant: ForeignPlant) -> bytes:
    offered = await Client(plant.url).connect_and_get_server_endpoints()
    return bytes(next(each.ServerCertificate for each in offered if each.ServerCertificate))


def secured(plant: ForeignPlant, folder: Path, **more: Any) -> OpcUaEndpoint:
    return OpcUaEndpoint(url=plant.url, security="Basic256Sha256", identity=folder, timeout_s=3, **more)


async def trusting(plant: ForeignPlant, folder: Path, **more: Any) -> OpcUaEndpoint:
    """An endpoint whose server is pinned."""
    pin = fingerprint(await server_certificate(plant))
    return OpcUaEndpoint(url=plant.url, identity=folder, timeout_s=5, server_certificate=pin, **more)


async def open_trusting(plant: ForeignPlant, folder: Path, **more: Any) -> OpcUaSession:
    return await OpcUaSession.open(await trusting(plant, folder, **more))


@pytest.fixture(scope="module")
def secure_plant(foreign_software: Path) -> Iterator[ForeignPlant]:
    """One foreign server with all policies and no machines."""
    plant = ForeignPlant(
        {"security": ["None", *POLICIES], "user": "agent", "password": "secret", "machines": [], "order": "bare"}
    )
    yield plant.start()
    plant.stop()


async def refusal(endpoint: OpcUaEndpoint) -> str:
    """The one line that a refused connection is explained with."""
    with pytest.raises((*LOST, UsageError)) as refused:
        await OpcUaSession.open(endpoint)
    return explain(refused.value, endpoint)


async def test_a_new_server_is_refused_with_the_command_that_trusts_it_and_kept_to_look_at(
    standing_plant: ForeignPlant, tmp_path: Path
) -> None:
    reason = await refusal(secured(standing_plant, tmp_path))
    found = fingerprint(await server_certificate(standing_plant))
    assert found in reason
    assert f"run: thirdshift edge certs trust {found[7:23]} --pki {tmp_path}" in reason
    ((_, rejected),) = kept(tmp_path, REJECTED)
    keep(tmp_path, TRUSTED, rejected)
    session = await OpcUaSession.open(secured(standing_plant, tmp_path))
    await session.close()


async def test_another_server_s_certificate_is_refused(standing_plant: ForeignPlant, tmp_path: Path) -> None:
    with pytest.raises(ServerUntrusted, match="another certificate"):
        await OpcUaSession.open(secured(standing_plant, tmp_path, server_certificate="sha256:" + "ab" * 32))


@pytest.mark.parametrize("by", ["fingerprint", "file"])
async def test_a_pinned_server_is_read_encrypted_with_a_user(
    standing_plant: ForeignPlant, tmp_path: Path, listening: Any, by: str
) -> None:
    found = await server_certificate(standing_plant)
    pin = fingerprint(found)
    if by == "file":
        (tmp_path / "server.der").write_bytes(found)
        pin = str(tmp_path / "server.der")
    settings = {"security": "Basic256Sha256", "identity": tmp_path / "own", "server_certificate": pin}
    settings |= {"user": "agent", "password": SecretStr("secret"), "timeout_s": 5}
    async with listening(standing_plant.url, {"counter": COUNTER}, **settings) as heard:
        await heard.fresh("counter")


async def test_a_secured_session_survives_a_cut_too(
    standing_plant: ForeignPlant, tmp_path: Path, listening: Any, relay: Any
) -> None:
    net = await relay(standing_plant.options["port"])
    pin = fingerprint(await server_certificate(standing_plant))
    settings = {"security": "Basic256Sha256", "identity": tmp_path, "server_certificate": pin}
    async with listening(f"opc.tcp://127.0.0.1:{net.port}", {"counter": COUNTER}, **settings) as heard:
        await heard.fresh("counter")
        await net.cut()
        await asyncio.sleep(1)
        await net.start()
        await heard.until(lambda: len(heard.links) == 3)
        await heard.fresh("counter")
        assert heard.links[-1].reason == "resumed without loss"


async def test_a_wrong_password_is_named_and_never_shown(standing_plant: ForeignPlant, tmp_path: Path) -> None:
    pin = fingerprint(await server_certificate(standing_plant))
    reason = await refusal(
        secured(standing_plant, tmp_path, server_certificate=pin, user="agent", password=SecretStr("wr0ng"))
    )
    assert "`user`" in reason
    assert "wr0ng" not in reason


async def test_a_server_that_does_not_trust_us_says_what_to_accept_where(
    foreign_plant: MakePlant, tmp_path: Path
) -> None:
    plant = await foreign_plant(security=["None", "Basic256Sha256"], trusting=False, machines=[], order="bare")
    pin = fingerprint(await server_certificate(plant))
    reason = await refusal(secured(plant, tmp_path, server_certificate=pin))
    assert "trust list" in reason


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("user", ["anonymous", "name", "certificate"])
async def test_each_policy_carries_each_kind_of_user(
    secure_plant: ForeignPlant, tmp_path: Path, policy: str, user: str
) -> None:
    create(tmp_path / "user", NOW)
    users: dict[str, dict[str, Any]] = {
        "anonymous": {},
        "name": {"user": "agent", "password": SecretStr("secret")},
        "certificate": {"user_certificate": tmp_path / "user" / CERTIFICATE, "user_key": tmp_path / "user" / KEY},
    }
    session = await open_trusting(secure_plant, tmp_path, security=policy, **users[user])
    assert str(session.level) == f"{policy} SignAndEncrypt"
    await session.close()


async def test_the_highest_policy_is_taken_and_a_server_that_later_offers_less_is_refused(
    foreign_plant: MakePlant, tmp_path: Path
) -> None:
    plant = await foreign_plant(security=["None", *POLICIES], machines=[], order="bare")
    session = await open_trusting(plant, tmp_path)
    assert session.level.policy == "Aes256_Sha256_RsaPss"
    await session.close()
    plant.kill()
    await plant.restart(security=["None", "Basic256Sha256"])
    reason = await refusal(await trusting(plant, tmp_path))
    assert "offers Basic256Sha256 SignAndEncrypt only, but had Aes256_Sha256_RsaPss SignAndEncrypt before" in reason
    session = await OpcUaSession.open(await trusting(plant, tmp_path, security="Basic256Sha256"))
    await session.close()


async def test_a_user_never_signs_in_over_an_open_channel_unless_the_plant_says_so(
    strange_plant: ForeignPlant, tmp_path: Path
) -> None:
    plant = strange_plant
    user = {"user": "agent", "password": SecretStr("secret")}
    reason = await refusal(OpcUaEndpoint(url=plant.url, identity=tmp_path, **user))
    assert "write `security: none`" in reason
    for security in ("auto", "none"):
        session = await OpcUaSession.open(OpcUaEndpoint(url=plant.url, identity=tmp_path, security=security))
        assert not session.level.secure
        await session.close()


async def test_a_user_certificate_that_the_server_does_not_know_is_told_apart_from_ours(
    foreign_plant: MakePlant, tmp_path: Path
) -> None:
    plant = await foreign_plant(security=["Basic256Sha256"], machines=[], order="bare", trustingUsers=False)
    create(tmp_path / "user", NOW)
    files = {"user_certificate": tmp_path / "user" / CERTIFICATE, "user_key": tmp_path / "user" / KEY}
    assert "user" in await refusal(await trusting(plant, tmp_path, **files))


async def test_a_user_s_key_of_somebody_else_is_refused_before_it_is_used(
    secure_plant: ForeignPlant, tmp_path: Path
) -> None:
    for name in ("one", "other"):
        create(tmp_path / name, NOW)
    files = {"user_certificate": tmp_path / "one" / CERTIFICATE, "user_key": tmp_path / "other" / KEY}
    assert "is not the key of" in await refusal(await trusting(secure_plant, tmp_path, **files))


async def test_a_server_s_expired_certificate_is_named_and_taken_only_where_the_plant_says_so(
    foreign_plant: MakePlant, tmp_path: Path
) -> None:
    made = create(tmp_path / "theirs", NOW, Wish("urn:foreign-plant:ForeignPlant", ("127.0.0.1",), -timedelta(days=1)))
    keep(tmp_path, TRUSTED, load(made.read_bytes()))
    files = {"certificateFile": str(_pem(made)), "privateKeyFile": str(made.with_name(KEY))}
    plant = await foreign_plant(security=["Basic256Sha256"], machines=[], order="bare", **files)
    reason = await refusal(OpcUaEndpoint(url=plant.url, identity=tmp_path))
    assert "expired on" in reason
    assert "accept_expired: true" in reason
    session = await OpcUaSession.open(OpcUaEndpoint(url=plant.url, identity=tmp_path, accept_expired=True))
    await session.close()


def _pem(path: Path) -> Path:
    place = path.with_suffix(".pem")
    place.write_bytes(load(path.read_bytes()).public_bytes(Encoding.PEM))
    return place


def test_an_own_certificate_out_of_date_says_how_to_make_a_new_one(tmp_path: Path) -> None:
    create(tmp_path, NOW, Wish(lasts=timedelta(hours=-1)))
    with pytest.raises(UsageError, match=r"expired on .* run: thirdshift edge certs create --replace --pki"):
        own_identity(tmp_path, NOW)


def test_an_identity_is_made_once_and_its_uri_is_the_certificate_s(tmp_path: Path) -> None:
    made = own_identity(tmp_path / "pki", NOW)
    assert own_identity(tmp_path / "pki", NOW) == made
    assert (tmp_path / "pki" / KEY).stat().st_mode & 0o077 == 0
    certificate = x509.load_der_x509_certificate((tmp_path / "pki" / CERTIFICATE).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [made.uri]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days > 3600


def test_half_an_identity_is_refused_rather_than_made_anew(tmp_path: Path) -> None:
    own_identity(tmp_path, NOW)
    (tmp_path / KEY).unlink()
    with pytest.raises(UsageError, match="belong together"):
        own_identity(tmp_path, NOW)


def test_a_pin_may_be_written_with_colons_and_capitals() -> None:
    assert pinned("SHA256:AB:" + "CD" * 31) == "sha256:ab" + "cd" * 31


def test_a_pin_that_is_no_file_is_named() -> None:
    with pytest.raises(UsageError, match=r"/nowhere\.der"):
        pinned("/nowhere.der")


@pytest.mark.parametrize(
    "settings",
    [
        {"url": "http://machine:80"},
        {"url": "opc.tcp://user:secret@machine:4840"},
        {"url": "opc.tcp://machine", "user": "agent"},
        {"url": "opc.tcp://machine", "user_key": "key.pem"},
        {"url": "opc.tcp://machine", "user": "a", "password": "b", "user_certificate": "c", "user_key": "k"},
        {"url": "opc.tcp://machine", "securty": "none"},
    ],
    ids=["no opc.tcp", "password in the url", "user without password", "key alone", "two users", "misspelt key"],
)
def test_an_endpoint_that_cannot_be_meant_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OpcUaEndpoint(**settings)
