"""One stream's sender: greets, sends within its window, goes back on a gap, and greets again when in doubt."""

from random import Random

from gateway.link.effects import Acked, PeerClock, Resync
from gateway.link.journal import Entry, Held, Journal, Point, coalesce
from gateway.link.packets import Ack, Back, Data, Forth, Hello, Kept, Welcome, Who
from gateway.link.phase import TRANSITIONS, Event, Phase
from gateway.link.seal import Leg
from gateway.link.window import LIMITS, Limits, Timing, Window
from gateway.messages import Stream

Out = Forth | Acked | Resync | PeerClock


def resync_note(leg: Leg, stream: Stream) -> str:
    """The name of the note that keeps the last resync token honoured."""
    return f"resynced/{leg}/{stream}"


class Flow:
    """The sender of one stream. Bytes never pass here: it yields packets and effects, `Sender` seals them."""

    def __init__(self, stream: Stream, leg: Leg, journal: Journal, random: Random, timing: Timing) -> None:
        self.stream = stream
        self.phase = Phase.OFFLINE
        self.deadline: float | None = None
        self.resumes: float | None = None
        self.window = Window(LIMITS[stream])
        self._leg = leg
        self._journal = journal
        self._random = random
        self._timing = timing
        self._cursor: Point | None = None
        self._kept_to: Point | None = None
        self._vouched = False
        self._again_up_to: Point | None = None
        self._nonce = self._challenge = self._asked = ""
        self._greetings = self._stalls = 0
        self._gap_seen: Point | None = None
        self._trip = 0.0

    def limit(self, limits: Limits) -> None:
        self.window.limits = limits

    @property
    def due(self) -> float | None:
        """When `tick` has something to do: an answer is late, or the stream's rate admits another packet."""
        return min((moment for moment in (self.deadline, self.resumes) if moment is not None), default=None)

    def connected(self, now: float) -> list[Out]:
        self._challenge = ""
        return self._greet(Event.CONNECTED, now)

    def disconnected(self) -> None:
        self._move(Event.DISCONNECTED)
        self.deadline = self.resumes = None
        self.window.clear()

    def wake(self, now: float) -> list[Out]:
        """Send what was appended, as far as the window allows."""
        return self._pump(now)

    def tick(self, now: float) -> list[Out]:
        """Carry on after the deadline: repeat the hello, or go back and send again, every other time by greeting."""
        if self.deadline is None or now < self.deadline:
            return self._pump(now) if self.resumes is not None and now >= self.resumes else []
        if self.phase is Phase.GREETING:
            return self._hello(now)
        if self.phase is Phase.RELAYED:
            self._vouched = False
            self._rewind()
            return self._hello(now) + self._pump(now)
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
            case Kept():
                return self._kept(packet, now)

    def _ack(self, ack: Ack, now: float) -> list[Out]:
        out = self._settle(ack.point, ack, now) if ack.point else []
        if ack.gap and self.phase is Phase.RELAYED:
            return out + self._greet(Event.DOUBTED, now)
        if ack.gap and self.phase is Phase.FLOWING:
            if not continues(self._journal.held(self.stream), ack.point):
                return out + self._greet(Event.DOUBTED, now)
            if self._gap_seen != ack.point:
                self._gap_seen = ack.point
                self._rewind()
        return out + self._pump(now)

    def _welcome(self, welcome: Welcome, now: float) -> list[Out]:
        if welcome.nonce != self._nonce or self.phase not in {Phase.GREETING, Phase.RELAYED}:
            return []
        out = self._settle(welcome.point, welcome, now) if welcome.point else []
        if not (self.phase is Phase.RELAYED and self._vouched and self._copied):
            self._move(Event.WELCOMED)
            self._greetings = 0
            self.deadline = self._kept_to = None
            self._rewind()
        return out + self._resync(welcome.resync) + self._pump(now)

    def _who(self, who: Who, now: float) -> list[Out]:
        if self.phase is Phase.OFFLINE or who.challenge == self._challenge:
            return []
        self._challenge = who.challenge
        return self._greet(Event.DOUBTED, now)

    def _kept(self, kept: Kept, now: float) -> list[Out]:
        """Go on where the gateway's copies end; its word is good for the order of sending only, never for deleting."""
        if kept.nonce != self._nonce or self.phase is Phase.OFFLINE:
            return []
        if self.phase is Phase.FLOWING:
            self.deadline = now + self._timing.delay(self._greetings, self._random, self._trip)
        self._move(Event.KEPT)
        self._vouched = True
        self._kept_to = kept.last if covers(self._journal.held(self.stream), kept) else None
        if self._kept_to:
            self.window.settle(self._kept_to)
            if self._cursor and self._cursor <= self._kept_to:
                self._cursor = Point(self._kept_to.epoch, self._kept_to.seq + 1)
        return self._pump(now)

    @property
    def _copied(self) -> bool:
        """Whether some of what the receiver lacks is with a gateway, by its last word."""
        held = self._journal.held(self.stream)
        return bool(held and self._kept_to and Point(held[0].epoch, held[0].oldest) <= self._kept_to)

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
        self._kept_to = None
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
        self.resumes = None
        while self.phase in {Phase.FLOWING, Phase.RELAYED} and self.window.room[0]:
            if pause := self.window.pause(now):
                self.resumes = now + pause
                break
            epoch, entries = self._next_batch()
            if not entries:
                break
            last = Point(epoch.epoch, entries[-1].last)
            size = sum(entry.size for entry in entries)
            self.window.add(last, len(entries), size, now, again=self._went_before(last))
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
        if self._cursor and self._kept_to and self._cursor <= self._kept_to:
            self._cursor = Point(self._kept_to.epoch, self._kept_to.seq + 1)

    def _restart_timer(self, now: float) -> None:
        if self.phase is Phase.RELAYED and not self._copied and self.deadline is not None:
            # The receiver answers again and has all of the copies: it is time to be welcomed.
            self.deadline = min(self.deadline, now + self._timing.delay(0, self._random, self._trip))
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


def covers(held: tuple[Held, ...], kept: Kept) -> bool:
    """Whether a gateway's copies have all that a sender holds, from its oldest up to where they end."""
    if not held or kept.first is None or kept.last is None:
        return False
    ends_in = next((epoch for epoch in held if epoch.epoch == kept.last.epoch), None)
    oldest = Point(held[0].epoch, held[0].oldest)
    return ends_in is not None and kept.last.seq < ends_in.next and kept.first <= oldest
