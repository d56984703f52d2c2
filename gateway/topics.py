"""The MQTT topics of the post: ts/1/{partition}/{agent}/{up|up-ack|down|down-ack}."""

import re
import zlib
from dataclasses import dataclass
from enum import StrEnum

from gateway.errors import GatewayError

PARTITIONS = 256
_AGENT = re.compile(r"^[A-Za-z0-9_-]{1,64}$")


class Channel(StrEnum):
    """The four ways of a packet: data up and its acknowledgement, data down and its acknowledgement."""

    UP = "up"
    UP_ACK = "up-ack"
    DOWN = "down"
    DOWN_ACK = "down-ack"


class TopicUnknown(GatewayError):
    """A topic that is not one of ours."""

    code = "topic.unknown"


@dataclass(frozen=True, slots=True)
class Topic:
    """One agent's channel; the partition follows from the agent, so ingest scales by dividing partitions."""

    agent: str
    channel: Channel

    def __post_init__(self) -> None:
        if not _AGENT.match(self.agent):
            msg = f"agent {self.agent!r} can't stand in a topic; use 1 to 64 of A-Z a-z 0-9 _ -"
            raise TopicUnknown(msg)

    def __str__(self) -> str:
        return f"ts/1/{partition(self.agent)}/{self.agent}/{self.channel}"


def partition(agent: str) -> int:
    """A stable bucket in [0, 256) of an agent: CRC-32 of its name (IEEE 802.3), so any language agrees on it."""
    return zlib.crc32(agent.encode()) % PARTITIONS


def filter_for(channel: Channel, bucket: int | None = None) -> str:
    """The subscription that takes in a channel of one partition, or of all."""
    return f"ts/1/{'+' if bucket is None else bucket}/+/{channel}"


def parse(text: str) -> Topic:
    """The topic that `text` names. Raises TopicUnknown, also for an agent under a partition that is not its own."""
    parts = text.split("/")
    if len(parts) != 5 or parts[:2] != ["ts", "1"] or parts[4] not in set(Channel):
        msg = f"{text!r} is not ts/1/{{partition}}/{{agent}}/{{up|up-ack|down|down-ack}}"
        raise TopicUnknown(msg)
    topic = Topic(parts[3], Channel(parts[4]))
    if str(topic) != text:
        msg = f"{text!r} has the wrong partition: {topic.agent} belongs to {partition(topic.agent)}"
        raise TopicUnknown(msg)
    return topic
