"""How a profile names a signal of a log: by the signal's own name, which is the log's column."""

from typing import Annotated, Literal

from pydantic import Field

from edge.profilemodel import Profile
from edge.signal import Signal
from gateway.messages import Name


class ReplayProfile(Profile):
    """A kind of machine that lives through a log."""

    source: Literal["replay"]
    signals: Annotated[dict[Name, Signal], Field(min_length=1)]
