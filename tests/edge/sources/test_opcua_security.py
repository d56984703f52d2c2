"""Who may speak with whom: pinned servers, an identity that fits itself, passwords, and what each refusal says."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from asyncua.client.client import Client
from cryptography import x509
from foreign_opcua import PLANT, ForeignPlant, MakePlant
from pydantic import SecretStr, ValidationError

from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_problems import explain
from edge.sources.opcua_security import CERTIFICATE, KEY, ServerUntrusted, fingerprint, own_identity, pinned
from edge.sources.opcua_session import LOST, OpcUaSession
from gateway.errors import UsageError

COUNTER = f"nsu={PLANT};s=Signals.Counter"


async def server_certificate(plant: ForeignPlant) -> bytes:
    offered = await Client(plant.url).connect_and_get_server_endpoints()
    return bytes(next(each.ServerCertificate for each in offered if each.ServerCertificate))


def secured(plant: ForeignPlant, folder: Path, **more: Any) -> OpcUaEndpoint:
    return OpcUaEndpoint(url=plant.url, security="Basic256Sha256", identity=folder, timeout_s=3, **more)


async def refusal(endpoint: OpcUaEndpoint) -> str:
    """The one line that a refused connection is explained with."""
    with pytest.raises((*LOST, UsageError)) as refused:
        await OpcUaSession.open(endpoint)
    return explain(refused.value, endpoint)


async def test_a_server_without_a_pin_is_refused_and_the_reason_shows_how_to_pin_it(
    standing_plant: ForeignPlant, tmp_path: Path
) -> None:
    reason = await refusal(secured(standing_plant, tmp_path))
    assert f"server_certificate: {fingerprint(await server_certificate(standing_plant))}" in reason


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
    plant = await foreign_plant(security=["None", "Basic256Sha256"], trusting=False, machines=[])
    pin = fingerprint(await server_certificate(plant))
    reason = await refusal(secured(plant, tmp_path, server_certificate=pin))
    assert "trust list" in reason


def test_an_identity_is_made_once_and_its_uri_is_the_certificate_s(tmp_path: Path) -> None:
    made = own_identity(tmp_path / "pki")
    assert own_identity(tmp_path / "pki") == made
    assert (tmp_path / "pki" / KEY).stat().st_mode & 0o077 == 0
    certificate = x509.load_der_x509_certificate((tmp_path / "pki" / CERTIFICATE).read_bytes())
    names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [made.uri]
    assert (certificate.not_valid_after_utc - certificate.not_valid_before_utc).days > 3600


def test_half_an_identity_is_refused_rather_than_made_anew(tmp_path: Path) -> None:
    own_identity(tmp_path)
    (tmp_path / KEY).unlink()
    with pytest.raises(UsageError, match="belong together"):
        own_identity(tmp_path)


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
        {"url": "opc.tcp://machine", "security": "Basic256Sha256"},
        {"url": "opc.tcp://machine", "securty": "none"},
    ],
    ids=["no opc.tcp", "password in the url", "user without password", "security without identity", "misspelt key"],
)
def test_an_endpoint_that_cannot_be_meant_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        OpcUaEndpoint(**settings)
