"""All that a key may see of a plant at one moment, in the API's own models."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Self

from pydantic import AwareDatetime, BaseModel, ConfigDict

from cloud.booking.wire import Booking
from cloud.registry.model import Capacity, Enterprise, Machine, Site, States
from gateway.span import Span

NOTHING_SEEN = States(items=(), gaps=())

NO_STATEMENT = Capacity(machine_id="", version=0, issued_at=None, valid_until=None, fresh=False, spans=(), claims=())


class Meter(BaseModel):
    """What of a booking was really run. `share` is good over ordered quantity (0 to 1)."""

    model_config = ConfigDict(extra="ignore", frozen=True)

    outcome: str | None = None
    share: float | None = None
    run_hours: float | None = None
    started: AwareDatetime | None = None
    ended: AwareDatetime | None = None

    @classmethod
    def of(cls, booking: Booking) -> Self | None:
        """The booking's meter, if it has been read."""
        return cls.model_validate(booking.meter) if booking.meter else None


def span_of(booking: Booking) -> Span:
    """When it is booked for."""
    return Span(booking.start, booking.end)


@dataclass(frozen=True, slots=True)
class Plant:
    """What was `seen` at a moment of business time; every refresh makes a new one. Maps are by machine id.

    `outlined`: the machines' past and hours are still being read.
    """

    enterprise: Enterprise
    seen: datetime
    sites: tuple[Site, ...] = ()
    machines: tuple[Machine, ...] = ()
    states: Mapping[str, States] = field(default_factory=dict)
    capacity: Mapping[str, Capacity] = field(default_factory=dict)
    bookings: tuple[Booking, ...] = ()
    parked: int = 0
    outlined: bool = False

    @property
    def zone(self) -> str:
        """The time zone to show times in: the plant's own, where all plants share one, else UTC."""
        zones = {site.zone for site in self.sites}
        return zones.pop() if len(zones) == 1 else "UTC"
