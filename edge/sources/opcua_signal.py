"""How a profile addresses a signal behind an OPC UA server."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from edge.misfit import misfits
from edge.profilemodel import Profile
from edge.signal import DataType, Signal
from edge.sources.opcua_address import parse
from gateway.errors import UsageError
from gateway.messages import Name


class OpcUaSignal(Signal):
    """`node`: its address (see opcua_address), relative to the machine's `root`. `type` is the node's data type."""

    node: Annotated[str, Field(min_length=1)]
    type: DataType

    @model_validator(mode="after")
    def _address(self) -> Self:
        fault = address_fault(self.node)
        if fault:
            raise misfits(type(self).__name__, [(("node",), fault)])
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
