"""What every kind of source has on the device's side of a config."""

from collections.abc import Hashable
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Device(BaseModel):
    """Where one machine's readings come from. Secrets are references; paths are absolute once the config is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rewinds: ClassVar[bool] = False
    """Whether the source goes on where its Cursor says, so that a time in which nobody read it leaves no gap."""

    type: str

    def shared(self) -> Hashable | None:
        """Machines with the same key share one source; None: each has its own."""
        return None
