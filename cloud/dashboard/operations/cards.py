"""The page's cards: what is wrong, the figures on top, the charts of what comes in, and a table with its source."""

from collections.abc import Awaitable, Callable, Sequence

from nicegui import ui

from cloud.dashboard.download import Rows, csv_button
from cloud.dashboard.echart import Chart, chart, described, picture_button
from cloud.dashboard.frame import button, hide, said
from cloud.dashboard.operations import charts, tables
from cloud.dashboard.operations.facts import Facts
from cloud.dashboard.operations.trouble import Trouble
from cloud.dashboard.when import DASH, When
from cloud.dashboard.words import Words
from gateway.messages import Stream

FIRST, MOST = 6, 200
"""Troubles that are shown, and at most where all are asked for."""

RANGES = (60, 360, 1440)
"""Minutes of real time."""


class Troubles:
    """What is wrong, and what to do about it."""

    def __init__(self, words: Words) -> None:
        self._words = words
        self._shown: list[Trouble] | None = None
        self._whole = self._agents = False
        with ui.element("section").classes("card troubles") as card:
            card.props["aria-live"] = "polite"
            with ui.element("div").classes("top"):
                said("h2", words("operations.troubles"))
                self._count = said("span", "", "badge")
            self._well = said("p", words("operations.well"), "nothing well")
            self._list = ui.element("ul").classes("trouble-list")
            with ui.element("div").classes("pager") as self._foot:
                self._all = button("", self._show_all, "quiet", text=" ")

    def show(self, found: list[Trouble], agents: bool) -> None:
        if found == self._shown:
            return
        self._shown, self._agents = found, agents
        self._well.set_text(self._words("operations.well" if agents else "operations.no_agents_well"))
        hide(self._well, hidden=bool(found))
        self._count.set_text(str(len(found)))
        hide(self._count, hidden=not found)
        more = len(found) > FIRST and not self._whole
        hide(self._foot, hidden=not more)
        if more:
            self._offer(len(found))
        self._list.clear()
        with self._list:
            for each in found[: FIRST if more else MOST]:
                self._trouble(each)

    def _offer(self, count: int) -> None:
        text = self._words("operations.troubles_all", count=count)
        self._all.props["aria-label"] = self._all.props["title"] = text
        self._all.clear()
        with self._all:
            said("span", text)

    def _show_all(self) -> None:
        found, self._shown, self._whole = self._shown or [], None, True
        self.show(found, self._agents)

    def _trouble(self, each: Trouble) -> None:
        with ui.element("li").classes(each.weight):
            with ui.element("p"):
                said("strong", each.subject)
                said("span", f" {each.text}")
            with ui.element("p").classes("remedy"):
                said("b", self._words("operations.what"))
                said("span", f" {each.remedy}")


class Tiles:
    """Four figures, each with its unit and what it is of."""

    def __init__(self, words: Words) -> None:
        self._words = words
        with ui.element("div").classes("tiles"):
            self._agents = self._tile("agents")
            self._in = self._tile("in")
            self._late = self._tile("late")
            self._store = self._tile("store")

    def _tile(self, name: str) -> tuple[ui.element, ui.element, ui.element]:
        with ui.element("div").classes("card tile"):
            said("div", self._words(f"operations.tile_{name}"), "label")
            with ui.element("div").classes("figure"):
                figure = said("span", DASH)
                unit = said("small")
            note = said("div", "", "note")
        return figure, unit, note

    def show(self, facts: Facts) -> None:
        words = self._words
        seen = [link.seen for link in facts.links]
        silent, never = seen.count("silent"), seen.count("never")
        of = words("operations.tile_agents_of", count=len(seen))
        note = words("operations.tile_agents_note", silent=silent, never=never)
        _tell(self._agents, str(seen.count("fresh")), of, note)
        minutes = facts.ingest.window_s // 60
        rate = tables.rate(sum(flow.messages_per_s for flow in facts.ingest.flows))
        figure = tables.rate(sum(flow.samples_per_s for flow in facts.ingest.flows))
        note = words("operations.tile_in_note", rate=rate, minutes=minutes)
        _tell(self._in, figure, words("operations.tile_in_unit"), note)
        self._tell_late(facts, minutes)
        samples = facts.stores.samples
        _tell(self._store, samples.name, "", words("operations.answers" if samples.answers else "operations.away"))

    def _tell_late(self, facts: Facts, minutes: int) -> None:
        worst = next((flow.p99_s for flow in facts.ingest.flows if flow.stream is Stream.CONTROL), None)
        key = "operations.tile_late_none" if worst is None else "operations.tile_late_note"
        _tell(self._late, tables.seconds(worst, self._words), "", self._words(key, minutes=minutes))


