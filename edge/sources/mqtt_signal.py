"""How a profile addresses a signal in what a machine publishes over MQTT."""

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from edge import pointer
from edge.misfit import Place, misfits
from edge.profilemodel import Profile
from edge.signal import ProfileData, Signal, key
from edge.sources.mqtt_topics import fault
from gateway.messages import Name


def _keys(value: object) -> tuple[str, ...]:
    return tuple(map(key, value)) if isinstance(value, list | tuple) else (key(value),)


Words = Annotated[tuple[str, ...], BeforeValidator(_keys)]
"""Raw values as the tables write them."""


class MqttQuality(ProfileData):
    """Where the payload says how good the value is: `good` and `uncertain` list its words, any other means bad."""

    pointer: str
    good: Annotated[Words, Field(min_length=1)]
    uncertain: Words = ()


class MqttSignal(Signal):
    """`topic`: below the machine's own; `+` and `#` are wildcards, `{machine}` is the machine's name.

    The payload is JSON of which `pointer` (RFC 6901) or `path` (RFC 9535) finds the value, or, without either, a plain
    number, truth or text. `time`: a pointer to the machine's own stamp (ISO 8601, or seconds to nanoseconds since
    1970). `retained`: what a value is worth that the broker had kept, of which nobody knows the age: `doubt` it,
    `trust` it (a state that is published when it changes) or `ignore` it. `alive`: the values that mean that the
    machine is connected, any other that it is not: a last will.
    """

    topic: str = ""
    pointer: str | None = None
    path: str | None = None
    time: str | None = None
    quality: MqttQuality | None = None
    retained: Literal["doubt", "trust", "ignore"] = "doubt"
    alive: Words = ()

    @model_validator(mode="after")
    def _addresses(self) -> Self:
        faults = list(self._faults())
        if faults:
            raise misfits(type(self).__name__, faults)
        return self

    def _faults(self) -> Iterator[tuple[Place, str]]:
        if (wrong := fault(self.topic)) is not None:
            yield ("topic",), wrong
        if self.pointer is not None and self.path is not None:
            yield ("path",), "stands beside `pointer`; one of them finds the value"
        if self.pointer is None and self.path is None:
            plain = "needs a payload that is JSON: give `pointer` or `path` too"
            yield from (((name,), plain) for name in ("time", "quality") if getattr(self, name) is not None)
        places: dict[Place, str | None] = {("pointer",): self.pointer, ("time",): self.time}
        places["quality", "pointer"] = self.quality.pointer if self.quality else None
        for place, text in places.items():
            if text is not None and (wrong := _pointer_fault(text)) is not None:
                yield place, wrong
        if self.path is not None and (wrong := _path_fault(self.path)) is not None:
            yield ("path",), wrong


class MqttProfile(Profile):
    """A kind of machine that publishes over MQTT."""

    source: Literal["mqtt"]
    signals: Annotated[dict[Name, MqttSignal], Field(min_length=1)]


def _pointer_fault(text: str) -> str | None:
    try:
        pointer.parse(text)
    except ValueError as error:
        return str(error)
    return None


def _path_fault(text: str) -> str | None:
    from edge.sources.mqtt_jsonpath import PathInvalid, compiled  # noqa: PLC0415 - a library that few profiles need

    try:
        compiled(text)
    except PathInvalid as error:
        return str(error)
    return None
