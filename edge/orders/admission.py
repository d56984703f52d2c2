"""Whether an order from outside may reach a machine at all: the inbound side of the fence, as pure rules."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from gateway.because import Because
from gateway.messages import Name, Order


class OrderMode(StrEnum):
    """What an order may do to the machine: nothing; be stored for a person to start; be stored and started."""

    OFF = "off"
    STORE = "store"
    STORE_AND_START = "store_and_start"


class Bound(BaseModel):
    """The values that a parameter may take: a range of numbers, or one of a few choices."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    min: float | None = None
    max: float | None = None
    choices: tuple[str | int | float, ...] = ()

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if not self.choices and (self.min is None or self.max is None):
            msg = "a parameter needs both `min` and `max`, or `choices`: nothing unbounded reaches a machine"
            raise ValueError(msg)
        if self.min is not None and self.max is not None and self.min > self.max:
            msg = f"min {self.min:g} is above max {self.max:g}"
            raise ValueError(msg)
        return self

    def fault(self, value: float | str) -> str | None:
        """What is wrong with the value; None if nothing."""
        if self.choices:
            return None if value in self.choices else f"{value!r} is none of {', '.join(map(str, self.choices))}"
        if isinstance(value, str) or self.min is None or self.max is None:
            return f"{value!r} is not a number"
        return None if self.min <= value <= self.max else f"{value:g} is not within {self.min:g} to {self.max:g}"


class WorkMaster(BaseModel):
    """One kind of work that may be ordered, with the bounds of all its parameters."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    max_quantity: Annotated[int, Field(ge=1)] = 100_000
    parameters: Mapping[Name, Bound] = Field(default_factory=dict)


class OrderPolicy(BaseModel):
    """What one machine takes from outside. The default takes nothing.

    `asks`: a person must accept each order first, and has so long for it (business time); None: nobody is asked.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    orders: OrderMode = OrderMode.OFF
    asks: timedelta | None = None
    work_masters: Mapping[Name, WorkMaster] = Field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Admitted:
    """The order may go to the machine."""


@dataclass(frozen=True, slots=True)
class Refused:
    """It may not; `code` is for everybody, `reason` says what the plant allows and is for the plant alone."""

    code: Because
    reason: str


def admit(order: Order, policy: OrderPolicy, now: datetime) -> Admitted | Refused:
    """Judge one order. Only what the policy names gets through: work masters, their parameters, and in time."""
    if policy.orders is OrderMode.OFF:
        return Refused(Because.ORDERS_OFF, f"{order.machine} takes no orders from outside (`orders: off`)")
    if now > order.not_after or now >= order.end:
        return Refused(
            Because.TOO_LATE, f"past {min(order.not_after, order.end).isoformat()}, when it could last be started"
        )
    master = policy.work_masters.get(order.work_master)
    if master is None:
        known = ", ".join(policy.work_masters) or "none"
        return Refused(Because.WORK_MASTER, f"work master {order.work_master!r} is not allowed here; allowed: {known}")
    if order.quantity > master.max_quantity:
        reason = f"{order.quantity} pieces are more than the {master.max_quantity} allowed at once"
        return Refused(Because.QUANTITY, reason)
    return _parameters(order, master)


def _parameters(order: Order, master: WorkMaster) -> Admitted | Refused:
    for name, value in order.parameters.items():
        bound = master.parameters.get(name)
        if bound is None:
            return Refused(Because.PARAMETER, f"{order.work_master} has no parameter {name!r}")
        fault = bound.fault(value)
        if fault is not None:
            return Refused(Because.BOUNDS, f"{name}: {fault}")
    return Admitted()
