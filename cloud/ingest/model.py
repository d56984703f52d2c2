"""What reaches the registry from its agents, and what it is sorted into before anything is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from gateway.link import Keyring, Lane, Leg
from gateway.messages import (
    Announce,
    GapNotice,
    JobReport,
    OrderAnswer,
    Samples,
    StateChange,
    Statement,
    Stream,
    Telemetry,
)

M_co = TypeVar("M_co", covariant=True)

UNANNOUNCED = "unannounced"
"""The profile of a machine that was heard of before its announce arrived: streams do not wait for one another."""

Control = Statement | OrderAnswer | JobReport
About = Control | StateChange | GapNotice | Samples | Telemetry


@dataclass(frozen=True, slots=True)
class Agent:
    """An agent as the registry binds it: whatever it says is said for this enterprise and site."""

    id: str
    enterprise: str
    site: str
    key_id: str
    key: bytes = field(repr=False)

    def lane(self, leg: Leg) -> Lane:
        """One of its two ways, with the key that seals the packets on it."""
        return Lane(Keyring({self.key_id: self.key}, self.key_id), self.id, leg)


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine of the enterprise, and the agent that speaks for it."""

    id: str
    agent: str


Named = tuple[str, str]
"""A machine by its enterprise and the name that its plant gave it."""

Known = Mapping[Named, Machine]


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message that the link handed over, once, with its number; `payload` is as the agent wrote it."""

    agent: Agent
    stream: Stream
    epoch: int
    seq: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Numbered(Generic[M_co]):
    """A decoded message beside the delivery that brought it."""

    delivery: Delivery
    message: M_co


@dataclass(frozen=True, slots=True)
class Parked:
    """A message that cannot be taken in: kept with a stable code and the reason, while the rest goes on."""

    delivery: Delivery
    code: str
    reason: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Deliveries by what has to happen with them; the order within each agent's stream is kept."""

    announces: tuple[Numbered[Announce], ...] = ()
    controls: tuple[Numbered[Control], ...] = ()
    changes: tuple[Numbered[StateChange], ...] = ()
    gaps: tuple[Numbered[GapNotice], ...] = ()
    samples: tuple[Numbered[Samples | Telemetry], ...] = ()
    parked: tuple[Parked, ...] = ()

    @property
    def told(self) -> tuple[Numbered[About], ...]:
        """All that speaks of one machine."""
        return (*self.controls, *self.changes, *self.gaps, *self.samples)

    @property
    def machines(self) -> dict[Named, Agent]:
        """All machines that the batch speaks of, other than by announcing them, and who was the first to."""
        return {named(each): each.delivery.agent for each in reversed(self.told)}


def named(each: Numbered[About]) -> Named:
    """The machine that it speaks of."""
    return each.delivery.agent.enterprise, each.message.machine
