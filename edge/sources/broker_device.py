"""What a config says about a machine behind an MQTT broker: which broker, and how to be let in."""

from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from edge.secret import SecretRef
from edge.sources.device import Device


class BrokerTls(BaseModel):
    """The authority that signed the broker's certificate, and our own certificate if the broker asks for one."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ca: Path
    certificate: Path | None = None
    key: Path | None = None


class BrokerDevice(Device):
    """Machines behind one broker share one connection. `client_id`: ours, where the broker knows its clients by it."""

    host: Annotated[str, Field(min_length=1, pattern=r"^[^\s/@]+$")]
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    user: str | None = None
    password: SecretRef | None = None
    tls: BrokerTls | None = None
    client_id: Annotated[str, Field(min_length=1, max_length=64)] | None = None
    keepalive_s: Annotated[int, Field(ge=5, le=600)] = 30

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if self.password is not None and self.user is None:
            msg = "`password` needs `user`"
            raise ValueError(msg)
        return self

    def shared(self) -> Hashable:
        return (self.host, self.port, self.user, self.password, self.tls, self.client_id, self.keepalive_s)
