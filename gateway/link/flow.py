"""One stream's sender: greets, sends within its window, goes back on a gap, and greets again when in doubt."""

from enum import StrEnum
from random import Random

from gateway.link.effects import Acked, PeerClock, Resync
from gateway.link.journal import Entry, Held, Journal, Point, coalesce
from gateway.link.packets import Ack, Back, Data, Forth, Hello, Welcome, Who
from gateway.link.seal import Leg
from gateway.link.window import LIMITS, Limits, Timing, Window
from gateway.messages import Stream

Out = Forth | Acked | Resync | PeerClock


class Phase(StrEnum):
    """Where a stream's sender stands with its receiver."""

    OFFLINE = "offline"
    GREETING = "greeting"
    FLOWING = "flowing"


class Event(StrEnum):
    """What moves it."""

    CONNECTED = "connected"
    DISCONNECTED = "disconnected"
    WELCOMED = "welcomed"
    DOUBTED = "doubted"


TRANSITIONS: dict[tuple[Phase, Event], Phase] = {
    (Phase.OFFLINE, Event.CONNECTED): Phase.GREETING,
    (Phase.OFFLINE, Event.DISCONNECTED): Phase.OFFLINE,
    (Phase.OFFLINE, Event.WELCOMED): Phase.OFFLINE,
    (Phase.OFFLINE, Event.DOUBTED): Phase.OFFLINE,
    (Phase.GREETING, Event.CONNECTED): Phase.GREETING,
    (Phase.GREETING, Event.DISCONNECTED): Phase.OFFLINE,
    (Phase.GREETING, Event.WELCOMED): Phase.FLOWING,
    (Phase.GREETING, Event.DOUBTED): Phase.GREETING,
    (Phase.FLOWING, Event.CONNECTED): Phase.GREETING,
    (Phase.FLOWING, Event.DISCONNECTED): Phase.OFFLINE,
    (Phase.FLOWING, Event.WELCOMED): Phase.FLOWING,
    (Phase.FLOWING, Event.DOUBTED): Phase.GREETING,
}


def resync_note(leg: Leg, stream: Stream) -> str:
    """The name of the note that keeps the last resync token honoured."""
    return f"resynced/{leg}/{stream}"


