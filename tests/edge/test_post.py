"""The writing desk: what the plant withholds is never numbered, so that no number is missing."""

from typing import Any

from edge.post import Letter, Post
from gateway.crossing import Disclosure, MachineDisclosure
from gateway.link import Point
from gateway.messages import Samples, StateChange, Stream


def test_what_is_withheld_takes_no_number_and_leaves_no_hole(plant: Any) -> None:
    secret = Disclosure(machines={"M1": MachineDisclosure(states=False)})
    post = Post(plant.outbox, secret)
    told = [StateChange(machine=name, at=plant.at(), state="Executing") for name in ("M1", "M2", "M1", "M2")]
    post.send([Letter((message, Samples(machine="M1", signal="power", at=(1.0,), values=(2.0,)))) for message in told])
    (epoch,) = plant.outbox.held(Stream.STATE)
    entries = plant.outbox.read(Stream.STATE, Point(epoch.epoch, epoch.oldest), 10, 10_000)
    assert [(entry.seq, entry.last, entry.payload is None) for entry in entries] == [(1, 1, False), (2, 2, False)]
    assert [message.machine for message in plant.sent()] == ["M2", "M2"]
    assert plant.outbox.held(Stream.TELEMETRY) == ()
