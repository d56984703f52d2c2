"""What a sender asks its shell to do, and what it tells the application."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gateway.messages import Stream


@dataclass(frozen=True, slots=True)
class Send:
    """Publish these bytes; whether they arrive is the link's care, not the shell's."""

    data: bytes


@dataclass(frozen=True, slots=True)
class Acked:
    """The receiver's store has all up to (epoch, seq), and the journal has forgotten it."""

    stream: Stream
    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Resync:
    """The receiver lost something: publish the full current state of this stream, then `Sender.resynced(…, token)`."""

    stream: Stream
    token: str


@dataclass(frozen=True, slots=True)
class PeerClock:
    """The receiver's business time, read off at most `age` real seconds ago."""

    at: datetime
    age: float

    def offset(self, now: datetime, speed: float = 1.0) -> timedelta:
        """How far the receiver's clock is ahead of ours (negative: behind) for certain; zero within the uncertainty.

        `now`: our business time at this moment; `speed`: business seconds in a real one.
        """
        oldest = now - timedelta(seconds=self.age * speed)
        return max(self.at - now, timedelta()) + min(self.at - oldest, timedelta())


Effect = Send | Acked | Resync | PeerClock
