"""The chart on the page: told everything of a window at once, as one piece of JSON."""

from typing import Any
from weakref import WeakKeyDictionary

import orjson
from nicegui import ui

from cloud.dashboard.echart import chart
from cloud.dashboard.frame import said
from cloud.dashboard.machine import lanes, signals, told
from cloud.dashboard.machine.legend import legend
from cloud.dashboard.machine.look import Look
from cloud.dashboard.machine.seen import Seen
from cloud.dashboard.when import When
from cloud.dashboard.words import TAGS, Words
from cloud.registry.model import Capacity


class Picture:
    """static/machine.js draws it. `number` is the latest asking of the browser, which it wants back."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._zone = ""
        self.number = 0
        with ui.element("div").classes("axis loading") as axis:
            axis.props["id"] = "axis"
            axis.props["tabindex"] = "0"
            axis.props["role"] = "application"
            axis.props["aria-label"] = words("machine.chart", name="")
            axis.props["aria-describedby"] = "axis-hint"
            # The browser makes the height, of the lanes; written here, every change of the page would undo it.
            self._chart = chart({}, words("machine.chart", name=""), height="var(--high, 320px)")
            ui.element("div").classes("cursor").props["hidden"] = True
            ui.element("div").classes("tip-box").props["hidden"] = True
        self._axis = axis
        live = said("p", "", "unseen")
        live.props["id"], live.props["aria-live"] = "axis-said", "polite"
        hint = said("p", words("machine.hint"), "hint")
        hint.props["id"] = "axis-hint"
        legend(words)

    def save(self, name: str) -> None:
        self._chart.picture(name)

    def show(self, seen: Seen, offer: Capacity, look: Look, when: When, speed: float) -> None:
        """Draw it; the plant's word that holds now is `offer`, business time runs `speed` times as fast."""
        zone = getattr(when.zone, "key", "UTC")
        if zone != self._zone:
            self._zone = zone
            self._run("begin", [self._chart.id, settings(self._words, zone)])
        label = self._words("machine.chart", name=seen.machine.name)
        told_ = {
            "number": self.number,
            "label": label,
            "window": [look.window.start.timestamp(), look.window.end.timestamp()],
            "now": when.now.timestamp(),
            "speed": speed,
            "live": look.live,
            "captions": told.captions(seen, offer, when),
            "lanes": orjson.Fragment(_lanes(seen)),
            "signals": _signals(seen, when),
        }
        self._run("draw", [told_])

    def _run(self, name: str, given: list[Any]) -> None:
        arguments = ", ".join(orjson.dumps(each).decode() for each in given)
        self._chart.client.run_javascript(f"thirdshiftMachine.{name}({arguments})")


_made: WeakKeyDictionary[Seen, bytes] = WeakKeyDictionary()


def _lanes(seen: Seen) -> bytes:
    """The lanes' rows as JSON, made once for all who are shown the same reading."""
    if seen not in _made:
        ledger = lanes.ledger(seen)
        told_ = {
            "states": lanes.states(seen),
            "gaps": lanes.gaps(seen),
            "ledger": ledger,
            "bookings": lanes.bookings(seen),
            "taken": lanes.taken(ledger) if seen.many else [],
        }
        _made[seen] = orjson.dumps(told_)
    return _made[seen]


def _signals(seen: Seen, when: When) -> list[dict[str, Any]]:
    found = []
    for samples in seen.samples.values():
        drawn = signals.drawn(samples, seen.states.gaps)
        found.append({**drawn, "caption": told.signal_caption(drawn, when)})
    parts = {"states", "capacity", "days", "bookings"}
    for name, why in seen.failed.items():
        if name not in parts:
            nothing: dict[str, Any] = {"signal": name, "step": None, "line": [], "texts": [], "doubts": []}
            found.append({**nothing, "caption": told.failed(name, why, when)})
    return found


def settings(words: Words, zone: str) -> dict[str, Any]:
    """The words and the zone that the browser needs to say what is under the pointer."""
    said_ = {
        "plant": words("row.plant"),
        "booking": words("row.booking", id="{id}"),
        "changes": words("machine.tip.changes", count="{count}"),
        "confidence": words("tip.confidence", band="{band}", word="{word}"),
        "quantity": words("tip.quantity", count="{count}"),
        "share": words("tip.share", share="{share}"),
        "range": words("machine.tip.range", least="{least}", most="{most}", step="{step}"),
        "quality": words("machine.tip.quality", quality="{quality}"),
        "booked": words("machine.legend.booked"),
        **{name: words(f"tip.{name}") for name in ("unsure", "ran", "risk", "h", "min")},
        **{name: words(f"machine.tip.{name}") for name in ("gap", "sold", "day", "nothing", "unmeasured", "s", "d")},
        "qualities": words.terms("machine.quality"),
        **words.vocabularies(),
    }
    return {"language": TAGS[words.language], "zone": zone, "words": said_}
