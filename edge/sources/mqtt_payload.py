"""From one MQTT message's bytes to the value of a signal, its time and its quality; or what is wrong with it."""

import functools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import orjson

from edge import pointer
from edge.signal import key
from edge.sources.mqtt_signal import MqttQuality, MqttSignal
from gateway.machine import Quality

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_SCALES = ((1e11, 1.0), (1e14, 1e3), (1e17, 1e6), (float("inf"), 1e9))
"""Numbers below the first are in so many parts of a second: a stamp of our times shows its own unit."""

TEXTS = {"String", "LocalizedText"}


@dataclass(frozen=True, slots=True)
class Found:
    """A value as the machine gave it; `at` its own stamp. `fault`: what is odd about stamp or quality."""

    value: object
    at: datetime | None
    quality: Quality
    fault: str = ""


@dataclass(frozen=True, slots=True)
class Missing:
    """The message has no such value, which is all right where messages tell only what changed. `fault` says more."""

    fault: str


@dataclass(frozen=True, slots=True)
class Broken:
    """The message cannot be read as the profile says; `fault` says why, and what to do."""

    fault: str


class Document:
    """One payload, read as JSON at most once, however many signals it carries."""

    def __init__(self, payload: bytes) -> None:
        self.payload = payload

    @functools.cached_property
    def text(self) -> str | None:
        """The payload as text, None where it is none."""
        try:
            return self.payload.decode().strip()
        except UnicodeDecodeError:
            return None

    @functools.cached_property
    def json(self) -> object:
        """The payload as JSON, a Broken where it is none."""
        try:
            return orjson.loads(self.payload)
        except orjson.JSONDecodeError:
            seen = repr(self.text[:40]) if self.text is not None else f"{len(self.payload)} bytes that are no text"
            return Broken(f"the payload is not JSON but {seen}; for a plain value remove `pointer` or `path`")


Outcome = Found | Missing | Broken
Read = Callable[[Document], Outcome]


def reader(signal: MqttSignal, zone: ZoneInfo) -> Read:
    """How the signal is read from a payload. `zone`: whose clock it is where a stamp says no offset."""
    if signal.pointer is None and signal.path is None:
        return functools.partial(_scalar, words=signal.type in TEXTS)
    find = _by_pointer(signal.pointer) if signal.pointer is not None else _by_path(signal.path or "")
    stamped = _stamper(signal.time, zone)
    graded = _grader(signal.quality)

    def read(document: Document) -> Outcome:
        whole = document.json
        if isinstance(whole, Broken):
            return whole
        found = find(whole)
        if isinstance(found, Missing | Broken):
            return found
        (value,) = found
        if isinstance(value, dict | list):
            return Broken(f"finds {_shape(value)}; go on to one value inside it")
        at, fault = stamped(whole)
        quality, doubt = (Quality.BAD, "") if value is None else graded(whole)
        return Found(value, at, quality, fault or doubt)

    return read


def _scalar(document: Document, *, words: bool) -> Outcome:
    """The whole payload as one value. Text stays as it is where the signal is a text."""
    text = document.text
    if text is None or not text:
        return Broken("the payload is not a text" if text is None else "the payload is empty")
    value = document.json
    if isinstance(value, dict | list):
        return Broken(f"the payload is {_shape(value)}; say with `pointer` or `path` where the value is in it")
    if isinstance(value, Broken) or (words and not isinstance(value, str)):
        value = text
    return Found(value, None, Quality.BAD if value is None else Quality.GOOD)


Find = Callable[[object], tuple[object] | Missing | Broken]


def _by_pointer(text: str) -> Find:
    steps = pointer.parse(text)

    def find(whole: object) -> tuple[object] | Missing:
        try:
            return (pointer.get(whole, steps),)
        except pointer.PointerMiss as error:
            return Missing(f"`pointer` {text!r} finds nothing: {error}")

    return find


def _by_path(text: str) -> Find:
    from edge.sources.mqtt_jsonpath import compiled  # noqa: PLC0415 - a library that few profiles need

    path = compiled(text)

    def find(whole: object) -> tuple[object] | Missing | Broken:
        found = path(whole)
        if not found:
            return Missing(f"`path` {text!r} finds nothing in {_shape(whole)}")
        if len(found) > 1:
            return Broken(f"`path` {text!r} finds {len(found)} values; narrow it to one")
        return (found[0],)

    return find


def _stamper(text: str | None, zone: ZoneInfo) -> Callable[[object], tuple[datetime | None, str]]:
    """The stamp that the payload carries, and what is wrong with it; then the receipt stands in."""
    if text is None:
        return lambda _: (None, "")
    steps = pointer.parse(text)

    def stamped(whole: object) -> tuple[datetime | None, str]:
        try:
            raw = pointer.get(whole, steps)
        except pointer.PointerMiss as error:
            return None, f"`time` {text!r} finds nothing: {error}"
        at = moment(raw, zone)
        return at, "" if at else f"`time` {text!r} finds {raw!r}, which is no time; give ISO 8601 or seconds since 1970"

    return stamped


def moment(raw: object, zone: ZoneInfo) -> datetime | None:
    """A stamp as a time in UTC: ISO 8601, or a number of s, ms, us or ns since 1970; None where it is neither."""
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        seconds = float(raw)
    except ValueError:
        return _iso(str(raw).strip(), zone)
    if not 0 < seconds < 1e20:
        return None
    parts = next(parts for limit, parts in _SCALES if seconds < limit)
    return EPOCH + timedelta(seconds=seconds / parts)


def _iso(text: str, zone: ZoneInfo) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def _grader(quality: MqttQuality | None) -> Callable[[object], tuple[Quality, str]]:
    if quality is None:
        return lambda _: (Quality.GOOD, "")
    steps = pointer.parse(quality.pointer)

    def graded(whole: object) -> tuple[Quality, str]:
        try:
            word = key(pointer.get(whole, steps))
        except pointer.PointerMiss as error:
            return Quality.UNCERTAIN, f"`quality` {quality.pointer!r} finds nothing: {error}"
        if word in quality.good:
            return Quality.GOOD, ""
        return (Quality.UNCERTAIN if word in quality.uncertain else Quality.BAD), ""

    return graded


def _shape(value: object) -> str:
    """What a document is, in a few words."""
    match value:
        case dict():
            return f"an object with {', '.join(map(repr, list(value)[:8])) or 'nothing'}"
        case list():
            return f"an array of {len(value)}"
        case _:
            return f"the single value {str(value)[:40]!r}"
