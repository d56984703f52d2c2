"""The one clock of business time, read only by the roots of processes; everything else takes `now` as an argument."""

import os
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from gateway.errors import UsageError
from gateway.span import utc

VARIABLE = "THIRDSHIFT_CLOCK"
MAX_SPEED = 3600.0


@dataclass(frozen=True, slots=True)
class Clock:
    """Business time: `origin` was at real UNIX time `anchor` (s), and runs `speed` times as fast since.

    The default is the wall clock. A demo gives all of its processes one other clock by the environment variable
    THIRDSHIFT_CLOCK, written as `2012-02-27T06:00:00+00:00@1767225600.0x60`.
    """

    speed: float = 1.0
    anchor: float = 0.0
    origin: datetime = datetime(1970, 1, 1, tzinfo=UTC)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Clock":
        text = environment.get(VARIABLE, "")
        if not text:
            return cls()
        try:
            origin, rest = text.split("@")
            anchor, speed = rest.split("x")
            clock = cls(float(speed), float(anchor), utc(datetime.fromisoformat(origin)))
        except ValueError as error:
            msg = f"{VARIABLE}={text!r} is not a clock; write ORIGIN@UNIXxSPEED, or unset it to use the wall clock"
            raise UsageError(msg) from error
        check_speed(clock.speed)
        return clock

    def __str__(self) -> str:
        return f"{self.origin.isoformat()}@{self.anchor!r}x{self.speed:g}"

    def now(self) -> datetime:
        return self.origin + timedelta(seconds=(time.time() - self.anchor) * self.speed)

    def business(self, real: timedelta) -> timedelta:
        """How much business time passes while `real` passes on the wall: for leases and time-outs of the transport."""
        return real * self.speed

    def seconds_until(self, moment: datetime) -> float:
        """Real seconds to sleep until business time reaches `moment`; 0 if it has."""
        return max(0.0, (moment - self.now()).total_seconds() / self.speed)


def check_speed(speed: float) -> float:
    """The speed itself, or a UsageError where no deployment could keep up with it."""
    if not 0 < speed <= MAX_SPEED:
        msg = f"speed {speed:g} is not possible: choose one above 0 and at most {MAX_SPEED:g} (an hour in a second)"
        raise UsageError(msg)
    return speed
