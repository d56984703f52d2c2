"""Signals, samples and rollups as they cross the API's border."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Width = Literal["minute", "hour", "day"]
Shape = Literal["buckets", "line"]
Part = Literal["states", "ledger"]


class Wire(BaseModel):
    """What every model here has: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Signal(Wire):
    """A signal, and the unit of its values as the plant announced it last; None where the plant names none."""

    signal: str
    unit: str | None


class Signals(Wire):
    """The signals of which a machine has samples, and the store that keeps them."""

    items: tuple[Signal, ...]
    store: str


class Point(Wire):
    """One sample as it is (`quality` is given), or what `samples` of them from `at` on come to.

    Then `value` is their mean, and `least`, `most` and `last` tell of their numbers; None where there are none.
    """

    at: datetime
    value: float | str | None
    quality: str | None = None
    samples: int = 1
    least: float | None = None
    most: float | None = None
    last: float | None = None


class Samples(Wire):
    """One signal over a window. `step_s`: the seconds that each point stands for; None where each is a sample.

    `unit`: of the values, as the plant announced it last; None where it names none.
    `total`: how many samples there are about in the window, by whole buckets; so many may have been left out.
    """

    machine_id: str
    signal: str
    unit: str | None = None
    start: datetime
    end: datetime
    step_s: int | None
    total: int
    store: str
    items: tuple[Point, ...]


class StateShare(Wire):
    """For how many seconds a machine was in a state, and how often it entered it. `booked`: in a booking's service."""

    state: str
    mode: str
    booked: bool
    seconds: float
    entered: int


class LedgerShare(Wire):
    """Seconds times quantity. `name`: the type of an offer, gross, or the state of a claim; `begun` here so many."""

    kind: Literal["offer", "claim"]
    name: str
    seconds: float
    begun: int


class Rollup(Wire):
    """What a machine came to over a minute or hour of UTC, or a day of its plant."""

    start: datetime
    states: tuple[StateShare, ...]
    ledger: tuple[LedgerShare, ...]


class Rollups(Wire):
    """What a machine came to, up to the last full minute, with a lag of some seconds."""

    machine_id: str
    width: Width
    zone: str
    items: tuple[Rollup, ...]


class Spent(Wire):
    """Seconds by the time elements of ISO 22400-2, of the time of which a state is known (`seen`).

    `apt` producing, of it `booked` for bookings; `aust` setting up; `adet` not functional; `adot` available without an
    order; `planned_down` in maintenance; `off` switched off, which counts as not planned. PBT: the first four.
    """

    apt: float
    aust: float
    adet: float
    adot: float
    planned_down: float
    off: float
    booked: float
    seen: float
    pbt: float


class Performance(Wire):
    """Key figures of a machine (ISO 22400-2) over the plant's days that begin in the window; None is "not measured".

    `produced`, `good` and `run_time` (s) are of signals that the plant lets out: part_count (or PQ), good_part_count
    (GQ), planned_run_time_per_item (PRI). `utilisation` is producing time over all time seen.
    """

    machine_id: str
    days: int
    times: Spent
    produced: float | None
    good: float | None
    run_time: float | None
    utilisation: float | None
    availability: float | None
    effectiveness: float | None
    quality_ratio: float | None
    oee: float | None
    technical_efficiency: float | None
    setup_ratio: float | None


class Band(Wire):
    """From `start` to `end` this was what the machine did for longest, hour by hour."""

    start: datetime
    end: datetime
    state: str
    mode: str
    booked: bool


class Bands(Wire):
    """What a machine did over a window, at a glance."""

    machine_id: str
    items: tuple[Band, ...]
