"""The plant's door with one bug planted in it, by name, to prove that the simulated world would see such a bug."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from gateway.bridge.judge import Judge, Stopped, Verdict
from gateway.bridge.relay import Packet, Relay
from gateway.link import Ack, Data, Entry, Hello, Point, Welcome, read
from gateway.link.packets import encode
from gateway.topics import Channel

AT = datetime(2026, 1, 1, tzinfo=UTC)


class AcknowledgesItself(Relay):
    """Tells the agent that the registry has what only its own cache has."""

    def receive(self, channel: Channel, raw: bytes, now: float) -> list[Packet]:
        out = super().receive(channel, raw, now)
        packet = read(self._up, raw) if channel is Channel.UP else None
        if isinstance(packet, Data):
            ack = Ack(packet.stream, Point(packet.epoch, packet.last), gap=False, at=AT)
            out.append(Packet(Channel.UP_ACK, self._up.seal("back", encode(ack))))
        return out


class Welcomes(Relay):
    """Answers the agent's greeting in the registry's place, with the end of its own cache."""

    def receive(self, channel: Channel, raw: bytes, now: float) -> list[Packet]:
        out = super().receive(channel, raw, now)
        packet = read(self._up, raw) if channel is Channel.UP else None
        chain = self.passages[packet.stream].chain if isinstance(packet, Hello) else None
        if isinstance(packet, Hello) and chain:
            welcome = Welcome(packet.stream, chain.last, packet.nonce, "", AT)
            out.append(Packet(Channel.UP_ACK, self._up.seal("back", encode(welcome))))
        return out


def forgetful(judge: Judge) -> Judge:
    """Puts the last message that may cross in the place of one that may not, and no tombstone."""
    last = [b'{"n":0,"pad":""}']

    def lax(entry: Entry) -> tuple[Entry, Verdict]:
        allowed, verdict = judge(entry)
        if isinstance(verdict, Stopped):
            return replace(entry, payload=last[0]), verdict
        last[0] = entry.payload or last[0]
        return allowed, verdict

    return lax


@dataclass(frozen=True, slots=True)
class Door:
    """What a simulated door is built of."""

    relay: type[Relay] = Relay
    judge: Callable[[Judge], Judge] = lambda judge: judge


SOUND_DOOR = Door()
DOOR_BUGS: Mapping[str, Door] = {
    "door-acknowledges": Door(relay=AcknowledgesItself),
    "door-welcomes": Door(relay=Welcomes),
    "withheld-replaced": Door(judge=forgetful),
}
