"""Where on its own box an agent may be seen beyond its data folder."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field


class Local(BaseModel):
    """`port`: of /health, /metrics, /status and /bookings.ics, on the loopback address alone; None: no port is opened.

    `bookings`: the folder of bookings.ics and bookings.csv, where that is not the data folder.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    port: Annotated[int, Field(ge=1, le=65535)] | None = None
    bookings: Path | None = None
