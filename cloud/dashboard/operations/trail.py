"""The audit trail on the page: the newest acts as they come, and older ones by a button."""

from collections.abc import Sequence

from cloud.audit.model import Act
from cloud.dashboard.frame import button, hide
from cloud.dashboard.operations import tables
from cloud.dashboard.operations.cards import Section
from cloud.dashboard.operations.facts import ACTS
from cloud.dashboard.registry import Away, KeyRefused, Refused
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When


class Trail:
    """While older acts are shown, what is new waits for the button that leads back."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._section = Section(visit.words, "acts")
        self._newest: Sequence[Act] = ()
        self._cursor: str | None = None
        self._back = False
        words = visit.words
        with self._section.foot:
            self._to_newest = button(
                words("operations.acts_newest"), self._return, "quiet", text=words("operations.acts_newest")
            )
            self._older = button(
                words("operations.acts_older"), self._go_back, "quiet", text=words("operations.acts_older")
            )
        hide(self._to_newest, hidden=True)

    def show(self, acts: Sequence[Act] | None, when: When) -> None:
        """The newest ones; None for whoever may not see them."""
        if acts is None:
            self._section.refuse()
            return
        self._newest = acts
        if not self._back:
            self._section.show(tables.acts(acts, when), none=not acts)
            hide(self._section.foot, hidden=len(acts) < ACTS)

    async def _go_back(self) -> None:
        registry, cursor = self._visit.registry, self._cursor
        try:
            page = await registry.ask(lambda api: api.audit(limit=ACTS, cursor=cursor))
            if cursor is None and page.next_cursor:
                cursor = page.next_cursor
                page = await registry.ask(lambda api: api.audit(limit=ACTS, cursor=cursor))
        except (Away, KeyRefused, Refused) as error:
            self._visit.say(str(error), "negative")
            return
        self._back, self._cursor = True, page.next_cursor
        when = self._visit.when()
        if when:
            self._section.show(tables.acts(page.items, when), none=not page.items)
        hide(self._older, hidden=self._cursor is None)
        hide(self._to_newest, hidden=False)

    def _return(self) -> None:
        self._back, self._cursor = False, None
        when = self._visit.when()
        if when:
            self.show(self._newest, when)
        hide(self._older, hidden=False)
        hide(self._to_newest, hidden=True)
