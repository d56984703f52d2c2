"""A world with the plant's door in it: two networks and a gateway between that dies, forgets, and withholds."""

import copy
from collections.abc import Callable
from random import Random

from gateway.bridge.cache import MemoryCache
from gateway.bridge.judge import WITHHELD, Judged, Passed, Stopped, Verdict
from gateway.bridge.relay import Packet, Relay
from gateway.link import Entry, Lane, Mark
from gateway.simulator.door_mutants import SOUND_DOOR, Door
from gateway.simulator.mutants import SOUND, Parts
from gateway.simulator.network import CALM, Network, Way, Weather
from gateway.simulator.sending import TIMING
from gateway.simulator.truth import Truth
from gateway.simulator.world import World, live
from gateway.topics import Channel

ROOM = (1_500, 6_000, 1 << 20)
"""Bytes of a gateway's cache; small ones are full most of the time."""


class DoorNetwork(Network):
    """The plant's network (this one) and the line outside, with a gateway in between."""

    def __init__(self, random: Random, weather: tuple[Weather, Weather], lane: Lane, truth: Truth, door: Door) -> None:
        super().__init__(random, weather[0])
        self.line = Network(random, weather[1])
        self.cache = MemoryCache(random.choice(ROOM))
        self.withheld = 1
        self.crash_share = 0.0
        self._lane, self._truth, self._door = lane, truth, door
        self._copies = [copy.deepcopy(self.cache)]
        self.relay = self._born(0.0)

    @property
    def idle(self) -> bool:
        return super().idle and self.line.idle and self.cache.size() == 0

    def send(self, way: Way, packet: bytes, now: float) -> None:
        if way == "forth":
            super().send(way, packet, now)
        else:
            self.line.send(way, packet, now)

    def due(self, now: float) -> list[tuple[Way, bytes]]:
        """What arrives at either host; what arrives at the gateway is carried on."""
        inside, outside = super().due(now), self.line.due(now)
        up = self._lane.leg == "up"
        for way, packet in inside:
            if way == "forth":
                self._carry(self.relay.receive(Channel.UP if up else Channel.DOWN, packet, now), now)
        for way, packet in outside:
            if way == "back":
                self._carry(self.relay.receive(Channel.UP_ACK if up else Channel.DOWN_ACK, packet, now), now)
        self._carry(self.relay.tick(now), now)
        arrived = [each for each in inside if each[0] == "back"]
        return arrived + [each for each in outside if each[0] == "forth"]

    def restart(self, now: float) -> None:
        """The gateway's process died and is back on the same disk."""
        self.relay = self._born(now)

    def wipe(self, now: float) -> None:
        """Its disk is lost."""
        self.cache.__init__(self.random.choice(ROOM))  # type: ignore[misc]
        self.restart(now)

    def back_up(self) -> None:
        self._copies = [*self._copies[-4:], copy.deepcopy(self.cache)]

    def restore(self, now: float) -> None:
        """Its disk is as it was once."""
        self.cache = copy.deepcopy(self.random.choice(self._copies))
        self.restart(now)

    def cut_line(self, *, noticed: bool) -> None:
        self.line.cut = True
        if noticed:
            self.relay.disconnected()

    def mend_line(self, now: float) -> None:
        if self.line.cut:
            self.line.cut = False
            self._carry(self.relay.connected(now), now)

    def anywhere(self, now: float) -> None:
        """An attacker sends again what was heard on one side, on any side and any way."""
        heard = [*self.heard, *self.line.heard]
        if heard:
            way, packet = self.random.choice(heard)
            send = self.random.choice((super().send, self.line.send))
            send(self.random.choice((way, "forth", "back")), packet, now)

    def _born(self, now: float) -> Relay:
        relay = self._door.relay(self._lane, self.cache, self._door.judge(self._judge), self.random, TIMING)
        relay.on_judged = self._on_judged
        self.relay = relay
        if not self.line.cut:
            self._carry(relay.connected(now), now)
        return relay

    def _carry(self, packets: list[Packet], now: float) -> None:
        """All that the gateway sends, or what got out before it died."""
        dies = self.random.random() < self.crash_share
        for packet in packets[: self.random.randint(0, len(packets))] if dies else packets:
            if packet.channel in {Channel.UP, Channel.DOWN}:
                self.line.send("forth", packet.data, now)
            else:
                super().send("back", packet.data, now)
        if dies:
            self.restart(now)

    def _judge(self, entry: Entry) -> tuple[Entry, Verdict]:
        if entry.payload is None or int(entry.payload[5 : entry.payload.index(b",")]) % 7 != self.withheld:
            return entry, Passed(None, entry.size)
        return Entry(entry.seq, entry.last, None, WITHHELD), Stopped(None, entry.size, WITHHELD, "")

    def _on_judged(self, judged: Judged) -> None:
        if isinstance(judged.verdict, Stopped):
            self._truth.bury(Mark(judged.stream, *judged.point))


class DoorWorld(World):
    """A world whose post goes through a gateway, with the same promises: it may do nothing that a network may not."""

    network: DoorNetwork

    def __init__(self, seed: int, parts: Parts = SOUND, door: Door = SOUND_DOOR) -> None:
        self._door = door
        super().__init__(seed, parts)

    def settle(self) -> None:
        self.network.crash_share, self.network.line.weather = 0.0, CALM
        self.network.mend_line(self.now)
        super().settle()

    def _lay(self, lane: Lane) -> Network:
        return DoorNetwork(self.random, (self._weather(), self._weather()), lane, self.truth, self._door)

    def _draw_fate(self) -> list[tuple[float, Callable[[], None]]]:
        faults = [self._crash_door, self._wipe_door, self._back_up_door, self._restore_door, self._replay_anywhere]
        chosen = [fault for fault in faults if self.random.random() < 0.5]
        self.network.crash_share = self.random.choice((0.0, 0.01, 0.05))
        fate = [(self.random.choice((0.001, 0.005, 0.02)), fault) for fault in [*chosen, self._cut_line]]
        return [*super()._draw_fate(), *fate, (0.002, self._change_policy), (0.02, self._mend_line)]

    def _crash_door(self) -> None:
        self.network.restart(self.now)

    def _wipe_door(self) -> None:
        self.network.wipe(self.now)

    def _back_up_door(self) -> None:
        self.network.back_up()

    def _restore_door(self) -> None:
        self.network.restore(self.now)

    def _cut_line(self) -> None:
        self.network.cut_line(noticed=self.random.random() < 0.5)

    def _mend_line(self) -> None:
        self.network.mend_line(self.now)

    def _replay_anywhere(self) -> None:
        self.network.anywhere(self.now)

    def _change_policy(self) -> None:
        self.network.withheld = self.random.randrange(7)
        self.network.restart(self.now)


def run_door_world(seed: int, steps: int, door: Door = SOUND_DOOR) -> None:
    """As run_world, with the door in it."""
    live(DoorWorld(seed, door=door), seed, steps)
