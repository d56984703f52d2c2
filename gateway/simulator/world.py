"""One simulated world: a sender and a receiver with a bad network between them, and a fate drawn from a seed."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from gateway.link import STREAMS, Ack, Cause, Data, Disk, Entry, Lane, Point, resync_note
from gateway.link.packets import encode
from gateway.simulator.mutants import KEYRING, SOUND, THIEF, Parts
from gateway.simulator.network import CALM, Network, Way, Weather
from gateway.simulator.receiving import START, Crash, Store
from gateway.simulator.sending import SMALL, SendingHost
from gateway.simulator.truth import Truth, Violation

TICK = 0.05
"""Seconds that a step takes."""
PATIENCE = 2000
"""Steps in which everything must have drained once the faults have stopped."""


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The sender's disk, and the messages that its history had appended by then."""

    disk: Disk
    alive: frozenset[int]


class World:
    """`step` lets it live on; `settle` ends all faults and checks what must hold then. Both raise Violation."""

    def __init__(self, seed: int, parts: Parts = SOUND) -> None:
        self.random = Random(seed)  # noqa: S311 - a world must be repeatable, not secret
        self.truth = Truth()
        self.now = 0.0
        lane = parts.lane(KEYRING, "agent-1", self.random.choice(("up", "down")))
        self.sending = SendingHost(lane, self.truth, self.random, parts.journal)
        self.receiving = parts.receiver(lane, self.truth, self.random)
        self.network = self._lay(lane)
        self._leg = lane.leg
        self._thief = Lane(THIEF, lane.agent, lane.leg)
        self._disks = [Snapshot(Disk(), frozenset())]
        self._stores = [Store()]
        self._restored = {"sender": False, "receiver": False}
        self._crash_share = self.random.choice((0.0, 0.02, 0.1))
        self._fate = self._draw_fate()
        self._send("forth", self.sending.restart(self.now))

    def step(self) -> None:
        self.now += TICK
        self._deliver()
        self._send("forth", self._survive(self.sending.carry(self.sending.sender.tick(self.now), self.now)))
        for share, event in self._fate:
            if self.random.random() < share:
                self.truth.note(f"{self.now:.2f} {event.__name__.strip('_')}")
                event()
        self._check_memory()

    def settle(self) -> None:
        """No more faults: everything must drain, and be complete.

        Twice, as a hello of a sender that is no more may still have been under way, and move the receiver, after the
        living one was welcomed: of a loss told by that it learns when it greets next.
        """
        self._crash_share, self._fate, self.sending.neglect = 0.0, [], 0.0
        self.network.weather, self.network.cut = CALM, False
        for _ in range(2):
            self._send("forth", self.sending.restart(self.now))
            self._drain()
        self.truth.check_complete(self.receiving.store.log, self.receiving.store.losses)
        self._check_losses()
        self._check_resync()

    def _drain(self) -> None:
        for _ in range(PATIENCE):
            self.step()
            if self.sending.drained and self.network.idle:
                return
        self.truth.fail("it does not drain: some stream is stuck")

    def _lay(self, _: Lane) -> Network:
        """What lies between the two hosts."""
        return Network(self.random, self._weather())

    def _weather(self) -> Weather:
        shares = (0.0, 0.05, 0.3)
        return Weather(self.random.choice(shares), self.random.choice(shares), self.random.choice((0.05, 0.4, 2.0)))

    def _draw_fate(self) -> list[tuple[float, Callable[[], None]]]:
        """What may happen in this world and how often in a step; half of the faults are left out of each world."""
        small: list[Callable[[], None]] = [
            self._power_cut, self._withhold, self._drop, self._compact, self._crash_sender, self._crash_receiver,
            self._cut, self._replay, self._forge_ack, self._forge_data,
        ]  # fmt: skip
        grave: list[Callable[[], None]] = [
            self._back_up_sender, self._restore_sender, self._back_up_receiver, self._restore_receiver,
        ]  # fmt: skip
        fatal: list[Callable[[], None]] = [self._wipe_sender, self._wipe_receiver]
        shares = [(small, (0.003, 0.01, 0.03)), (grave, (0.001, 0.003, 0.01)), (fatal, (0.001, 0.002))]
        fate = [(self.random.uniform(0.05, 0.5), self._append), (self.random.uniform(0.05, 0.3), self._append_more)]
        for events, choice in shares:
            chosen = [event for event in events if self.random.random() < 0.5]
            fate += [(self.random.choice(choice), event) for event in chosen]
        return [*fate, (0.05, self._mend)]

    def _deliver(self) -> None:
        for way, packet in self.network.due(self.now):
            if way == "forth":
                crash = self.random.choice(tuple(Crash)) if self.random.random() < self._crash_share else None
                self._send("back", self.receiving.handle(packet, self.now, crash))
            else:
                self._send(
                    "forth", self._survive(self.sending.carry(self.sending.sender.receive(packet, self.now), self.now))
                )

    def _survive(self, packets: list[bytes]) -> list[bytes]:
        """All the packets, or those that got out before the sender died and started again."""
        if self.random.random() >= self._crash_share / 4:
            return packets
        return packets[: self.random.randint(0, len(packets))] + self.sending.restart(self.now)

    def _send(self, way: Way, packets: list[bytes]) -> None:
        for packet in packets:
            self.network.send(way, packet, self.now)

    def _wake(self) -> None:
        self._send("forth", self._survive(self.sending.carry(self.sending.sender.wake(self.now), self.now)))

    def _append(self) -> None:
        self.sending.append(self.random.choice(STREAMS), 1)
        self._wake()

    def _append_more(self) -> None:
        self.sending.append(self.random.choice(STREAMS), self.random.randint(2, 6))
        self._wake()

    def _power_cut(self) -> None:
        self.sending.append(self.random.choice(STREAMS), 3, cut=True)
        self._send("forth", self.sending.restart(self.now))

    def _withhold(self) -> None:
        self.sending.withhold(self.random.choice(STREAMS))
        self._wake()

    def _drop(self) -> None:
        self.sending.drop_oldest(self.random.choice(STREAMS), self.random.randint(1, 5))

    def _compact(self) -> None:
        for stream in STREAMS:
            self.sending.compact(stream)

    def _crash_sender(self) -> None:
        self._send("forth", self.sending.restart(self.now))

    def _crash_receiver(self) -> None:
        self.receiving.restart()

    def _cut(self) -> None:
        self.network.cut = True
        if self.random.random() < 0.5:
            self.sending.sender.disconnected()

    def _mend(self) -> None:
        if self.network.cut:
            self.network.cut = False
            self._send("forth", self.sending.carry(self.sending.sender.connected(self.now), self.now))

    def _replay(self) -> None:
        """An attacker sends again what was heard, the same way or the other."""
        if self.network.heard:
            way, packet = self.random.choice(self.network.heard)
            self._send(self.random.choice((way, "forth", "back")), [packet])

    def _forge_ack(self) -> None:
        stream = self.random.choice(STREAMS)
        for epoch in self.sending.journal.held(stream)[-1:]:
            ack = Ack(stream, Point(epoch.epoch, epoch.next - 1), gap=False, at=START + timedelta(seconds=self.now))
            self._send("back", [self._thief.seal("back", encode(ack))])

    def _forge_data(self) -> None:
        stream = self.random.choice(STREAMS)
        point = self.receiving.store.positions[stream].point
        if point is not None:
            entry = Entry(point.seq + 1, point.seq + 1, b'{"forged":true}')
            self._send("forth", [self._thief.seal("forth", encode(Data(stream, point.epoch, None, (entry,))))])

    def _back_up_sender(self) -> None:
        self._disks = [*self._disks[-4:], Snapshot(self.sending.journal.disk.copy(), frozenset(self.truth.alive))]

    def _restore_sender(self) -> None:
        self._replace_disk(self.random.choice(self._disks))

    def _wipe_sender(self) -> None:
        self._replace_disk(Snapshot(Disk(), frozenset()))

    def _replace_disk(self, snapshot: Snapshot) -> None:
        self._restored["sender"] = True
        self._send("forth", self.sending.restore(snapshot.disk, snapshot.alive, self.now))

    def _back_up_receiver(self) -> None:
        self._stores = [*self._stores[-4:], self.receiving.store.copy()]

    def _restore_receiver(self) -> None:
        self._replace_store(self.random.choice(self._stores))

    def _wipe_receiver(self) -> None:
        self._replace_store(Store())

    def _replace_store(self, store: Store) -> None:
        self._restored["receiver"] = True
        self.receiving.restore(store)

    def _check_memory(self) -> None:
        for flow in self.sending.sender.flows.values():
            if flow.window.items > SMALL.items or flow.window.size > SMALL.size + SMALL.packet_size:
                self.truth.fail(f"{flow.stream} has {flow.window.items} entries, {flow.window.size} bytes under way")

    def _check_losses(self) -> None:
        """A loss needs a cause: nobody may tell one in a world in which that side was never restored."""
        for stream, losses in self.receiving.store.losses.items():
            for loss in losses:
                senders_fault = loss.cause in {Cause.SENDER_RESTORED, Cause.SENDER_RESET}
                if not (self._restored["sender"] or (self._restored["receiver"] and not senders_fault)):
                    self.truth.fail(f"{stream} told of a loss that never was: {loss}")

    def _check_resync(self) -> None:
        for stream, position in self.receiving.store.positions.items():
            honoured = self.sending.journal.note(resync_note(self._leg, stream))
            if self.receiving.store.losses[stream] and position.resync != honoured:
                self.truth.fail(f"{stream} lost something, and the application never published its state again")


def run_world(seed: int, steps: int, parts: Parts = SOUND) -> None:
    """Live `steps` steps of the world of this seed, then let it settle. Raises Violation with the seed and a trace."""
    live(World(seed, parts), seed, steps)


def live(world: World, seed: int, steps: int) -> None:
    """The life of this world, of which `seed` is told if a promise is broken."""
    try:
        for _ in range(steps):
            world.step()
        world.settle()
    except Violation as violation:
        trace = "\n  ".join(world.truth.trace)
        msg = f"seed {seed}, at {world.now:.2f} s: {violation}\n  {trace}"
        raise Violation(msg) from violation
