"""What goes wrong on a first afternoon: each is one line that says what to do, and the agent goes on trying."""

from pathlib import Path
from typing import Any

import pytest
from asyncua import ua
from foreign_opcua import PLANT, ForeignPlant
from pydantic import SecretStr
from structlog.testing import capture_logs

from edge.sources.opcua_check import check
from edge.sources.opcua_endpoint import OpcUaEndpoint
from edge.sources.opcua_pki import REJECTED, TRUSTED, keep, kept
from edge.sources.opcua_problems import explain, needs_a_person

COUNTER = f"nsu={PLANT};s=Signals.Counter"


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"security": "auto"}, "run: thirdshift edge certs trust "),
        ({"security": "auto", "server_certificate": "sha256:" + "ab" * 32}, "another certificate"),
        ({"security": "Aes256_Sha256_RsaPss"}, "offers no Aes256_Sha256_RsaPss, only Basic256Sha256 SignAndEncrypt"),
        ({"user": "agent", "password": SecretStr("wr0ng")}, "refuses the user or password: check `user`"),
        ({"user_certificate": "none.der", "user_key": "none.pem"}, "none.der: No such file"),
        ({"server_certificate": "none.der", "security": "auto"}, "neither `sha256:…` nor a readable certificate"),
    ],
    ids=["untrusted", "not the pinned one", "policy not offered", "wrong password", "no user file", "no pin file"],
)
async def test_a_refusal_is_one_line_told_once_and_the_source_goes_on(
    standing_plant: ForeignPlant, listening: Any, tmp_path: Path, settings: dict[str, Any], says: str
) -> None:
    endpoint = {"identity": tmp_path, "timeout_s": 5, "retry_cap_s": 0.2, **settings}
    with capture_logs() as logs:
        async with listening(standing_plant.url, {"counter": COUNTER}, **endpoint) as heard:
            await heard.until(lambda: bool(heard.links), limit=30)
            assert says in heard.links[0].reason
            assert "\n" not in heard.links[0].reason
            assert "wr0ng" not in heard.links[0].reason
            assert not heard.links[0].up
    assert [entry["event"] for entry in logs] == ["opcua.lost"]


async def test_a_server_is_read_soon_after_somebody_trusted_it(
    standing_plant: ForeignPlant, listening: Any, tmp_path: Path
) -> None:
    endpoint = {"identity": tmp_path, "timeout_s": 5, "retry_cap_s": 0.2, "security": "auto"}
    async with listening(standing_plant.url, {"counter": COUNTER}, **endpoint) as heard:
        await heard.until(lambda: bool(heard.links), limit=30)
        ((_, certificate),) = kept(tmp_path, REJECTED)
        keep(tmp_path, TRUSTED, certificate)
        await heard.fresh("counter", limit=30)
        assert [notice.up for notice in heard.links] == [False, True]


async def test_a_channel_that_nothing_secures_is_told_once(
    strange_plant: ForeignPlant, listening: Any, tmp_path: Path
) -> None:
    with capture_logs() as logs:
        async with listening(strange_plant.url, {"counter": COUNTER}, security="auto", identity=tmp_path) as heard:
            await heard.fresh("counter")
    (told,) = [entry for entry in logs if entry["event"] == "opcua.not_encrypted"]
    assert "`security: none`" in told["advice"]


async def test_a_hung_server_costs_check_no_more_than_its_patience(strange_plant: ForeignPlant) -> None:
    strange_plant.hang()
    try:
        (verdict,) = await check(OpcUaEndpoint(url=strange_plant.url, security="none", timeout_s=1), {"a": COUNTER})
    finally:
        strange_plant.wake()
    assert "does not answer in time" in (verdict.problem or "")


@pytest.mark.parametrize(
    ("code", "says", "person"),
    [
        (ua.StatusCodes.BadCertificateUriInvalid, "edge certs create --replace --uri URI", True),
        (ua.StatusCodes.BadCertificateTimeInvalid, "compare both clocks", False),
        (ua.StatusCodes.BadTcpEndpointUrlInvalid, "write the URL that the server announces", False),
        (ua.StatusCodes.BadIdentityTokenInvalid, "does not take this kind of user", True),
        (ua.StatusCodes.BadSecurityChecksFailed, "accept it in the server's trust list", False),
        (ua.StatusCodes.BadTooManySessions, "close other clients", False),
        (ua.StatusCodes.BadInternalError, "says BadInternalError", False),
    ],
)
def test_what_a_server_says_is_said_in_words(tmp_path: Path, code: int, says: str, person: bool) -> None:
    error = ua.UaStatusCodeError(code)
    told = explain(error, OpcUaEndpoint(url="opc.tcp://press:4840", identity=tmp_path))
    assert says in told
    assert told.startswith("opc.tcp://press:4840 ")
    assert needs_a_person(error) is person
