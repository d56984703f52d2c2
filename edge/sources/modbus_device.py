"""What a plant says about a machine behind a Modbus TCP server."""

from collections.abc import Hashable
from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.duration import Duration
from edge.misfit import misfits
from edge.sources.device import Device

Seconds = Annotated[float, Field(gt=0, le=600)]


class Modbus(Device):
    """`unit`: the machine's own id behind `host`; all units of one server share one connection.

    `poll`: how often each signal is read. `bridge`: words between two signals that are read along so that both come
    in one request; 0 for a server that has holes. `largest`: words in one request, for a server that takes fewer than
    the standard's 125.
    """

    type: Literal["modbus"]
    host: Annotated[str, Field(pattern=r"^[^\s/@:]+$|^[0-9A-Fa-f:]+$")]
    port: Annotated[int, Field(ge=1, le=65_535)] = 502
    unit: Annotated[int, Field(ge=0, le=255)] = 1
    poll: Duration = timedelta(seconds=1)
    timeout_s: Seconds = 3.0
    retry_cap_s: Seconds = 5.0
    bridge: Annotated[int, Field(ge=0, le=120)] = 8
    largest: Annotated[int, Field(ge=4, le=125)] = 125

    @model_validator(mode="after")
    def _pace(self) -> Self:
        if self.poll < timedelta(milliseconds=20):
            fault = "is shorter than 20 ms, which no Modbus server keeps up with"
            raise misfits(type(self).__name__, [(("poll",), fault)])
        return self

    def shared(self) -> Hashable:
        """Units of one server, asked in the same way."""
        return self.model_copy(update={"unit": 0})

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"
