"""The waiting list: where the enterprise stands in line for hours that are taken."""

from collections.abc import Awaitable, Callable

from nicegui import ui

from cloud.dashboard.cooperation.told import refused
from cloud.dashboard.frame import hide, said
from cloud.dashboard.market.fields import on_do
from cloud.dashboard.market.lines import waiting_html
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit
from cloud.waiting.model import Waiting, WaitingRequest, WaitingState

STANDS = frozenset({WaitingState.WAITING, WaitingState.OFFERED})


class Line:
    """The places in line that are still worth something."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._places: list[Waiting] = []
        with ui.element("section").classes("card") as self._card:
            with ui.element("div").classes("top"):
                said("h2", visit.words("market.line"))
            said("p", visit.words("market.line_about"), "about")
            self._list = on_do(ui.html("", tag="ul", sanitize=False).classes("misses"), self._do)
        hide(self._card, hidden=True)

    async def read(self) -> None:
        """Read the list anew."""
        try:
            every = await self._visit.registry.ask(lambda api: api.waiting())
        except (Refused, Away):
            return
        self._places = [one for one in every if one.state in STANDS]
        if when := self._visit.when():
            hide(self._card, hidden=not self._places)
            self._list.set_content(waiting_html(self._places, when))

    async def join(self, request: WaitingRequest, answer: str) -> None:
        """Get in line; for the same hours of one answer once, however often it is clicked."""
        key = f"wait-{answer}-{request.service_id}"
        await self._try("market.joined", lambda: self._visit.registry.ask(lambda api: api.wait(request, key=key)))

    async def _do(self, what: str, number: int) -> None:
        if what == "leave" and number < len(self._places):
            identity = self._places[number].id
            await self._try("market.left", lambda: self._visit.registry.ask(lambda api: api.leave(identity)))

    async def _try(self, done: str, deed: Callable[[], Awaitable[object]]) -> None:
        visit = self._visit
        try:
            await deed()
        except Refused as error:
            if when := visit.when():
                visit.say(refused(error.code, error.detail, error.problem, when), "negative")
        except Away:
            visit.say(visit.words("market.away"), "warning")
        else:
            visit.say(visit.words(done), "positive")
        await self.read()
