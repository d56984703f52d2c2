"""What every kind of source has on the device's side of a config."""

from collections.abc import Hashable

from pydantic import BaseModel, ConfigDict


class Device(BaseModel):
    """Where one machine's readings come from. Secrets are references; paths are absolute once the config is read."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str

    def shared(self) -> Hashable | None:
        """Machines with the same key share one source; None: each has its own."""
        return None