def _tell(tile: tuple[ui.element, ui.element, ui.element], *texts: str) -> None:
    for part, text in zip(tile, texts, strict=True):
        if part.text != text:  # type: ignore[attr-defined]
            part.set_text(text)  # type: ignore[attr-defined]


class Section:
    """A card with a table: its source under its head, and a sentence where there is nothing."""

    def __init__(self, words: Words, name: str) -> None:
        self._words, self._name = words, name
        self._html = ""
        with ui.element("section").classes("card"):
            with ui.element("div").classes("top"):
                said("h2", words(f"operations.{name}"))
                said("span", words(f"operations.{name}_source"), "zone source")
            self._none = said("p", "", "nothing hidden-part")
            with ui.element("div").classes("wide") as self._wide:
                self._table = ui.html("", tag="table", sanitize=False).classes("bookings operations-table")
            self._more = said("p", "", "nothing hidden-part")
            self.foot = ui.element("div").classes("pager hidden-part")

    def show(self, html: str, *, none: bool = False, more: int = 0) -> None:
        """Show the table, or that it is empty; `more` rows are left out of it."""
        if none:
            self._none.set_text(self._words(f"operations.{self._name}_none"))
        hide(self._none, hidden=not none)
        hide(self._wide, hidden=none)
        if more > 0:
            self._more.set_text(self._words(f"operations.{self._name}_more", count=more))
        hide(self._more, hidden=more <= 0)
        if html != self._html:
            self._html = html
            self._table.set_content(html)

    def refuse(self) -> None:
        """The visitor may not see it."""
        self._none.set_text(self._words("operations.not_allowed"))
        hide(self._none, hidden=False)
        hide(self._wide, hidden=True)


class Flows:
    """Charts of what came in, by minute, and the streams' figures of the last minutes."""

    def __init__(
        self, words: Words, choose: Callable[[int], Awaitable[None]], facts: Callable[[], Facts | None]
    ) -> None:
        self._words, self._choose, self._facts = words, choose, facts
        self._chosen = RANGES[0]
        self._shown: object = None
        self._charts: dict[str, Chart] = {}
        with ui.element("section").classes("card"):
            self._head()
            self._none = said("p", words("operations.ingest_none"), "nothing hidden-part")
            with ui.element("div").classes("small-charts") as self._room:
                for kind in charts.KINDS:
                    self._chart(kind)
            with ui.element("div").classes("wide") as self._wide:
                self._table = ui.html("", tag="table", sanitize=False).classes("bookings operations-table")

    def _head(self) -> None:
        words = self._words
        with ui.element("div").classes("top"):
            said("h2", words("operations.ingest"))
            said("span", words("operations.ingest_source"), "zone source")
            with ui.element("div").classes("controls"):
                with ui.element("div").classes("choice") as made:
                    made.props["role"] = "group"
                    made.props["aria-label"] = words("operations.range")
                    self._buttons = {each: self._button(each) for each in RANGES}
                csv_button(words, "ingest", self._rows)
        self._press()

    def _button(self, minutes: int) -> ui.element:
        async def choose() -> None:
            self._chosen, self._shown = minutes, None
            self._press()
            await self._choose(minutes)

        words = self._words
        text = words(f"operations.range_{minutes}")
        return button(f"{text} {words('operations.range_hint')}", choose, text=text)

    def _press(self) -> None:
        for minutes, made in self._buttons.items():
            made.props["aria-pressed"] = "true" if minutes == self._chosen else "false"

    def _chart(self, kind: str) -> None:
        title = self._words(f"operations.chart_{kind}")
        with ui.element("figure").classes("small-chart") as figure:
            with ui.element("div").classes("chart-head"):
                said("h3", title)
                made = self._charts[kind] = chart({}, self._label(kind), height="230px")
                picture_button(self._words, made, kind)
            made.move(figure)

    def _label(self, kind: str) -> str:
        return self._words("operations.chart_label", chart=self._words(f"operations.chart_{kind}"))

    def _rows(self) -> Rows:
        facts = self._facts()
        return charts.sheet(facts.ingest) if facts else []

    def show(self, facts: Facts, when: When) -> None:
        empty = not facts.ingest.items
        hide(self._none, hidden=not empty)
        hide(self._room, hidden=empty)
        hide(self._wide, hidden=not facts.ingest.flows)
        self._table.set_content(tables.flows(facts, when))
        shown: Sequence[object] = (facts.ingest.start, facts.ingest.items)
        if shown == self._shown or empty:
            return
        self._shown = shown
        for kind, made in self._charts.items():
            made.show(described(charts.options(facts.ingest, kind, when), self._label(kind)))
