"""Signals, samples and rollups as they cross the API's border."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

Width = Literal["minute", "hour", "day"]


class Wire(BaseModel):
    """What every model here has: frozen, and refusing what it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Signals(Wire):
    """The signals of which a machine has samples, and the store that keeps them."""

    items: tuple[str, ...]
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
    """One signal over a window. `step_s`: the seconds that each point stands for; None where each is a sample."""

    machine_id: str
    signal: str
    start: datetime
    end: datetime
    step_s: int | None
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
