"""An ID token is believed when everything about it is right; each check is shown catching the fault that it is for."""

import base64
import hmac
import time
from collections.abc import Callable
from typing import Any

import httpx2
import orjson
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, KeySet, RSAKey

from cloud.accounts import discovery
from cloud.accounts.discovery import Discovery
from cloud.accounts.person import Person, ProviderAway, Unproven
from cloud.accounts.provider import Provider
from cloud.accounts.roles import Role
from cloud.accounts.trust import Home, homes, trusted

ISSUER = "https://id.example.com"
CLIENT = "thirdshift-dashboard"
NONCE = "a nonce of this very log-in"
NOW = 1_800_000_000

KEY = RSAKey.generate_key(2048, {"kid": "one", "use": "sig"})
CURVE = ECKey.generate_key("P-256", {"kid": "two", "use": "sig", "alg": "ES256"})
FOREIGN = RSAKey.generate_key(2048, {"kid": "one"})
UNKNOWN = RSAKey.generate_key(2048, {"kid": "three"})

METADATA = {
    "issuer": ISSUER,
    "authorization_endpoint": f"{ISSUER}/authorize",
    "token_endpoint": f"{ISSUER}/token",
    "jwks_uri": f"{ISSUER}/keys",
}
GOOD = {"iss": ISSUER, "aud": CLIENT, "sub": "0815", "nonce": NONCE, "iat": NOW - 5, "exp": NOW + 300}
MAIL = {"email": "ada@example.com", "email_verified": True}


class Issuer(httpx2.MockTransport):
    """What the provider says of itself, to be changed at will; counts who asked."""

    def __init__(self) -> None:
        self.metadata: dict[str, Any] = dict(METADATA)
        self.keys = [KEY, CURVE]
        self.asked: list[str] = []
        self.answer_instead: httpx2.Response | None = None
        super().__init__(self._answer)

    def _answer(self, request: httpx2.Request) -> httpx2.Response:
        self.asked.append(str(request.url))
        if self.answer_instead:
            return self.answer_instead
        if request.url.path.endswith("openid-configuration"):
            return httpx2.Response(200, json=self.metadata)
        return httpx2.Response(200, json=KeySet(self.keys).as_dict(private=False))


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def provider(issuer: Issuer) -> Provider:
    return Provider(Discovery(ISSUER, issuer), CLIENT, lambda: float(NOW))


def token(*, key: Any = KEY, alg: str = "RS256", kid: str | None = "one", **claims: Any) -> str:
    header = {"alg": alg, **({"kid": kid} if kid else {})}
    told = {name: value for name, value in {**GOOD, **claims}.items() if value is not None}
    return jwt.encode(header, told, key, algorithms=[alg])


def b64(part: Any) -> str:
    raw = part if isinstance(part, bytes) else orjson.dumps(part)
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def none_signed() -> str:
    return b64({"alg": "none", "typ": "JWT"}) + "." + token().split(".")[1] + "."


def signed_with_the_public_key() -> str:
    """HMAC with the public key as the secret: the classic forgery where any algorithm is taken."""
    signed = b64({"alg": "HS256", "kid": "one"}) + "." + token().split(".")[1]
    return f"{signed}.{b64(hmac.digest(KEY.as_pem(private=False), signed.encode(), 'sha256'))}"


def changed() -> str:
    head, body, signature = token().split(".")
    other = token(sub="somebody else").split(".")[1]
    assert other != body
    return f"{head}.{other}.{signature}"


FAULTS: dict[str, Callable[[], str]] = {
    "another nonce": lambda: token(nonce="a nonce of another log-in"),
    "no nonce": lambda: token(nonce=None),
    "another audience": lambda: token(aud="another client"),
    "another audience among several": lambda: token(aud=["another client", "a third"], azp=CLIENT),
    "several audiences without a party": lambda: token(aud=[CLIENT, "another client"]),
    "another party": lambda: token(azp="another client"),
    "another issuer": lambda: token(iss="https://id.example.net"),
    "run out": lambda: token(exp=NOW - 60),
    "no end": lambda: token(exp=None),
    "issued later than now": lambda: token(iat=NOW + 600),
    "no subject": lambda: token(sub=None),
    "no signature": none_signed,
    "a signature with the public key": signed_with_the_public_key,
    "a foreign key of the same name": lambda: token(key=FOREIGN),
    "a key that nobody knows": lambda: token(key=UNKNOWN, kid="three"),
    "changed after it was signed": changed,
    "an algorithm that is not allowed": lambda: token(alg="RS512"),
    "no token at all": lambda: "hello",
    "nothing": lambda: "",
}


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_token_with_a_fault_proves_nothing(provider: Provider, fault: str) -> None:
    assert isinstance(await provider.proven(FAULTS[fault](), NONCE), Unproven)


