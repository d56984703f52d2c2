"""The page: how the house runs, brought up to date every few seconds while somebody looks."""

from collections.abc import Sequence

from nicegui import ui

from cloud.audit.model import Act
from cloud.dashboard.frame import hide, said
from cloud.dashboard.house import House
from cloud.dashboard.market.told import refused
from cloud.dashboard.operations import tables
from cloud.dashboard.operations.cards import Flows, Section, Tiles, Troubles
from cloud.dashboard.operations.facts import Facts, Looker
from cloud.dashboard.operations.trail import Trail
from cloud.dashboard.operations.trouble import troubles
from cloud.dashboard.registry import Away, KeyRefused, Refused
from cloud.dashboard.visit import Visit, serve
from cloud.dashboard.when import When

EVERY = 5.0
"""Real seconds between two looks: counts are written down as often."""


def install(house: House) -> None:
    """Serve the page at /operations."""
    looker = Looker()
    serve(house, "operations", lambda visit, _: Operations(visit, looker))


class Operations:
    """What is on the page below the bar."""

    def __init__(self, visit: Visit, looker: Looker) -> None:
        self._visit, self._looker = visit, looker
        self._minutes = 60
        self._busy = False
        self._facts: Facts | None = None
        words = visit.words
        with ui.element("div").classes("title-line"):
            said("h1", words("operations.head"), "title")
            self._seen = said("p", words("operations.loading"), "zone")
            self._seen.props["role"] = "status"
        with ui.element("div").classes("content waiting") as self._known:
            self._troubles = Troubles(words)
            self._tiles = Tiles(words)
            self._flows = Flows(words, self._choose, lambda: self._facts)
            self._links = Section(words, "links")
            self._stores = Section(words, "stores")
            self._parked = Section(words, "parked")
            self._hooks = Section(words, "hooks")
            self._trail = Trail(visit)
        visit.on_news(self.look)
        ui.timer(EVERY, self.look)

    async def _choose(self, minutes: int) -> None:
        self._minutes = minutes
        await self.look()

    async def look(self) -> None:
        """Ask, and show what is so now; where nobody answers, the header says so and what was seen stays."""
        if self._busy:
            return
        self._busy = True
        try:
            facts = await self._looker.look(self._visit.registry, self._minutes)
        except (Away, KeyRefused):
            self._cannot(self._visit.words("operations.away"))
            return
        except Refused as error:
            if when := self._visit.when():
                self._cannot(refused(error.code, error.detail, error.problem, when))
            return
        finally:
            self._busy = False
        when = self._visit.when()
        if when is None or self._visit.main.client.is_deleted:
            return
        self._facts = facts
        with self._visit.main:
            self._show(facts, When(facts.seen, when.zone, when.words))

    def _cannot(self, why: str) -> None:
        """Say why nothing is seen, where nothing was yet; else what was seen stays, with its time."""
        if self._facts is None and not self._visit.main.client.is_deleted:
            self._seen.set_text(why)

    def _show(self, facts: Facts, when: When) -> None:
        at = f"{facts.seen.astimezone(when.zone):%H:%M:%S}"
        self._seen.set_text(when.words("operations.seen", at=at, seconds=f"{EVERY:g}"))
        self._troubles.show(troubles(facts, when), bool(facts.links))
        self._tiles.show(facts)
        self._flows.show(facts, when)
        self._links.show(tables.links(facts, when), none=not facts.links, more=len(facts.links) - tables.MOST)
        self._stores.show(tables.stores(facts, when))
        self._parked.show(tables.parked(facts.parked, when), none=not facts.parked)
        if facts.hooks is None:
            self._hooks.refuse()
        else:
            self._hooks.show(tables.hooks(facts.hooks, when), none=not facts.hooks)
        self._show_acts(facts.acts, when)
        hide(self._known, hidden=False, by="waiting")
        if "data-shown" not in self._visit.main.props:
            self._visit.main.props["data-shown"] = "true"

    def _show_acts(self, acts: Sequence[Act] | None, when: When) -> None:
        self._trail.show(acts, when)
