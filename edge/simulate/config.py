"""What a simulated plant reads at its start: the log that it lives through, its machines, and where it writes."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import FileInvalid


class SimulatedMachine(BaseModel):
    """One machine: its name in the log, its port (0: any), and the business seconds that a part takes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    port: Annotated[int, Field(ge=0, le=65535)] = 0
    cycle_s: Annotated[float, Field(gt=0)] = 600.0


class PlantConfig(BaseModel):
    """A plant of machines that live through `log`.

    `ready` is written when all serve; `record` takes what clients tell the machines. `behaviour` is a file that may
    appear later: a JSON object from a booking's id to how its machine will treat it.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    log: Path
    zone: str = "UTC"
    machines: Annotated[tuple[SimulatedMachine, ...], Field(min_length=1)]
    ready: Path
    record: Path
    behaviour: Path

    @property
    def tz(self) -> ZoneInfo:
        return ZoneInfo(self.zone)


class Behaviour(BaseModel):
    """How a machine treats one job: made whole, stopped when a share of it is made, or never begun."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    stop_at: Annotated[float, Field(ge=0, le=1)] | None = None
    ignore_start: bool = False


def read(path: Path) -> PlantConfig:
    """Raises FileInvalid with the file and each fault."""
    try:
        return PlantConfig.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        msg = f"{path}: cannot be used: {error}"
        raise FileInvalid(msg) from error


def behaviour_of(path: Path, job_id: str) -> Behaviour:
    """How the machine is to treat this job; an ordinary job has no entry."""
    if not path.exists():
        return Behaviour()
    known: Mapping[str, Any] = json.loads(path.read_text())
    booking = job_id.rpartition("-")[0] or job_id
    return Behaviour.model_validate(known.get(booking, {}))
