"""What a config says about a machine that a Sparkplug edge node speaks for."""

from collections.abc import Hashable
from typing import Annotated, Literal

from pydantic import Field

from edge.sources.broker_device import BrokerDevice

TopicPart = Annotated[str, Field(min_length=1, pattern=r"^[^/+#]+$")]


class Sparkplug(BrokerDevice):
    """A device of an edge node, or the node itself where `device` is left out.

    `prefix` stands before each metric's name, where one node or device has the metrics of several machines.
    `host_id`: the name under which this agent says on the broker that it is there (its STATE).
    """

    type: Literal["sparkplug"]
    group: TopicPart
    node: TopicPart
    device: TopicPart | None = None
    prefix: str = ""
    host_id: TopicPart = "thirdshift"

    def shared(self) -> Hashable:
        return (super().shared(), self.host_id)