class Flow:
    """The sender of one stream. Bytes never pass here: it yields packets and effects, `Sender` seals them."""

    def __init__(self, stream: Stream, leg: Leg, journal: Journal, random: Random, timing: Timing) -> None:
        self.stream = stream
        self.phase = Phase.OFFLINE
        self.deadline: float | None = None
        self.window = Window(LIMITS[stream])
        self._leg = leg
        self._journal = journal
        self._random = random
        self._timing = timing
        self._cursor: Point | None = None
        self._again_up_to: Point | None = None
        self._nonce = self._challenge = self._asked = ""
        self._greetings = self._stalls = 0
        self._gap_seen: Point | None = None
        self._trip = 0.0

    def limit(self, limits: Limits) -> None:
        self.window.limits = limits

    def connected(self, now: float) -> list[Out]:
        self._challenge = ""
        return self._greet(Event.CONNECTED, now)

    def disconnected(self) -> None:
        self._move(Event.DISCONNECTED)
        self.deadline = None
        self.window.clear()

    def wake(self, now: float) -> list[Out]:
        """Send what was appended, as far as the window allows."""
        return self._pump(now)

    def tick(self, now: float) -> list[Out]:
        """Carry on after the deadline: repeat the hello, or go back and send again, every other time by greeting."""
        if self.deadline is None or now < self.deadline:
            return []
        if self.phase is Phase.GREETING:
            return self._hello(now)
        self._stalls += 1
        if self._stalls % 2 == 0:
            return self._greet(Event.DOUBTED, now)
        self._rewind()
        return self._pump(now)

    def receive(self, packet: Back, now: float) -> list[Out]:
        match packet:
            case Ack():
                return self._ack(packet, now)
            case Welcome():
                return self._welcome(packet, now)
            case Who():
                return self._who(packet, now)

    def _ack(self, ack: Ack, now: float) -> list[Out]:
        out = self._settle(ack.point, ack, now) if ack.point else []
        if ack.gap and self.phase is Phase.FLOWING:
            if not continues(self._journal.held(self.stream), ack.point):
                return out + self._greet(Event.DOUBTED, now)
            if self._gap_seen != ack.point:
                self._gap_seen = ack.point
                self._rewind()
        return out + self._pump(now)

    def _welcome(self, welcome: Welcome, now: float) -> list[Out]:
        if welcome.nonce != self._nonce or self.phase is not Phase.GREETING:
            return []
        out = self._settle(welcome.point, welcome, now) if welcome.point else []
        self._move(Event.WELCOMED)
        self._greetings = 0
        self.deadline = None
        self._rewind()
        return out + self._resync(welcome.resync) + self._pump(now)

    def _who(self, who: Who, now: float) -> list[Out]:
        if self.phase is Phase.OFFLINE or who.challenge == self._challenge:
            return []
        self._challenge = who.challenge
        return self._greet(Event.DOUBTED, now)

    def _resync(self, token: str) -> list[Out]:
        if not token or token in {self._asked, self._journal.note(resync_note(self._leg, self.stream))}:
            return []
        self._asked = token
        return [Resync(self.stream, token)]

    def _settle(self, point: Point, packet: Ack | Welcome, now: float) -> list[Out]:
        held = self._journal.held(self.stream)
        mine = next((epoch for epoch in held if epoch.epoch == point.epoch), None)
        if mine is None or (mine is held[0] and point.seq < mine.oldest):
            return []
        point = Point(point.epoch, min(point.seq, mine.next - 1))
        self._journal.delete(self.stream, point)
        sent = self.window.settle(point)
        if self._cursor and self._cursor <= point:
            self._cursor = Point(point.epoch, point.seq + 1)
        self._stalls = 0
        self._restart_timer(now)
        clock: list[Out] = [PeerClock(packet.at, now - sent)] if sent is not None else []
        if sent is not None:
            self._trip = 0.8 * self._trip + 0.2 * (now - sent) if self._trip else now - sent
            self.window.narrow(self._trip)
        return [Acked(self.stream, *point), *clock]

    def _greet(self, event: Event, now: float) -> list[Out]:
        self._move(event)
        if self.phase is not Phase.GREETING:
            return []
        self._rewind()
        self._nonce = f"{self._random.getrandbits(64):016x}"
        self._greetings = 0
        return self._hello(now)

    def _hello(self, now: float) -> list[Out]:
        self.deadline = now + self._timing.delay(self._greetings, self._random, self._trip)
        self._greetings += 1
        return [Hello(self.stream, self._nonce, self._challenge, self._journal.held(self.stream))]

    def _pump(self, now: float) -> list[Out]:
        out: list[Out] = []
        while self.phase is Phase.FLOWING and self.window.room[0]:
            epoch, entries = self._next_batch()
            if not entries:
                break
            last = Point(epoch.epoch, entries[-1].last)
            self.window.add(last, entries, now, again=self._went_before(last))
            self._cursor = Point(last.epoch, last.seq + 1)
            out.append(Data(self.stream, epoch.epoch, epoch.after, tuple(coalesce(entries))))
        if self.deadline is None:
            self._restart_timer(now)
        return out

    def _next_batch(self) -> tuple[Held, list[Entry]]:
        """The next entries, from the cursor's epoch or the one after it."""
        held = self._journal.held(self.stream)
        place = next((rank for rank, epoch in enumerate(held) if self._cursor and epoch.epoch == self._cursor.epoch), 0)
        for epoch in held[place:]:
            at = (
                self._cursor if self._cursor and self._cursor.epoch == epoch.epoch else Point(epoch.epoch, epoch.oldest)
            )
            entries = self._journal.read(self.stream, at, *self.window.room)
            if entries:
                return epoch, entries
        return Held(0, 1, 1, None), []

    def _went_before(self, last: Point) -> bool:
        """Whether (some of) this packet was sent earlier: such a one says nothing about the round trip."""
        again = self._again_up_to is not None
        if self._again_up_to and self._again_up_to <= last:
            self._again_up_to = None
        return again

    def _rewind(self) -> None:
        self._again_up_to = self._again_up_to or self.window.last
        self.window.clear()
        held = self._journal.held(self.stream)
        self._cursor = Point(held[0].epoch, held[0].oldest) if held else None

    def _restart_timer(self, now: float) -> None:
        if self.phase is Phase.FLOWING:
            wait = self._timing.delay(self._stalls, self._random, self._trip)
            self.deadline = None if self.window.empty else now + wait

    def _move(self, event: Event) -> None:
        self.phase = TRANSITIONS[self.phase, event]


def continues(held: tuple[Held, ...], point: Point | None) -> bool:
    """Whether what a sender holds goes on right after the point that its receiver has reached."""
    if not held:
        return True
    same = next((epoch for epoch in held if point and epoch.epoch == point.epoch), None)
    if same and point:
        return point.seq >= same.oldest - 1
    return held[0].oldest == 1 and held[0].after == point
