"""The plant's configuration of one agent: who it is, where the post goes, which machines, and how they are sold."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, Self, Union
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from edge.duration import Duration, duration
from edge.local.config import Local
from edge.orders.admission import OrderMode, OrderPolicy, WorkMaster
from edge.plansource import Plan
from edge.profile import WhenOff
from edge.reserve import Reserve
from edge.secret import SecretRef
from edge.sources.device import Device
from edge.sources.kinds import KINDS
from edge.sources.opcua_device import OpcUa
from edge.sources.replay_endpoint import Replay
from edge.watch import Foretell
from edge.week import WeekCalendar
from edge.yamlfile import load
from gateway.capacity import Confidence
from gateway.crossing import Disclosure
from gateway.messages import Name

__all__ = ["Config", "Machine", "OpcUa", "Replay", "SecondSource", "Selling", "SourceConfig", "read"]

CONFIDENCES = {"very_low": 0.0, "low": 0.5, "medium": 0.75, "high": 0.9, "firm": 0.97}
"""Names of the bands' floors."""


def _least(value: object) -> Confidence | None:
    """A band by its name, or the band that promises at least so much."""
    if value is None or isinstance(value, Confidence):
        return value
    asked = CONFIDENCES.get(str(value), value)
    if not isinstance(asked, float | int) or isinstance(asked, bool) or not 0 <= asked <= Confidence.FIRM.floor:
        msg = f"expected one of {', '.join(CONFIDENCES)}, or a probability up to {Confidence.FIRM.floor}"
        raise ValueError(msg)
    return next(band for band in Confidence if band.floor >= asked)


def _zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (KeyError, ValueError, OSError):
        msg = "is not a time zone of the IANA database; write for example `Europe/Berlin` or `UTC`"
        raise ValueError(msg) from None
    return value


def _reserve(value: object) -> Reserve:
    if isinstance(value, Reserve):
        return value
    text = str(value).strip()
    if not text.endswith("%"):
        return Reserve(per_day=duration(text))
    try:
        share = float(text[:-1]) / 100
    except ValueError:
        share = -1.0
    if not 0 <= share <= 1:
        msg = "expected a share of each day's staffed time such as `10 %`, or hours of each day such as `2 h`"
        raise ValueError(msg)
    return Reserve(share=share)


class _Data(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)


class Tls(_Data):
    """The broker's certificate authority, and this agent's own certificate if the broker asks for one."""

    ca: Path
    certificate: Path | None = None
    key: Path | None = None


class Broker(_Data):
    """The MQTT broker that the post goes through."""

    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    user: str | None = None
    password: SecretRef | None = None
    tls: Tls | None = None


class LinkKey(_Data):
    """The key that the registry gave this agent: its id, and the secret (base64)."""

    id: Annotated[str, Field(pattern=r"^[!-~]{1,64}$")]
    secret: SecretRef


if TYPE_CHECKING:
    SourceConfig = Device
else:
    SourceConfig = Annotated[Union[tuple(kind.device for kind in KINDS.values())], Field(discriminator="type")]  # noqa: UP007
"""The device's side of any kind of source, told apart by `type`."""


class Orders(_Data):
    """Which booked jobs may reach the machine, and how far; `orders: off` is short for a policy alone.

    `off`: none. `store`: they are stored, a person starts them. `store_and_start`: the machine starts them itself.
    `ask`: a person accepts each one first, at the latest `within` so long after it came; `then` it is as that says.
    """

    policy: OrderMode | Literal["ask"] = OrderMode.OFF
    then: Literal[OrderMode.STORE, OrderMode.STORE_AND_START] = OrderMode.STORE
    within: Duration = timedelta(hours=4)
    work_masters: dict[Name, WorkMaster] = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _short(cls, value: object) -> object:
        return {"policy": value} if isinstance(value, str) else value

    @property
    def rules(self) -> OrderPolicy:
        if self.policy == "ask":
            return OrderPolicy(orders=self.then, asks=self.within, work_masters=self.work_masters)
        return OrderPolicy(orders=self.policy, work_masters=self.work_masters)


class Selling(_Data):
    """How time is sold; at the top for all machines, and at a machine where it differs.

    `confidence`: hours that are less sure are not offered. `forecast`: which hours the forecast weighs.
    """

    reserve: Annotated[Reserve | None, BeforeValidator(lambda value: None if value is None else _reserve(value))] = None
    repair_time: Duration | None = None
    job_time: Duration | None = None
    shortest: Duration | None = None
    horizon: Duration | None = None
    when_off: WhenOff | None = None
    staleness: Duration | None = None
    confidence: Annotated[Confidence | None, BeforeValidator(_least)] = None
    forecast: Foretell | None = None


