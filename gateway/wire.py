"""What every payload that crosses the fence has: a version, a stream, and names that both sides can write."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Name = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]
Text = Annotated[str, Field(max_length=500)]
Unit = Annotated[
    str, Field(min_length=1, max_length=32, pattern=r"^[^\x00-\x20\x7f]([^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?$")
]
"""A unit's symbol as the plant or the machine writes it (`kW`, `mm/min`, `degC`): one line of text."""


class Stream(StrEnum):
    """The streams of the post, in order of priority."""

    CONTROL = "control"
    STATE = "state"
    TELEMETRY = "telemetry"
    BACKFILL = "backfill"


class Message(BaseModel):
    """What every payload has. `v` is the contract's version; machines are named as the plant names them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    v: Literal[1] = 1

    def payload(self) -> bytes:
        """The message as the JSON bytes that the link carries."""
        return self.model_dump_json(exclude_none=True).encode()
