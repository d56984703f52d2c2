"""The writing desk: what the plant withholds is never numbered, so that no number is missing."""

from typing import Any

from edge.mapping import StampBounds
from edge.post import Letter, Post
from edge.telemetry import Named
from gateway.crossing import Disclosure, MachineDisclosure
from gateway.link import Point
from gateway.messages import StateChange, Stream


def test_what_is_withheld_takes_no_number_and_leaves_no_hole(plant: Any) -> None:
    secret = Disclosure(machines={"M1": MachineDisclosure(states=False)})
    post = Post(plant.outbox, secret)
    told = [StateChange(machine=name, at=plant.at(), state="Executing") for name in ("M1", "M2", "M1", "M2")]
    power = Named("M1", [plant.reading("M1", 2.0, "power")], StampBounds())
    post.send([Letter((message,), named=(power,)) for message in told])
    post.flush()
    (epoch,) = plant.outbox.held(Stream.STATE)
    entries = plant.outbox.read(Stream.STATE, Point(epoch.epoch, epoch.oldest), 10, 10_000)
    assert [(entry.seq, entry.last, entry.payload is None) for entry in entries] == [(1, 1, False), (2, 2, False)]
    assert [message.machine for message in plant.sent()] == ["M2", "M2"]
    assert plant.outbox.held(Stream.TELEMETRY) == ()
