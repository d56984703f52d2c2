"""What a plant says about a machine behind an MTConnect agent, or about its recording."""

from collections.abc import Hashable
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, model_validator

from edge.misfit import Place, misfits
from edge.sources.device import Device

Seconds = Annotated[float, Field(gt=0, le=600)]

OWN = ("device", "model", "rate", "file")
"""What is a machine's own, and not its agent's."""


class Mtconnect(Device):
    """`url`: the agent's address; `device`: the machine's name or uuid there, if the agent has several.

    `interval_ms`: how often the agent looks for news while it streams, or is asked where it cannot stream.
    `heartbeat_s`: how long it may be silent; `timeout_s`: how long an answer may take; `count`: observations in one
    document. `ca`: a certificate authority for https. Or `file`: a recorded SHDR stream instead of an agent, with the
    device's `model` (its Devices.xml) where data items have other ids than names; `rate` (for tests): moments a second.
    """

    rewinds: ClassVar[bool] = True

    type: Literal["mtconnect"]
    url: Annotated[str | None, Field(pattern=r"^https?://[^/\s@?#]+(/[^\s?#]*)?$")] = None
    device: str | None = None
    interval_ms: Annotated[int, Field(ge=10, le=60_000)] = 500
    heartbeat_s: Seconds = 10.0
    timeout_s: Seconds = 10.0
    retry_cap_s: Seconds = 5.0
    count: Annotated[int, Field(ge=1, le=100_000)] = 1000
    ca: Path | None = None
    file: Path | None = None
    model: Path | None = None
    rate: Annotated[float | None, Field(gt=0)] = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        faults: list[tuple[Place, str]] = []
        if (self.url is None) == (self.file is None):
            text = "write `url` (an agent's address) or `file` (a recorded SHDR stream), one of the two"
            faults.append((("url",), text))
        elif self.file is None:
            astray = [name for name in ("model", "rate") if getattr(self, name) is not None]
            faults += [((name,), "belongs to a recording (`file`); an agent tells its own model") for name in astray]
        if self.ca is not None and not (self.url or "").startswith("https:"):
            faults.append((("ca",), "is for an https address; remove it or write https in `url`"))
        if faults:
            raise misfits(type(self).__name__, faults)
        return self

    def shared(self) -> Hashable | None:
        """Machines of one agent, asked for in the same way; each recording is alone."""
        if self.url is None:
            return None
        return self.model_copy(update={"url": self.address, **dict.fromkeys(OWN)})

    @property
    def address(self) -> str:
        """The agent's address without a slash at its end."""
        return (self.url or "").rstrip("/")
