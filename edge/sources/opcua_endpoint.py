"""What a plant says about one OPC UA server: where it is, how to be sure that it is the one, how fast to listen."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Milliseconds = Annotated[int, Field(ge=10, le=60_000)]
Seconds = Annotated[float, Field(gt=0, le=600)]
Security = Literal["auto", "none", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"]


class OpcUaEndpoint(BaseModel):
    """One server. The password comes in through the config layer (environment or file), never in clear text.

    `security: auto` takes the highest that the server offers, and from then on nothing less; a policy by name takes
    that one only. `identity` is the folder with this agent's own certificate and with those of the servers that it
    trusts. `server_certificate` pins one server instead: `sha256:…` (its fingerprint) or the path of its certificate.
    `accept_expired`: its certificate may be out of date. The user is anonymous, `user` and `password`, or
    `user_certificate` and `user_key` (X.509).

    `sampling_ms: 0` asks for every change that the server itself sees. An outage shorter than `bridge_s` is bridged
    without loss as long as `queue_size` samples of a signal suffice; the server keeps the session and its queues for
    that long. A signal that says nothing for `item_watchdog_s` is read, to tell a quiet one from a dead one.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^opc\.tcp://[^/\s@]+(/\S*)?$")]
    security: Security = "auto"
    user: str | None = None
    password: SecretStr | None = None
    user_certificate: Path | None = None
    user_key: Path | None = None
    server_certificate: str | None = None
    accept_expired: bool = False
    identity: Path = Path("pki")
    sampling_ms: Annotated[int, Field(ge=0, le=60_000)] = 100
    publishing_ms: Milliseconds = 100
    queue_size: Annotated[int, Field(ge=1, le=10_000)] = 500
    watchdog_s: Seconds = 5.0
    item_watchdog_s: Annotated[float, Field(gt=0, le=86_400)] = 60.0
    timeout_s: Seconds = 10.0
    bridge_s: Seconds = 60.0
    retry_cap_s: Seconds = 2.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.user is None) != (self.password is None):
            msg = "`user` and `password` come together"
            raise ValueError(msg)
        if (self.user_certificate is None) != (self.user_key is None):
            msg = "`user_certificate` and `user_key` come together"
            raise ValueError(msg)
        if self.user is not None and self.user_certificate is not None:
            msg = "give `user` with `password`, or `user_certificate` with `user_key`: a session has one user"
            raise ValueError(msg)
        return self

    @property
    def with_user(self) -> bool:
        """Whether somebody signs in by name or certificate."""
        return self.user is not None or self.user_certificate is not None
