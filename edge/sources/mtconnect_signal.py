"""How a profile finds a signal among the data items of an MTConnect device."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.misfit import Place, misfits
from edge.profilemodel import Profile
from edge.signal import Signal
from gateway.messages import Name

Word = Annotated[str, Field(min_length=1, max_length=200)]


class MtconnectSignal(Signal):
    """Either `item`, a data item's id or name; or `item_type` (EXECUTION, CONTROLLER_MODE…), and `sub_type` and
    `component` where several items of the type would fit.

    `component`: the type, the name or the id of the component that has it (Path, Controller, C). A condition's value is
    the worst of its active levels (NORMAL, WARNING, FAULT). UNAVAILABLE is a bad value, unless `values` names it.
    `entry`: the key of the wanted entry of a data set.
    """

    item: Word | None = None
    item_type: Annotated[str | None, Field(pattern=r"^(\w+:)?[A-Z][A-Z0-9_]*$")] = None
    sub_type: Word | None = None
    component: Word | None = None
    entry: Word | None = None

    @model_validator(mode="after")
    def _address(self) -> Self:
        faults: list[tuple[Place, str]] = []
        if (self.item is None) == (self.item_type is None):
            text = "write `item: ID` (a data item's id or name) or `item_type: EXECUTION` (its type), one of the two"
            faults.append((("item",), text))
        if self.item is not None:
            astray = [name for name in ("sub_type", "component") if getattr(self, name) is not None]
            faults += [((name,), "stands beside `item`, which says it all; remove it") for name in astray]
        if faults:
            raise misfits(type(self).__name__, faults)
        return self

    @property
    def shown(self) -> str:
        """The address as a person reads it."""
        if self.item is not None:
            return self.item
        sub = f".{self.sub_type}" if self.sub_type else ""
        return f"{self.component + '/' if self.component else ''}{self.item_type}{sub}"


class MtconnectProfile(Profile):
    """A kind of machine behind an MTConnect agent, or recorded by an adapter (SHDR)."""

    source: Literal["mtconnect"]
    signals: Annotated[dict[Name, MtconnectSignal], Field(min_length=1)]