async def test_control_the_same_token_without_a_fault_proves_who_it_is(provider: Provider) -> None:
    assert await provider.proven(token(), NONCE) == Person(ISSUER, "0815", None)
    assert await provider.proven(token(**MAIL), NONCE) == Person(ISSUER, "0815", "ada@example.com")
    assert isinstance(await provider.proven(token(key=CURVE, alg="ES256", kid="two"), NONCE), Person)
    assert isinstance(await provider.proven(token(aud=[CLIENT, "another client"], azp=CLIENT), NONCE), Person)


@pytest.mark.parametrize("verified", [None, False, "true", 1])
async def test_an_address_that_the_provider_does_not_vouch_for_is_nobody_s(provider: Provider, verified: Any) -> None:
    person = await provider.proven(token(email="ada@example.com", email_verified=verified), NONCE)
    assert person == Person(ISSUER, "0815", None)


async def test_a_key_that_is_new_is_read_and_strangers_cannot_have_us_ask_at_will(
    provider: Provider, issuer: Issuer, monkeypatch: pytest.MonkeyPatch
) -> None:
    await provider.proven(token(), NONCE)
    assert len(issuer.asked) == 2
    for _ in range(5):
        await provider.proven(token(key=UNKNOWN, kid="three"), NONCE)
    assert len(issuer.asked) == 2
    monkeypatch.setattr(discovery, "ANEW", -1.0)
    issuer.keys.append(UNKNOWN)
    assert isinstance(await provider.proven(token(key=UNKNOWN, kid="three"), NONCE), Person)
    assert len(issuer.asked) == 4


ODD: dict[str, Callable[[Issuer], None]] = {
    "calls itself otherwise": lambda issuer: issuer.metadata.update(issuer="https://id.example.net"),
    "has keys without TLS": lambda issuer: issuer.metadata.update(jwks_uri="http://id.example.com/keys"),
    "has keys in a file": lambda issuer: issuer.metadata.update(jwks_uri="file:///etc/passwd"),
    "sends elsewhere": lambda issuer: setattr(
        issuer, "answer_instead", httpx2.Response(302, headers={"Location": "http://127.0.0.1:1/"})
    ),
    "says too much": lambda issuer: setattr(issuer, "answer_instead", httpx2.Response(200, content=b" " * (1 << 19))),
    "says a list": lambda issuer: setattr(issuer, "answer_instead", httpx2.Response(200, json=[])),
    "fails": lambda issuer: setattr(issuer, "answer_instead", httpx2.Response(500)),
}


@pytest.mark.parametrize("odd", ODD)
async def test_a_provider_that_is_odd_is_away(provider: Provider, issuer: Issuer, odd: str) -> None:
    ODD[odd](issuer)
    with pytest.raises(ProviderAway):
        await provider.proven(token(), NONCE)
    assert all(url.startswith(ISSUER) for url in issuer.asked), "nobody else was asked"


@pytest.mark.parametrize(
    ("url", "good"),
    [
        ("https://id.example.com/realms/plant", True),
        ("http://127.0.0.1:9/x", True),
        ("http://localhost:9", True),
        ("http://id.example.com", False),
        ("http://169.254.169.254/latest", False),
        ("https://user:secret@id.example.com", False),
        ("https://id.example.com/?a=b", False),
        ("ftp://id.example.com", False),
        ("id.example.com", False),
    ],
)
def test_only_what_is_encrypted_or_on_this_machine_is_trusted(url: str, good: bool) -> None:
    if good:
        assert trusted(url) == url
    else:
        with pytest.raises(ValueError, match="needed"):
            trusted(url)


def test_domains_say_where_their_people_belong() -> None:
    assert homes("") == {}
    assert homes("Example.com=ent_1:viewer, example.net=ent_2:planner") == {
        "example.com": Home("ent_1", Role.VIEWER),
        "example.net": Home("ent_2", Role.PLANNER),
    }
    for bad in ("example.com", "example.com=plant:viewer", "example.com=ent_1:king", "=ent_1:viewer"):
        with pytest.raises(ValueError, match="form"):
            homes(bad)


def test_the_wall_clock_is_the_default() -> None:
    assert Provider(Discovery(ISSUER), CLIENT)._wall is time.time
