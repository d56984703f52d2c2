"""What a plant says about one OPC UA server: where it is, how to be sure that it is the one, how fast to listen."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Milliseconds = Annotated[int, Field(ge=10, le=60_000)]
Seconds = Annotated[float, Field(gt=0, le=600)]


class OpcUaEndpoint(BaseModel):
    """One server. The password comes in through the config layer (environment or file), never in clear text.

    `server_certificate` pins the server: `sha256:…` (its fingerprint) or the path of its certificate; without a pin a
    secured connection is refused. `sampling_ms: 0` asks for every change that the server itself sees. An outage shorter
    than `bridge_s` is bridged without loss as long as `queue_size` samples of a signal suffice; the server keeps the
    session and its queues for that long.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: Annotated[str, Field(pattern=r"^opc\.tcp://[^/\s@]+(/\S*)?$")]
    security: Literal["none", "Basic256Sha256"] = "none"
    user: str | None = None
    password: SecretStr | None = None
    server_certificate: str | None = None
    identity: Path | None = None
    sampling_ms: Annotated[int, Field(ge=0, le=60_000)] = 250
    publishing_ms: Milliseconds = 500
    queue_size: Annotated[int, Field(ge=1, le=10_000)] = 200
    watchdog_s: Seconds = 5.0
    timeout_s: Seconds = 10.0
    bridge_s: Seconds = 60.0
    retry_cap_s: Seconds = 5.0

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.user is None) != (self.password is None):
            msg = "`user` and `password` come together"
            raise ValueError(msg)
        if self.security != "none" and self.identity is None:
            msg = "`security` needs `identity`: the folder that keeps this agent's own certificate and key"
            raise ValueError(msg)
        return self
