"""Says on the page why an hour is for sale or is not: asked by a click into the chart, or by a field."""

from collections.abc import Callable
from datetime import datetime, timedelta

from nicegui import ui
from nicegui.events import GenericEventArguments

from cloud.dashboard.frame import said
from cloud.dashboard.machine import told, why
from cloud.dashboard.machine.seen import Seen
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit

AROUND = timedelta(days=14)
"""So far on both sides of an hour the offer is read: a free stretch may be longer than what is in view."""

TYPED = "() => emit(document.getElementById('why-at').value)"


class Reasons:
    """The card below the chart."""

    def __init__(self, visit: Visit, seen: Callable[[], Seen | None]) -> None:
        self._visit = visit
        self._seen = seen
        words = visit.words
        with ui.element("section").classes("card reasons") as card:
            card.props["id"] = "why"
            said("h2", words("machine.why"))
            with ui.element("div").classes("edges"):
                label = said("label", words("machine.why.at"))
                label.props["for"] = "why-at"
                field = ui.element("input")
                field.props["id"], field.props["type"] = "why-at", "datetime-local"
                field.on("keydown.enter", self._typed, js_handler=TYPED)
                go = ui.element("button").classes("quiet").on("click", self._typed, js_handler=TYPED)
                go.props["type"] = "button"
                with go:
                    said("span", words("machine.why.button"))
            with ui.element("div").classes("answer") as answer:
                answer.props["role"] = "status"
                self._verdict = said("p", words("machine.why.ask"), "verdict")
                self._causes = ui.element("ul").classes("causes")
                self._source = said("p", "", "hint")

    async def _typed(self, event: GenericEventArguments) -> None:
        when = self._visit.when()
        try:
            at = datetime.fromisoformat(str(event.args))
        except ValueError:
            self._verdict.set_text(self._visit.words("machine.why.ask"))
            return
        if when:
            await self.ask(at.replace(tzinfo=when.zone))

    async def ask(self, at: datetime) -> None:
        """Explain the instant."""
        seen, when, words = self._seen(), self._visit.when(), self._visit.words
        if seen is None or when is None:
            return
        machine = seen.machine
        try:
            capacity = await self._visit.registry.ask(lambda api: api.capacity(machine.id, at - AROUND, at + AROUND))
            services = await self._visit.registry.ask(lambda api: api.services())
        except (Away, Refused) as error:
            self._verdict.set_text(words("machine.why.away", why=error.code))
            return
        answer = why.explain(machine, capacity, services, at, when.now)
        self._verdict.set_text(told.verdict(answer, when))
        self._verdict.classes(replace="verdict sold" if answer.services else "verdict not")
        self._source.set_text(words("machine.why.source", version=capacity.version, at=when.moment(when.now)))
        self._causes.clear()
        with self._causes:
            for sentence in told.causes(answer, when):
                said("li", sentence)
        field = f"{at.astimezone(when.zone):%Y-%m-%dT%H:%M}"
        ui.run_javascript(f"document.getElementById('why-at').value='{field}'")
