"""What a config says about a machine that publishes over MQTT."""

from typing import Annotated, Literal

from pydantic import AfterValidator

from edge.sources.broker_device import BrokerDevice
from edge.sources.mqtt_topics import fault


def _topic(value: str) -> str:
    wrong = fault(value)
    if wrong is not None:
        raise ValueError(wrong)
    return value


class Mqtt(BrokerDevice):
    """`topic`: the machine's own, before the topics of its profile; `{machine}` in either is `machine` (its own name,
    if left out), so that one line serves a whole plant.
    """

    type: Literal["mqtt"]
    topic: Annotated[str, AfterValidator(_topic)] = ""
    machine: str | None = None
