"""How a profile addresses a signal behind an OPC UA server."""

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.duration import Duration
from edge.misfit import Place, misfits
from edge.pointer import parse as parse_pointer
from edge.profilemodel import Profile
from edge.signal import DataType, Signal
from edge.sources.opcua_address import parse
from gateway.errors import UsageError
from gateway.messages import Name

Sampling = Annotated[Duration, Field(le=timedelta(minutes=1))]
Poll = Annotated[Duration, Field(ge=timedelta(milliseconds=100), le=timedelta(days=1))]


class OpcUaSignal(Signal):
    """`node`: its address (see opcua_address), relative to the machine's `root`. `type` is the value's data type.

    `pointer`: the part of a structure or array that is meant (RFC 6901), and then `type` is the part's. `names`: an
    enumeration comes as its string instead of its number. `sampling` and `queue` override those of the endpoint.
    `poll`: read that often instead of being subscribed, for nodes that change without end, or that cannot be watched.
    """

    node: Annotated[str, Field(min_length=1)]
    type: DataType
    pointer: str = ""
    names_of: Annotated[bool, Field(alias="names")] = False
    sampling: Sampling | None = None
    queue: Annotated[int | None, Field(ge=1, le=10_000)] = None
    poll: Poll | None = None

    @model_validator(mode="after")
    def _address(self) -> Self:
        fault = address_fault(self.node)
        faults: list[tuple[Place, str]] = [(("node",), fault)] if fault else []
        try:
            parse_pointer(self.pointer)
        except ValueError as error:
            faults.append((("pointer",), str(error)))
        if self.names_of and self.type != "Enumeration":
            faults.append((("names",), f"makes words of numbers, but `type` is {self.type}; write `type: Enumeration`"))
        if self.poll and (self.sampling is not None or self.queue is not None):
            faults.append(
                (("poll",), "stands beside `sampling` or `queue`; a signal is polled or subscribed, not both")
            )
        if faults:
            raise misfits(type(self).__name__, faults)
        return self


class OpcUaProfile(Profile):
    """A kind of machine behind an OPC UA server. `job_orders`: the node of its ISA-95 job order receiver."""

    source: Literal["opcua"]
    signals: Annotated[dict[Name, OpcUaSignal], Field(min_length=1)]
    job_orders: str | None = None

    @model_validator(mode="after")
    def _receiver(self) -> Self:
        fault = address_fault(self.job_orders) if self.job_orders else None
        if fault:
            raise misfits(type(self).__name__, [(("job_orders",), fault)])
        return self


def address_fault(node: str) -> str | None:
    """What is wrong with an address, None if nothing."""
    try:
        parse(node)
    except UsageError as error:
        return str(error)
    return None
