"""The sending end of a leg: packets, ticks and wake-ups in; effects and one deadline out. It touches no clock."""

from collections import Counter
from collections.abc import Callable, Iterable
from random import Random

from gateway.link.effects import Effect, Send
from gateway.link.flow import Flow, Out, resync_note
from gateway.link.journal import STREAMS, Journal
from gateway.link.packets import Data, Hello, decode_back, encode
from gateway.link.phase import Phase
from gateway.link.seal import Lane, Refusal
from gateway.link.window import Timing
from gateway.messages import Stream


class Sender:
    """Drives every stream of one (agent, leg) out of a journal, each on its own, in order of priority.

    `now` is monotonic real seconds, from any origin. Every call returns effects to be carried out in order; after
    each call, call `tick` no later than `deadline`. Call `wake` after a transaction on the journal. One thread only,
    and never inside a transaction of the journal.
    """

    def __init__(
        self,
        journal: Journal,
        lane: Lane,
        random: Random,
        *,
        streams: Iterable[Stream] = STREAMS,
        timing: Timing | None = None,
    ) -> None:
        self._journal = journal
        self._lane = lane
        self.flows = {stream: Flow(stream, lane.leg, journal, random, timing or Timing()) for stream in streams}
        self.refused: Counter[Refusal] = Counter()
        self.sent: Counter[str] = Counter()

    @property
    def deadline(self) -> float | None:
        """When `tick` is due; None while nothing is awaited."""
        return min((flow.due for flow in self.flows.values() if flow.due is not None), default=None)

    @property
    def phases(self) -> dict[Stream, Phase]:
        return {stream: flow.phase for stream, flow in self.flows.items()}

    def connected(self, now: float) -> list[Effect]:
        """The transport is up (again): greet on every stream."""
        return self._each(lambda flow: flow.connected(now))

    def disconnected(self) -> None:
        """The transport is down: no timers, nothing under way."""
        for flow in self.flows.values():
            flow.disconnected()

    def wake(self, now: float) -> list[Effect]:
        """Something was appended."""
        return self._each(lambda flow: flow.wake(now))

    def tick(self, now: float) -> list[Effect]:
        return self._each(lambda flow: flow.tick(now))

    def receive(self, packet: bytes, now: float) -> list[Effect]:
        """An answer from the receiver. What is not one of ours is counted in `refused` and changes nothing."""
        body = self._lane.unseal("back", packet)
        back = body if isinstance(body, Refusal) else decode_back(body)
        if isinstance(back, Refusal):
            self.refused[back] += 1
            return []
        if back.stream not in self.flows:
            self.refused[Refusal.FORM] += 1
            return []
        return self._effects(self.flows[back.stream].receive(back, now))

    def resynced(self, stream: Stream, token: str) -> None:
        """The application has published the stream's full state again.

        To record it in the same transaction as that state, write the note `resync_note(leg, stream)` there instead.
        """
        self._journal.write_note(resync_note(self._lane.leg, stream), token)

    def _each(self, step: Callable[[Flow], list[Out]]) -> list[Effect]:
        return [effect for flow in self.flows.values() for effect in self._effects(step(flow))]

    def _effects(self, outs: list[Out]) -> list[Effect]:
        return [self._send(out) if isinstance(out, Data | Hello) else out for out in outs]

    def _send(self, packet: Data | Hello) -> Send:
        self.sent[type(packet).__name__] += 1
        return Send(self._lane.seal("forth", encode(packet)))
