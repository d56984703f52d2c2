"""The announcement: which machines an agent speaks for, and in which units it measures what may cross."""

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from gateway.wire import Message, Name, Text, Unit


class Announce(Message):
    """Control, up: the agent's machines. The registry binds each name to this agent's enterprise."""

    class Machine(BaseModel):
        """A machine as the agent knows it; `quantity` is how many units of capacity it has at one instant.

        `units`: by signal, the unit of its values, of those signals that may cross and have one that the agent knows.
        It is left out where it is empty, which is also what agents say that know nothing of units.
        """

        model_config = ConfigDict(extra="forbid", frozen=True)

        name: Name
        profile: Name
        manufacturer: Text | None = None
        model: Text | None = None
        serial: Text | None = None
        quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
        units: Annotated[Mapping[Name, Unit] | None, Field(max_length=10_000)] = None

    kind: Literal["announce"] = "announce"
    at: AwareDatetime
    machines: Annotated[tuple[Machine, ...], Field(max_length=1000)]
