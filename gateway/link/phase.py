"""Where a stream's sender may stand, as a table."""

from enum import StrEnum


class Phase(StrEnum):
    """Where a stream's sender stands with its receiver.

    `relayed`: a gateway on the way keeps copies of what is sent, while the sender goes on greeting the receiver.
    """

    OFFLINE = "offline"
    GREETING = "greeting"
    RELAYED = "relayed"
    FLOWING = "flowing"


class Event(StrEnum):
    """What moves it."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    KEPT = "kept"
    WELCOMED = "welcomed"
    DOUBTED = "doubted"


TRANSITIONS: dict[tuple[Phase, Event], Phase] = {
    (Phase.OFFLINE, Event.CONNECTED): Phase.GREETING,
    (Phase.OFFLINE, Event.DISCONNECTED): Phase.OFFLINE,
    (Phase.OFFLINE, Event.KEPT): Phase.OFFLINE,
    (Phase.OFFLINE, Event.WELCOMED): Phase.OFFLINE,
    (Phase.OFFLINE, Event.DOUBTED): Phase.OFFLINE,
    (Phase.GREETING, Event.CONNECTED): Phase.GREETING,
    (Phase.GREETING, Event.DISCONNECTED): Phase.OFFLINE,
    (Phase.GREETING, Event.KEPT): Phase.RELAYED,
    (Phase.GREETING, Event.WELCOMED): Phase.FLOWING,
    (Phase.GREETING, Event.DOUBTED): Phase.GREETING,
    (Phase.RELAYED, Event.CONNECTED): Phase.GREETING,
    (Phase.RELAYED, Event.DISCONNECTED): Phase.OFFLINE,
    (Phase.RELAYED, Event.KEPT): Phase.RELAYED,
    (Phase.RELAYED, Event.WELCOMED): Phase.FLOWING,
    (Phase.RELAYED, Event.DOUBTED): Phase.GREETING,
    (Phase.FLOWING, Event.CONNECTED): Phase.GREETING,
    (Phase.FLOWING, Event.DISCONNECTED): Phase.OFFLINE,
    (Phase.FLOWING, Event.KEPT): Phase.RELAYED,
    (Phase.FLOWING, Event.WELCOMED): Phase.FLOWING,
    (Phase.FLOWING, Event.DOUBTED): Phase.GREETING,
}
