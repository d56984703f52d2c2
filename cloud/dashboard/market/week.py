"""The calendar of slots: days across, hours down, on one plant's clock; a cell for each hour at which one can begin."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from html import escape

from cloud.dashboard.market.told import money, percent
from cloud.dashboard.when import When
from cloud.market.model import SearchRequest
from cloud.market.slots import LONGEST, Slot, SlotsRequest
from gateway.span import Span

DAYS = 7
SHADES = 5
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Cell:
    """A slot in the grid; `number` is its place in the answer, `shade` 1 (dear) to SHADES (cheap)."""

    number: int
    slot: Slot
    shade: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A week: its days, and cells by day and hour of the plant's clock."""

    days: tuple[date, ...]
    cells: dict[tuple[date, int], Cell]


def ask_week(request: SearchRequest, first: date, zone: tzinfo, now: datetime) -> SlotsRequest | None:
    """The question for the slots that begin in the week; None where none of it is still to come, or it is too long."""
    duration = request.duration or request.window.duration
    start = max(midnight(first, zone), _whole(now, zone))
    end = midnight(first + DAYS * _DAY, zone) + duration
    if end - duration <= start or Span(start, end).duration > LONGEST:
        return None
    rest = request.model_dump(exclude={"start", "end", "duration"}, exclude_unset=True)
    return SlotsRequest.model_validate({**rest, "start": start, "end": end, "duration": duration})


def midnight(day: date, zone: tzinfo) -> datetime:
    """When the day begins on the plant's clock."""
    return datetime(day.year, day.month, day.day, tzinfo=zone)


def _whole(now: datetime, zone: tzinfo) -> datetime:
    """The next whole hour."""
    local = now.astimezone(zone)
    floor = local.replace(minute=0, second=0, microsecond=0)
    return floor if floor == local else floor + timedelta(hours=1)


def grid(found: Sequence[Slot], first: date, zone: tzinfo) -> Grid:
    """The slots of the week that begins with `first`."""
    days = tuple(first + number * _DAY for number in range(DAYS))
    prices = sorted({slot.price.amount for slot in found})
    cells: dict[tuple[date, int], Cell] = {}
    for number, slot in enumerate(found):
        local = slot.start.astimezone(zone)
        rank = prices.index(slot.price.amount) / max(len(prices) - 1, 1)
        # Where summer time ends, an hour comes twice: the first of the two is shown.
        cells.setdefault((local.date(), local.hour), Cell(number, slot, SHADES - round(rank * (SHADES - 1))))
    return Grid(days, {place: cell for place, cell in cells.items() if place[0] in days})


def grid_html(made: Grid, when: When, picked: Span | None) -> str:
    """The inside of a `<table>`: each slot a button with its price; arrow keys walk between them (static/market.js)."""
    hours = _shown(place[1] for place in made.cells)
    head = "".join(f'<th scope="col">{escape(when.day(midnight(day, when.zone)))}</th>' for day in made.days)
    rows = "".join(_row(made, hour, when, picked) for hour in hours)
    return f"<thead><tr><td></td>{head}</tr></thead><tbody>{rows}</tbody>"


def _shown(hours: Iterable[int]) -> range:
    """From the first hour with a slot to the last; the usual day where there is none."""
    found = set(hours)
    return range(min(found), max(found) + 1) if found else range(6, 22)


def _row(made: Grid, hour: int, when: When, picked: Span | None) -> str:
    cells = "".join(_cell(made.cells.get((day, hour)), when, picked) for day in made.days)
    return f'<tr><th scope="row">{hour:02}:00</th>{cells}</tr>'


def _cell(cell: Cell | None, when: When, picked: Span | None) -> str:
    if cell is None:
        return '<td class="none"></td>'
    slot, words = cell.slot, when.words
    key = "market.slot.instant" if slot.instant else "market.slot.asked"
    span = Span(slot.start, slot.end)
    said = words(key, span=when.span(span), price=money(slot.price), chance=percent(slot.chance), count=slot.choices)
    pressed = "true" if picked == span else "false"
    kind = f"shade-{cell.shade}{'' if slot.instant else ' asked'}"
    return (
        f'<td><button type="button" class="slot {kind}" data-do="slot" data-item="{cell.number}" tabindex="-1" '
        f'aria-pressed="{pressed}" aria-label="{escape(said)}" title="{escape(said)}">'
        f"{slot.price.amount:,.0f}</button></td>"
    )
