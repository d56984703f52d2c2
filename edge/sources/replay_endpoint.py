"""What a plant says about a machine that lives through a log."""

from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from edge.sources.device import Device


class Replay(Device):
    """`machine`: its name in the log (else its own). `rate` (for tests): moments a second, whatever the clock says."""

    rewinds: ClassVar[bool] = True

    type: Literal["replay"]
    file: Path
    machine: str | None = None
    rate: Annotated[float, Field(gt=0)] | None = None
