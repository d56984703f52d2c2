"""How a profile addresses a signal of a Sparkplug edge node or device."""

from typing import Annotated, Literal

from pydantic import Field

from edge.profilemodel import Profile
from edge.signal import Signal
from gateway.messages import Name


class SparkplugSignal(Signal):
    """`metric`: the name that the birth gives it, behind the machine's `prefix`. Its data type comes with the birth."""

    metric: Annotated[str, Field(min_length=1)]


class SparkplugProfile(Profile):
    """A kind of machine that an edge node speaks for."""

    source: Literal["sparkplug"]
    signals: Annotated[dict[Name, SparkplugSignal], Field(min_length=1)]
