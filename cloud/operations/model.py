"""How the house runs, as it crosses the API's border: durations and rates in real time, moments in business time."""

from datetime import datetime
from typing import Literal

from cloud.registry.model import Parked, Wire
from gateway.messages import Stream

Seen = Literal["never", "fresh", "silent"]


class Loss(Wire):
    """Messages of a stream that will never come, by the reason that the sender gave or the numbers tell."""

    stream: Stream
    reason: str
    messages: int
    last_at: datetime


class Refused(Wire):
    """Packets in the agent's name that were thrown away at the door: `mac`, `key`, `form`, `version`, `line_full`."""

    reason: str
    packets: int
    first_at: datetime
    last_at: datetime


class Lane(Wire):
    """A stream up. `waiting`: of the messages that the sender said it holds, `told_at`, so many are not here yet.

    It says so when it connects and when an answer fails to come; what it gathered since then is not in it.
    """

    stream: Stream
    epoch: int
    received: int
    waiting: int
    told_at: datetime | None


class Down(Wire):
    """What is on its way to the agent: orders and cancellations that it has not acknowledged."""

    waiting: int
    oldest_at: datetime | None


class ParkedCount(Wire):
    """Messages that the contract or the registry refused; GET /v1/parked lists them."""

    messages: int
    last_at: datetime | None


class AgentLink(Wire):
    """An agent and its link. `clock_offset_s`: its clock minus ours, in real seconds, as far as that is certain.

    `losses` of the last 30 days of business time. An agent says neither its version nor its configuration.
    """

    id: str
    name: str
    site_id: str
    site: str
    machines: int
    last_receipt_at: datetime | None
    seen: Seen
    clock_offset_s: float | None
    lanes: tuple[Lane, ...]
    losses: tuple[Loss, ...]
    refused: tuple[Refused, ...]
    parked: ParkedCount
    down: Down


class ParkedLine(Parked):
    """A message that was refused, with its agent's name; `payload` has its first characters."""

    agent: str


class ParkedLines(Wire):
    """The latest ones, the newest first; GET /v1/parked has them all, and whole."""

    items: tuple[ParkedLine, ...]


class Flow(Wire):
    """What of a stream was committed lately. `p50_s`, `p99_s`: from the source's stamp to commit, within a fifth."""

    stream: Stream
    messages_per_s: float
    samples_per_s: float
    p50_s: float | None
    p99_s: float | None
    last_at: datetime | None


class FlowPoint(Wire):
    """The same, over one minute of real time that began at `at`."""

    at: datetime
    stream: Stream
    messages: int
    samples: int
    p50_s: float | None
    p99_s: float | None


class Ingest(Wire):
    """What came in. `flows` is of the last `window_s` full seconds; `items` has the minutes in which something came.

    A step of `items` is `step_s` real seconds, which are `step_s * speed` of business time.
    """

    start: datetime
    end: datetime
    speed: float
    step_s: int
    window_s: int
    flows: tuple[Flow, ...]
    items: tuple[FlowPoint, ...]


class SampleStore(Wire):
    """The store of samples. `trails_s`: so long after its answer does a sample count as kept.

    `oldest_at` is of the caller's own samples; None where there are none, or where the store could only tell by
    reading them all. `keeps` as the store writes it, None: for ever.
    """

    name: str
    answers: bool
    detail: str | None
    version: str | None
    trails_s: float
    keeps: str | None
    oldest_at: datetime | None


class RegistryStore(Wire):
    """The registry's own database, which keeps all else."""

    name: str
    version: str


class Stores(Wire):
    """Where things are kept, and whether it answers."""

    samples: SampleStore
    registry: RegistryStore


class Hook(Wire):
    """A webhook's deliveries of the last 30 days: `due` wait for their next try, `failed` were given up.

    `status` and `error` are those of the last one that did not get through, if it still waits or was given up.
    """

    id: str
    url: str
    due: int
    failed: int
    delivered: int
    oldest_due_at: datetime | None
    next_at: datetime | None
    last_delivered_at: datetime | None
    status: int | None
    error: str | None


class Hooks(Wire):
    """Every webhook of the enterprise."""

    items: tuple[Hook, ...]
