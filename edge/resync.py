"""What the registry is told anew: who the machines are at each start, and all of a stream that it lost."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from edge import units
from edge.desk import Desk
from edge.post import Letter, resynced
from gateway.messages import Announce, Stream

log = structlog.get_logger(__name__)


@dataclass
class Retelling:
    """`announce` names the machines as they are now; `send` puts letters into the outbox and says if they are in.

    `told`: the units that machines themselves told, by machine and signal.
    """

    desks: Mapping[str, Desk]
    announce: Callable[[datetime], Announce]
    send: Callable[[Sequence[Letter]], bool]
    introduced: bool = False
    told: dict[str, units.Told] = field(default_factory=dict)
    _lost: dict[Stream, str] = field(default_factory=dict)

    def lost(self, stream: Stream, token: str) -> None:
        """The registry has lost this stream; `token` is to be kept with the answer."""
        self._lost[stream] = token

    def heard(self, machine: str, told: units.Told) -> None:
        """In which units a machine says that it measures; what is news is announced at the next step."""
        found = units.legible(told)
        if found and found != self.told.get(machine):
            self.told[machine] = found
            self.introduced = False

    def step(self, now: datetime) -> None:
        """Tell what is owed."""
        if not self.introduced:
            kept = {(units.KIND, name): units.dump(told) for name, told in self.told.items()}
            self.introduced = self.send([Letter((self._announce(now),), documents=kept)])
        for stream, token in list(self._lost.items()):
            if not self.send([*self._full(stream, now), Letter(cursors=resynced(stream, token))]):
                return
            del self._lost[stream]
            log.info("full state sent again", stream=stream)
            if stream is Stream.CONTROL:
                self._say_all_again()

    def _announce(self, now: datetime) -> Announce:
        profiles = {name: desk.case.profile for name, desk in self.desks.items()}
        return units.completed(self.announce(now), self.told, profiles)

    def _full(self, stream: Stream, now: datetime) -> list[Letter]:
        """The stream's full state; in one transaction with the note that this was the answer."""
        match stream:
            case Stream.CONTROL:
                return [Letter((self._announce(now),))]
            case Stream.STATE:
                return [Letter(desk.state()) for desk in self.desks.values()]
            case _:
                return []

    def _say_all_again(self) -> None:
        for desk in self.desks.values():
            desk.said, desk.dirty = replace(desk.said, within=None), True