class SecondSource(_Data):
    """Who else knows the machine's mode (an MES, a person): a profile with a mode table, and a source."""

    profile: Name
    source: SourceConfig


class Line(_Data):
    """Machines that share working time, between the site and each of them."""

    calendar: WeekCalendar = WeekCalendar()


class Machine(_Data):
    """One machine: what kind, where its readings come from, how it is sold, and which booked jobs may reach it.

    `line`: whose calendar it inherits. `history`: a log of what it did before the agent's first start; it is told once.
    """

    profile: Name
    source: SourceConfig
    mode_from: SecondSource | None = None
    quantity: Annotated[int, Field(ge=1, le=1_000_000)] = 1
    manufacturer: str | None = None
    model: str | None = None
    serial: str | None = None
    line: Name | None = None
    calendar: WeekCalendar | None = None
    plan: Plan | None = None
    selling: Selling = Selling()
    history: Replay | None = None
    orders: Orders = Orders()


class Post(_Data):
    """The statement's lease and the wait before better news, in real seconds; what an outage may pile up.

    `telemetry_mb` and `telemetry_days` bound the telemetry that waits for the registry: beyond them the oldest goes.
    `backfill_kb_s`: how fast what an outage left behind is sent once the registry is back.
    """

    lease_s: Annotated[float, Field(ge=5, le=86_400)] = 300.0
    settle_s: Annotated[float, Field(ge=0, le=3600)] = 2.0
    telemetry_mb: Annotated[float, Field(ge=1, le=1_000_000)] = 256.0
    telemetry_days: Annotated[float, Field(gt=0, le=3650)] = 30.0
    backfill_kb_s: Annotated[float, Field(ge=1, le=1_000_000)] = 1024.0


class Config(_Data):
    """One agent. Paths are relative to the config's own folder."""

    agent: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
    link: LinkKey
    broker: Broker = Broker()
    data: Path = Path("data")
    zone: Annotated[str, AfterValidator(_zone)] = "UTC"
    profiles: tuple[Path, ...] = ()
    calendar: WeekCalendar = WeekCalendar()
    lines: dict[Name, Line] = Field(default_factory=dict)
    plan: Plan | None = None
    selling: Selling = Selling()
    post: Post = Post()
    disclosure: Disclosure = Disclosure()
    local: Local = Local()
    machines: Annotated[dict[Name, Machine], Field(min_length=1, max_length=1000)]

    @model_validator(mode="before")
    @classmethod
    def _counted_by_the_plants_clock(cls, given: Any) -> Any:
        """What is told in whole hours or blocks is so by the plant's clock, unless the policy names another."""
        if not isinstance(given, dict) or "zone" not in given:
            return given
        disclosure = given.get("disclosure", {})
        return given | {"disclosure": {"zone": given["zone"]} | disclosure} if isinstance(disclosure, dict) else given

    @model_validator(mode="after")
    def _known_machines(self) -> Self:
        strange = set(self.disclosure.machines) - set(self.machines)
        if strange:
            msg = f"disclosure.machines names {sorted(strange)[0]!r}, which is not one of the machines"
            raise ValueError(msg)
        astray = [
            (name, each.line) for name, each in self.machines.items() if each.line and each.line not in self.lines
        ]
        if astray:
            msg = f"machines.{astray[0][0]}.line is {astray[0][1]!r}, which is not one of `lines`"
            raise ValueError(msg)
        return self

    def calendars(self, name: str) -> tuple[WeekCalendar, ...]:
        """The calendars of a machine: the site's, its line's, its own."""
        machine = self.machines[name]
        line = self.lines[machine.line].calendar if machine.line else None
        return tuple(each for each in (self.calendar, line, machine.calendar) if each is not None)


def read(path: Path) -> Config:
    """The config with its paths made absolute. Raises FileInvalid with file, line, key and remedy."""
    found: Config = _absolute(load(path, Config), path.resolve().parent)
    return found


def _absolute(value: Any, folder: Path) -> Any:
    """A copy of the models in which every relative path starts at `folder`."""
    match value:
        case Path():
            return value if value.is_absolute() else folder / value
        case BaseModel():
            changed = {name: _absolute(getattr(value, name), folder) for name in type(value).model_fields}
            return value.model_copy(update=changed)
        case dict():
            return {name: _absolute(each, folder) for name, each in value.items()}
        case tuple():
            return tuple(_absolute(each, folder) for each in value)
        case _:
            return value
