"""What a machine's present state takes from its future: a pause, a fault, silence, darkness, or a job that runs."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from edge.layers import Layer
from edge.outlook import View
from edge.profile import WhenOff
from edge.tracker import Sight
from gateway.capacity import CapacityType, Reason
from gateway.machine import PLANT, ItemState, OperationMode
from gateway.span import Span, difference


@dataclass(frozen=True, slots=True)
class Habits:
    """What usually follows: how long a repair takes and a job lasts, and what darkness and silence mean.

    `patience`: how long a machine may be busy without a plan before that counts, so that a job which overruns its plan
    by seconds, or a state that comes a moment late, takes nothing back.
    """

    repair_time: timedelta = timedelta(hours=4)
    job_time: timedelta = timedelta(hours=1)
    staleness: timedelta = timedelta(minutes=5)
    when_off: WhenOff = WhenOff.UNATTAINABLE
    power_up: timedelta = timedelta()
    patience: timedelta = timedelta()


@dataclass(frozen=True, slots=True)
class Present:
    """What the machine does not say itself. `paused`: the sale is stopped by hand. `serving_since`: what it began after
    that may be a booking's job, of which its job list has not told yet. `freed_at`: when its last planned order ended.
    `promised`: spans of orders that were accepted; whoever accepted them sees to it that the machine is on in time.
    `sold`: the part of them that was offered before; no forecast takes it back.
    """

    paused: bool = False
    serving_since: datetime | None = None
    freed_at: datetime | None = None
    promised: tuple[Span, ...] = ()
    sold: tuple[Span, ...] = ()

    def may_serve(self, sight: Sight) -> bool:
        return self.serving_since is not None and sight.at >= self.serving_since


@dataclass(frozen=True, slots=True)
class Condition:
    """What is known of a machine at `now`: its last sight, since when nobody saw it, and what people know.

    `view`: how sure its free time is. `outdated`: papers of the plant's that are too old to sell anything on.
    """

    now: datetime
    sight: Sight | None
    habits: Habits
    silent_since: datetime | None = None
    present: Present = Present()
    view: View = field(default_factory=View)
    outdated: str = ""

    @property
    def stale(self) -> bool:
        """Whether nobody can say any more what the machine does; one that was never seen is stale at once.

        A silence from the future (our clock was set back) has lasted for nobody knows how long.
        """
        if self.sight is None:
            return True
        return self.silent_since is not None and abs(self.now - self.silent_since) >= self.habits.staleness

    def layers(self, within: Span, staffed: Sequence[Span]) -> list[Layer]:
        """The claims that the present makes on `within`; a booking's own run makes none."""
        found: list[Layer] = []
        if self.present.paused:
            found.append(Layer(within, CapacityType.UNATTAINABLE, Reason.PAUSED))
        if self.outdated:
            found.append(Layer(within, CapacityType.UNATTAINABLE, Reason.STALE_DATA, detail=self.outdated))
        if self.stale:
            found += self._stale(within, staffed)
        elif self.sight is not None:
            found += self._seen(self.sight, within, staffed)
        return found

    def turn(self, staffed: Sequence[Span]) -> datetime | None:
        """When the same facts, seen later, claim something else."""
        silent, moments = self.silent_since, list[datetime]()
        if silent is not None:
            moments.append(silent + self.habits.staleness)
        since = silent if self.stale else self.sight.at if self.sight else None
        if since is not None:
            moments.append(_renewed(since, self.habits.repair_time, self.now))
        if self.sight is not None:
            busy = self._busy_since(self.sight)
            moments += [busy + self.habits.patience, _renewed(busy, self.habits.job_time, self.now)]
        if since is not None and self.habits.power_up:
            moments.append(_renewed(since, self.habits.power_up, self.now))
        moments += [edge for span in staffed for edge in (span.start, span.end)]
        return min((moment for moment in moments if moment > self.now), default=None)

    def _stale(self, within: Span, staffed: Sequence[Span]) -> list[Layer]:
        dark = not any(self.now in span for span in staffed)
        since = self.silent_since or self.now
        if self.sight is not None and dark and self.habits.when_off is WhenOff.SELLABLE:
            return self._powering_up(within, since)
        return self._until(within, _renewed(since, self.habits.repair_time, self.now), Reason.STALE_DATA)

    def _seen(self, sight: Sight, within: Span, staffed: Sequence[Span]) -> list[Layer]:
        seen, habits = sight.picture, self.habits
        if seen.mode is OperationMode.MAINTENANCE:
            return self._until(within, _renewed(sight.at, habits.repair_time, self.now), Reason.MAINTENANCE)
        if seen.state is ItemState.OUT_OF_SERVICE:
            return self._until(within, _renewed(sight.at, habits.repair_time, self.now), Reason.BREAKDOWN)
        if seen.state is ItemState.NOT_AVAILABLE:
            return self._off(sight.at, within, staffed)
        busy = seen.state is ItemState.EXECUTING or seen.mode is OperationMode.SETUP
        if not busy or seen.origin != PLANT or self.present.may_serve(sight):
            return []
        since = self._busy_since(sight)
        if self.now - since < habits.patience:
            return []
        return self._until(within, _renewed(since, habits.job_time, self.now), Reason.RUNNING)

    def _busy_since(self, sight: Sight) -> datetime:
        """Since when the machine is busy without a plan."""
        return max(sight.at, self.present.freed_at or sight.at)

    def _off(self, since: datetime, within: Span, staffed: Sequence[Span]) -> list[Layer]:
        """A machine that can be sold dark is back after its power-up, any other with the next shift."""
        if self.habits.when_off is WhenOff.SELLABLE:
            return self._powering_up(within, since)
        shift = next((span.start for span in staffed if span.start > self.now), None)
        return self._until(within, shift or _renewed(since, self.habits.repair_time, self.now), Reason.SWITCHED_OFF)

    def _powering_up(self, within: Span, since: datetime) -> list[Layer]:
        """At least one power-up from now on, in windows of one; what is promised already stays promised."""
        length = self.habits.power_up
        if not length:
            return []
        claim = Span(within.start, _renewed(since, length, self.now + length))
        return [
            Layer(span, CapacityType.UNATTAINABLE, Reason.SWITCHED_OFF)
            for span in difference([claim], self.present.promised)
        ]

    def _until(self, within: Span, end: datetime, reason: Reason) -> list[Layer]:
        span = Span.between(within.start, end)
        kind = CapacityType.COMMITTED if reason is Reason.RUNNING else CapacityType.UNATTAINABLE
        quantity = 1 if reason is Reason.RUNNING else None
        return [Layer(span, kind, reason, quantity)] if span else []


def _renewed(since: datetime, length: timedelta, now: datetime) -> datetime:
    """The end of the window of `length` that holds `now`, counting windows from `since`: it moves only when it ends."""
    if now < since:
        return since + length
    return since + ((now - since) // length + 1) * length
