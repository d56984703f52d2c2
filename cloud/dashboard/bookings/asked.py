"""The approval queue: requests of partners that wait for this enterprise's word, and run out if it stays silent."""

from html import escape

from nicegui import ui

from cloud.booking.wire import Booking
from cloud.dashboard.bookings.choose import Names, queue
from cloud.dashboard.bookings.deeds import Deeds
from cloud.dashboard.frame import hide, said
from cloud.dashboard.market.fields import on_do
from cloud.dashboard.market.told import money, percent
from cloud.dashboard.model import Plant, span_of
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When

SHOWN = 20


class Asked:
    """The requests, the first to run out on top."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._deeds = Deeds(visit)
        self._queue: list[Booking] = []
        with ui.element("section").classes("card queue") as self._card:
            with ui.element("div").classes("top"):
                said("h2", visit.words("bookings.queue"))
                self._count = said("span", "", "zone")
            said("p", visit.words("bookings.queue_about"), "about")
            self._list = on_do(ui.html("", tag="ul", sanitize=False).classes("misses"), self._do)
        hide(self._card, hidden=True)

    def show(self, plant: Plant, when: When) -> None:
        """What waits now."""
        self._queue = queue(plant.bookings)
        hide(self._card, hidden=not self._queue)
        count = len(self._queue)
        key = "_one" if count == 1 else "_first" if count > SHOWN else ""
        self._count.set_text(self._visit.words(f"bookings.queue_count{key}", count=count, shown=SHOWN))
        names = Names.of(plant, self._visit.words)
        may = self._visit.may("provide")
        rows = [_row(number, one, names, when, may=may) for number, one in enumerate(self._queue[:SHOWN])]
        self._list.set_content("".join(rows))

    async def _do(self, what: str, number: int) -> None:
        if number < len(self._queue):
            one = self._queue[number]
            await (self._deeds.confirm(one) if what == "confirm" else self._deeds.decline(one))


def _row(number: int, one: Booking, names: Names, when: When, *, may: bool) -> str:
    words = when.words
    work = f"{one.work.work_master} × {one.work.quantity}"  # noqa: RUF001 - a multiplication sign is meant
    until = one.expires_at or one.start
    lines = (
        f"{names.machine(one)} · {when.span(span_of(one))} · {money(one.price)}",
        f"{words('bookings.chance', chance=percent(one.chance))}" if one.chance is not None else "",
    )
    runs_out = words("bookings.runs_out", moment=when.moment(until), left=when.long(until - when.now))
    looks = {"confirm": "go", "decline": "quiet"} if may else {}
    buttons = "".join(
        f'<button type="button" class="{look}" data-do="{do}" data-item="{number}">'
        f"{escape(words(f'bookings.{do}'))}</button>"
        for do, look in looks.items()
    )
    return (
        f'<li class="miss"><div class="what"><strong>{escape(work)}</strong> '
        f'<span class="by">{escape(words("bookings.for", partner=names.partner(one)))}</span>'
        f'<div class="reason">{escape(" · ".join(filter(None, lines)))}</div>'
        f'<div class="reason ends-soon">{escape(runs_out)}</div></div>'
        f'<div class="do">{buttons}<a class="quiet link-button" href="/bookings/{escape(one.id)}">'
        f"{escape(words('bookings.look'))}</a></div></li>"
    )
