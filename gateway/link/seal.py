"""The envelope of every packet: a key id and an HMAC that binds it to one agent, one leg and one direction."""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Leg = Literal["up", "down"]
"""`up` is from the edge to the cloud, `down` the other way; each leg has packets forth and answers back."""

Direction = Literal["forth", "back"]
"""`forth` is from a leg's sender to its receiver (data, hello), `back` the answers (ack, welcome, who)."""

VERSION = b"TS1"


class Refusal(StrEnum):
    """Why a packet is ignored; each is counted."""

    FORM = "form"
    VERSION = "version"
    KEY = "key"
    MAC = "mac"


@dataclass(frozen=True, slots=True)
class Keyring:
    """Shared secrets by key id; new packets are sealed with `active`, any of `keys` opens one."""

    keys: Mapping[str, bytes]
    active: str

    def __post_init__(self) -> None:
        if self.active not in self.keys:
            msg = f"the active key {self.active!r} is not among the keys"
            raise ValueError(msg)
        if any(not kid or not kid.isascii() or not kid.isprintable() or " " in kid for kid in self.keys):
            msg = "a key id must be printable ASCII without spaces"
            raise ValueError(msg)


@dataclass(frozen=True, slots=True)
class Lane:
    """One leg of one agent, with the keys that seal its packets."""

    keyring: Keyring
    agent: str
    leg: Leg

    def seal(self, direction: Direction, body: bytes) -> bytes:
        """`TS1 <kid> <hex HMAC-SHA256>`, a newline, the body."""
        kid = self.keyring.active
        return b"TS1 %b %b\n%b" % (kid.encode(), self.mac(kid, direction, body).encode(), body)

    def unseal(self, direction: Direction, packet: bytes) -> bytes | Refusal:
        """The body, if a holder of a key sealed it for exactly this agent, leg and direction."""
        head, newline, body = packet.partition(b"\n")
        parts = head.split(b" ")
        if not newline or len(parts) != 3 or not head.isascii() or len(parts[2]) != 64:
            return Refusal.FORM
        version, kid, mac = parts[0], parts[1].decode(), parts[2].decode()
        if version != VERSION:
            return Refusal.VERSION
        if kid not in self.keyring.keys:
            return Refusal.KEY
        return body if self.admits(kid, mac, direction, body) else Refusal.MAC

    def mac(self, kid: str, direction: Direction, body: bytes) -> str:
        place = f"TS1\n{kid}\n{self.agent}\n{self.leg}\n{direction}\n".encode()
        return hmac.digest(self.keyring.keys[kid], place + body, "sha256").hex()

    def admits(self, kid: str, mac: str, direction: Direction, body: bytes) -> bool:
        return hmac.compare_digest(mac, self.mac(kid, direction, body))
