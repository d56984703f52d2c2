"""Reads RFC 5545 calendars: what is in them, and what of it falls into a stretch of time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from edge.errors import FileInvalid
from gateway.span import Span

if TYPE_CHECKING:  # 4 MB with all that they bring: only for a plant that has such a calendar
    import icalendar

CHUNK = timedelta(days=32)
"""Occurrences are worked out for such stretches at a time, and kept."""

KEPT_CHUNKS = 4
MOST_EVENTS = 20_000
"""Events in one calendar, at most: more take seconds to read."""

MOST_A_DAY = 24
"""Occurrences of one event on one day, at most: more are no shift, but would be millions."""

SUB_DAILY_FROM = datetime(2020, 1, 1, tzinfo=UTC)
"""Events that repeat within a day must begin here or later: repetitions are counted through one by one."""

_PER_DAY = {"SECONDLY": 86_400, "MINUTELY": 1440, "HOURLY": 24}
_TIMES = ("BYHOUR", "BYMINUTE", "BYSECOND")
_NEEDED = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID")
_TOLD = ("UID", "SUMMARY", "LOCATION", "RESOURCES", "DESCRIPTION", "COMMENT", "CONTACT", "URL")

_NO = frozenset({"FALSE", "0", "NO"})
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Event:
    """What an event says beside its times: its properties by name, as text, and its categories, in capitals."""

    text: Mapping[str, str]
    categories: frozenset[str]

    def has(self, name: str) -> bool:
        """Whether an extension variable of IDTA 02067 is set, with hyphens or as written there, with underscores."""
        return self._variable(name) not in {None, *_NO}

    def denies(self, name: str) -> bool:
        """Whether an extension variable is there and says no."""
        return self._variable(name) in _NO

    def _variable(self, name: str) -> str | None:
        value = self.text.get(name) or self.text.get(name.replace("_", "-"))
        return None if value is None else value.strip().upper()


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One time that an event comes. `whole_days`: it has dates and no times."""

    span: Span
    whole_days: bool
    event: Event


@dataclass(eq=False)
class IcsFile:
    """A calendar that was read; `ignored` says which of its events count for nothing, and why."""

    place: str
    zone: ZoneInfo
    calendar: "icalendar.Calendar"
    events: tuple[Event, ...] = ()
    ignored: tuple[str, ...] = ()
    _chunks: dict[int, tuple[Occurrence, ...]] = field(default_factory=dict)

    def within(self, within: Span) -> list[Occurrence]:
        """Every occurrence that touches `within`, by start; finite, however long the calendar goes on."""
        first, last = _chunk(within.start), _chunk(within.end)
        found = {
            (each.span, each.event.text.get("UID", "")): each
            for chunk in range(first, last + 1)
            for each in self._expanded(chunk)
            if each.span.overlaps(within)
        }
        return [found[key] for key in sorted(found)]

    def _expanded(self, chunk: int) -> tuple[Occurrence, ...]:
        if chunk not in self._chunks:
            while len(self._chunks) >= KEPT_CHUNKS:
                del self._chunks[min(self._chunks)]
            self._chunks[chunk] = tuple(_expand(self, Span(_EPOCH + chunk * CHUNK, _EPOCH + (chunk + 1) * CHUNK)))
        return self._chunks[chunk]


def parse(body: bytes, place: str, zone: ZoneInfo) -> IcsFile:
    """The calendar in `body`; times without a zone are on the plant's clock. Raises FileInvalid, naming the event.

    Refused: what is no calendar, an event whose times cannot be read, that ends before it starts, whose zone nobody
    knows, or that repeats more than hourly. Ignored, and told: an event of no length, and one that was cancelled.
    """
    import icalendar  # noqa: PLC0415 - see above

    try:
        calendar = icalendar.Calendar.from_ical(body)
    except (ValueError, UnicodeDecodeError, KeyError, IndexError) as error:
        msg = f"{place}: is not an RFC 5545 calendar: {_short(error)}; export it again as iCalendar (.ics)"
        raise FileInvalid(msg) from error
    events = calendar.walk("VEVENT")
    if len(events) > MOST_EVENTS:
        msg = f"{place}: has {len(events)} events; at most {MOST_EVENTS} are read: export a shorter stretch of time"
        raise FileInvalid(msg)
    ignored = []
    for event in events:
        note = _check(event, place, zone)
        if note:
            ignored.append(note)
    return IcsFile(place, zone, calendar, tuple(map(_event, events)), tuple(ignored))


