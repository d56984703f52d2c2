"""The other way round: what a machine of an MQTT profile publishes to say these values, for simulations and tests."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from edge import pointer
from edge.signal import key
from edge.sources.mqtt_signal import MqttSignal
from edge.sources.mqtt_topics import joined


def written(
    signals: Mapping[str, MqttSignal], values: Mapping[str, object], topic: str, machine: str, at: datetime
) -> list[tuple[str, bytes]]:
    """Topic and payload of each message, all signals of one topic in one document. Values are the machine's raw ones.

    `topic` is the machine's own. Raises ValueError for a signal that a JSONPath finds, or whose topic has a wildcard.
    """
    documents: dict[str, dict[str, Any]] = {}
    plain: dict[str, bytes] = {}
    for name, value in values.items():
        signal = signals[name]
        place = joined(topic, signal.topic, machine)
        if signal.path is not None or "+" in place or "#" in place:
            msg = (
                f"{name}: a machine cannot be simulated through `path` or a wildcard; name one `topic` and a `pointer`"
            )
            raise ValueError(msg)
        if signal.pointer is None:
            plain[place] = key(value).encode()
            continue
        document = documents.setdefault(place, {})
        _put(document, signal.pointer, value)
        if signal.time is not None:
            _put(document, signal.time, at.isoformat())
        if signal.quality is not None:
            _put(document, signal.quality.pointer, signal.quality.good[0])
    return [*plain.items(), *((place, orjson.dumps(document)) for place, document in documents.items())]


def _put(document: dict[str, Any], place: str, value: object) -> None:
    *above, last = pointer.parse(place) or ("",)
    for step in above:
        document = document.setdefault(step, {})
    document[last] = value
