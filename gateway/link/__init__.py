"""The post's core, sans I/O: carries a journal's messages into a receiver's store exactly once, or tells what is lost.

It trusts the transport for nothing: packets may be dropped, doubled, delayed, reordered or forged. Sending side:
`Sender` over a `Journal`. Receiving side: `read`, `receive`, commit, `reply`.
"""

from gateway.link.effects import Acked, Effect, PeerClock, Resync, Send
from gateway.link.flow import resync_note
from gateway.link.journal import (
    MAX_PAYLOAD,
    STREAMS,
    Entry,
    Held,
    Journal,
    Mark,
    PayloadRefused,
    Point,
    Writer,
    pending,
)
from gateway.link.memory import Disk, MemoryJournal
from gateway.link.packets import Ack, Data, Hello, Kept, Welcome, Who
from gateway.link.phase import TRANSITIONS, Event, Phase
from gateway.link.position import Cause, Loss, Position, adopt
from gateway.link.receiver import (
    Accept,
    Adopted,
    Decision,
    Duplicate,
    Gap,
    Greeted,
    Unknown,
    ask,
    read,
    receive,
    reply,
)
from gateway.link.seal import Keyring, Lane, Leg, Refusal
from gateway.link.sender import Sender
from gateway.link.window import LIMITS, Limits, Timing

__all__ = [
    "LIMITS",
    "MAX_PAYLOAD",
    "STREAMS",
    "TRANSITIONS",
    "Accept",
    "Ack",
    "Acked",
    "Adopted",
    "Cause",
    "Data",
    "Decision",
    "Disk",
    "Duplicate",
    "Effect",
    "Entry",
    "Event",
    "Gap",
    "Greeted",
    "Held",
    "Hello",
    "Journal",
    "Kept",
    "Keyring",
    "Lane",
    "Leg",
    "Limits",
    "Loss",
    "Mark",
    "MemoryJournal",
    "PayloadRefused",
    "PeerClock",
    "Phase",
    "Point",
    "Position",
    "Refusal",
    "Resync",
    "Send",
    "Sender",
    "Timing",
    "Unknown",
    "Welcome",
    "Who",
    "Writer",
    "adopt",
    "ask",
    "pending",
    "read",
    "receive",
    "reply",
    "resync_note",
]