def _check(event: Any, place: str, zone: ZoneInfo) -> str | None:
    """Why the event counts for nothing, if so. Raises FileInvalid where nobody can know what it means."""
    name = f"{place}: event {str(event.get('UID') or event.get('SUMMARY') or '?')[:80]!r}"
    broken = [f"{prop}: {reason}" for prop, reason in event.errors if prop in _NEEDED]
    if broken:
        msg = f"{name}: {broken[0]}; correct it in the calendar it comes from"
        raise FileInvalid(msg)
    if event.get("DTSTART") is None:
        msg = f"{name}: has no DTSTART; give it a start or remove it"
        raise FileInvalid(msg)
    start, end = event["DTSTART"].dt, event["DTEND"].dt if event.get("DTEND") else None
    _check_zone(event, name)
    if end is not None and _instant(end, zone) < _instant(start, zone):
        msg = f"{name}: ends before it starts: {start} to {end}; exchange the two"
        raise FileInvalid(msg)
    _check_rule(event, _instant(start, zone), name)
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return f"{name}: was cancelled"
    duration = event["DURATION"].dt if event.get("DURATION") else timedelta()
    if isinstance(start, datetime) and (end or start) == start and not duration:
        return f"{name}: has no length"
    return None


def _check_zone(event: Any, name: str) -> None:
    """The library takes a zone that it does not know for none at all, which would be hours off."""
    for key in ("DTSTART", "DTEND"):
        found = event.get(key)
        zone = found.params.get("TZID") if found is not None else None
        if zone and isinstance(found.dt, datetime) and found.dt.tzinfo is None:
            msg = f"{name}: {key}: nobody knows the zone {zone!r}; use one of the IANA database, or add its VTIMEZONE"
            raise FileInvalid(msg)


def _check_rule(event: Any, start: datetime, name: str) -> None:
    rules = event.get("RRULE")
    for rule in rules if isinstance(rules, list) else [rules] if rules else []:
        often = str((rule.get("FREQ") or [""])[0]).upper()
        each = 1
        for key in _TIMES:
            each *= max(1, len(rule.get(key, ())))
        per_day = _PER_DAY.get(often, 1) / max(1, int((rule.get("INTERVAL") or [1])[0])) * each
        if per_day > MOST_A_DAY:
            msg = f"{name}: repeats {per_day:g} times a day; at most {MOST_A_DAY} are read: give it a coarser rule"
            raise FileInvalid(msg)
        if per_day > 1 and start < SUB_DAILY_FROM:
            msg = f"{name}: repeats {per_day:g} times a day since {start:%Y-%m-%d}; give it a later DTSTART"
            raise FileInvalid(msg)


def _expand(file: IcsFile, within: Span) -> list[Occurrence]:
    import recurring_ical_events  # noqa: PLC0415 - see above

    try:
        found = recurring_ical_events.of(file.calendar, components=["VEVENT"]).between(within.start, within.end)
    except (ValueError, ArithmeticError, TypeError, KeyError) as error:
        msg = f"{file.place}: a rule cannot be worked out: {_short(error)}; correct it in the calendar it comes from"
        raise FileInvalid(msg) from error
    return [each for event in found if (each := _occurrence(event, file.zone)) is not None]


def _occurrence(event: Any, zone: ZoneInfo) -> Occurrence | None:
    if str(event.get("STATUS", "")).upper() == "CANCELLED":
        return None
    whole_days = not isinstance(event.start, datetime)
    span = Span.between(_instant(event.start, zone), _instant(event.end, zone))
    if span is None:
        return None
    return Occurrence(span, whole_days, _event(event))


def _event(found: Any) -> Event:
    names = [*_TOLD, *(name for name in found if name.upper().startswith(("X-", "X_")))]
    text = {name.upper(): _text(found[name]) for name in names if found.get(name) is not None}
    return Event(text, frozenset(str(each).strip().upper() for each in found.categories))


def _instant(moment: date, zone: ZoneInfo) -> datetime:
    """A date is the plant's midnight; a time without a zone is on the plant's clock."""
    if not isinstance(moment, datetime):
        return datetime.combine(moment, time(), zone).astimezone(UTC)
    return (moment if moment.tzinfo else moment.replace(tzinfo=zone)).astimezone(UTC)


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _chunk(moment: datetime) -> int:
    return (moment - _EPOCH) // CHUNK


def _short(error: Exception) -> str:
    return str(error).splitlines()[0][:160] if str(error) else type(error).__name__
