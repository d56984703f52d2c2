"""Sparkplug topics: spBv1.0/GROUP/VERB/NODE[/DEVICE], and the STATE of a host (specification 3.0, 4.1)."""

from dataclasses import dataclass
from enum import StrEnum

import orjson

NAMESPACE = "spBv1.0"


class Verb(StrEnum):
    """The messages of edge nodes and their devices; commands are not among them."""

    NBIRTH = "NBIRTH"
    NDEATH = "NDEATH"
    NDATA = "NDATA"
    DBIRTH = "DBIRTH"
    DDEATH = "DDEATH"
    DDATA = "DDATA"


_OF_DEVICES = {Verb.DBIRTH, Verb.DDEATH, Verb.DDATA}


@dataclass(frozen=True, slots=True)
class Node:
    """One edge node of one group."""

    group: str
    name: str

    def __str__(self) -> str:
        return f"{self.group}/{self.name}"

    @property
    def filters(self) -> tuple[str, str]:
        """The subscriptions that take in all that the node and its devices say."""
        return f"{NAMESPACE}/{self.group}/+/{self.name}", f"{NAMESPACE}/{self.group}/+/{self.name}/+"

    @property
    def command(self) -> str:
        """Where it takes commands."""
        return f"{NAMESPACE}/{self.group}/NCMD/{self.name}"


@dataclass(frozen=True, slots=True)
class Topic:
    """Who says what kind of thing; `device` is None where the edge node speaks of itself."""

    node: Node
    verb: Verb
    device: str | None = None


def parse(text: str) -> Topic | None:
    """The topic of a message of an edge node; None for any other, also of commands."""
    parts = text.split("/")
    if len(parts) not in {4, 5} or parts[0] != NAMESPACE or parts[2] not in set(Verb):
        return None
    verb = Verb(parts[2])
    if (verb in _OF_DEVICES) != (len(parts) == 5):
        return None
    return Topic(Node(parts[1], parts[3]), verb, parts[4] if len(parts) == 5 else None)


def state(host: str) -> str:
    """Where the host application `host` says whether it is there."""
    return f"{NAMESPACE}/STATE/{host}"


def standing(*, online: bool, stamp: int) -> bytes:
    """What a host says there; `stamp` in milliseconds since 1970, the same in its will and in its birth (6.4.21)."""
    return orjson.dumps({"online": online, "timestamp": stamp})


def says_online(payload: bytes) -> bool:
    """Whether a host is said to be there."""
    try:
        said = orjson.loads(payload)
    except orjson.JSONDecodeError:
        return False
    return isinstance(said, dict) and said.get("online") is True
