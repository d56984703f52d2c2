"""What can be done on this page: each deed by its name, at once or after a dialog."""

from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

from nicegui import ui
from pydantic import BaseModel

from cloud.client import Client
from cloud.cooperation.model import Agreement, ReasonRequest
from cloud.dashboard.cooperation import form, told, write
from cloud.dashboard.cooperation.agreed import theirs, usage_html
from cloud.dashboard.cooperation.dialogs import Asking
from cloud.dashboard.cooperation.view import View
from cloud.dashboard.download import csv_button
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When
from cloud.market.model import Found, SearchRequest

WEEK = timedelta(days=7)


class Chosen(BaseModel):
    """What was chosen in a dialog that asks for one thing."""

    value: str


class Deeds:
    """Does what was clicked; `read` reads the page anew afterwards."""

    def __init__(self, visit: Visit, view: Callable[[], View | None], read: Callable[[], Awaitable[None]]) -> None:
        self._visit, self._view, self._read = visit, view, read
        self._at_once: Mapping[str, tuple[str, Callable[[Client, str], Awaitable[object]]]] = {
            "accept": ("cooperation.accept", lambda api, it: api.accept_agreement(it, key=f"accept-{it}")),
            "withdraw": ("cooperation.withdraw", lambda api, it: api.withdraw_inquiry(it, key=f"withdraw-{it}")),
            "unquote": ("cooperation.take_back", lambda api, it: api.withdraw_quote(it, key=f"withdraw-{it}")),
            "take": ("cooperation.take", lambda api, it: api.take_quote(it, key=f"take-{it}")),
            "unpool": ("cooperation.unpool", lambda api, it: api.unpool_service(*it.split(" ", 1))),
        }
        self._asked: Mapping[str, Callable[[View, When, str], None]] = {
            "propose_provider": lambda view, when, _: self._propose(view, when, "provider", {}),
            "inquire": lambda view, when, _: self._inquire(view, when),
            "found": lambda view, when, _: self._found(view, when),
            "call": self._call,
            "quote": self._quote,
            "join": self._join,
            "pool": self._pool,
            "decline": partial(self._reason, "decline"),
            "end": partial(self._reason, "end"),
            "leave": partial(self._reason, "leave"),
            "disjoin": partial(self._reason, "disjoin"),
        }

    async def do(self, what: str, item: str) -> None:
        """Do it, or ask what is needed for it."""
        view, when = self._view(), self._visit.when()
        if view is None or when is None:
            return
        if what in self._at_once:
            word, call = self._at_once[what]
            await self._try(word, lambda api: call(api, item))
        elif what == "usage":
            await self._usage(next(one for one in view.agreements if one.id == item), when)
        elif what == "propose_booker":
            self._propose(view, when, "booker", await self._found_services(view, when))
        elif what in self._asked:
            self._asked[what](view, when, item)

    async def _try(self, word: str, call: Callable[[Client], Awaitable[object]]) -> None:
        visit = self._visit
        try:
            await visit.registry.ask(call)
        except Refused as error:
            if when := visit.when():
                visit.say(told.refused(error.code, error.detail, error.problem, when), "negative")
        except Away:
            visit.say(visit.words("cooperation.away"), "warning")
        else:
            visit.say(visit.words("cooperation.done", what=visit.words(word)), "positive")
        await self._read()

    def _dialog(self, title: str, about: str = "") -> Asking:
        words = self._visit.words
        return Asking(self._visit, words(title), words(about) if about else "", self._read)

    async def _found_services(self, view: View, when: When) -> dict[str, Found]:
        """Services of others that have an hour to spare in the coming week."""
        asked = SearchRequest(start=when.now, end=when.now + WEEK, duration=WEEK / 168, limit=100)
        try:
            answer = await self._visit.registry.ask(lambda api: api.search(asked))
        except (Refused, Away):
            return {}
        return {one.service_id: one for one in reversed(answer.items) if one.provider_id != view.me}

    def _propose(self, view: View, when: When, role: str, found: Mapping[str, Found]) -> None:
        providers = {identity: one.provider_id for identity, one in found.items()}
        seen = {
            identity: f"{one.service_name} · {one.provider_name} · {told.money(one.rate)}/h"
            for identity, one in sorted(found.items(), key=lambda pair: pair[1].service_name)
        }
        self._dialog(f"cooperation.propose_{role}", f"cooperation.propose_{role}_about").open(
            lambda typed: form.proposal(typed, when.zone, role, providers),
            lambda api, request, key: api.propose(request, key=key),
            "cooperation.propose",
            lambda made: write.proposal(made, view, when, role, seen),
        )

    def _call(self, view: View, when: When, item: str) -> None:
        agreement = next(one for one in view.agreements if one.id == item)
        self._dialog("cooperation.call_off", "cooperation.call_off_about").open(
            lambda typed: form.call_off(typed, when.zone, item),
            lambda api, request, key: api.book(request, key=key),
            "cooperation.call_off",
            lambda made: write.call_off(made, agreement, when),
        )

    def _inquire(self, view: View, when: When) -> None:
        self._dialog("cooperation.inquire", "cooperation.inquire_about").open(
            lambda typed: form.inquiry(typed, when.zone),
            lambda api, request, key: api.inquire(request, key=key),
            "cooperation.ask",
            lambda made: write.inquiry(made, view, when),
        )

    def _quote(self, view: View, when: When, item: str) -> None:
        asked = next(one for one in view.inquiries if one.id == item)
        self._dialog("cooperation.quote", "cooperation.quote_about").open(
            lambda typed: form.quote(typed, when.zone),
            lambda api, request, key: api.quote(item, request, key=key),
            "cooperation.quote",
            lambda made: write.quote(made, asked, view, when),
        )

    def _found(self, view: View, when: When) -> None:
        self._dialog("cooperation.found", "cooperation.found_about").open(
            lambda typed: form.alliance(typed, when.zone, view.me),
            lambda api, request, key: api.found_alliance(request, key=key),
            "cooperation.found",
            lambda made: write.alliance(made, view),
        )

    def _join(self, view: View, _: When, item: str) -> None:
        alliance = next(one for one in view.alliances if one.id == item)
        mine = next(member for member in alliance.members if member.id == view.me)
        self._dialog("cooperation.join", "cooperation.join_about").open(
            lambda typed: Chosen(value=typed["shows"]),
            lambda api, request, key: api.join_alliance(item, request.value, key=key),
            "cooperation.agree",
            lambda made: write.shows(made, mine.shows),
        )

    def _pool(self, view: View, _: When, item: str) -> None:
        self._dialog("cooperation.pool_one", "cooperation.pool_about").open(
            lambda typed: Chosen(value=typed["service"]),
            lambda api, request, _: api.pool_service(item, request.value),
            "cooperation.pool_one",
            lambda made: write.pool(made, view),
        )

    def _reason(self, what: str, _: View, __: When, item: str) -> None:
        calls: Mapping[str, Callable[[Client, Any, str], Awaitable[object]]] = {
            "decline": lambda api, why, key: api.decline_agreement(item, why.reason, key=key),
            "end": lambda api, why, key: api.end_agreement(item, why.reason, key=key),
            "leave": lambda api, why, key: api.leave_alliance(item, why.reason, key=key),
            "disjoin": lambda api, why, _: api.decline_alliance(item, why.reason),
        }
        word = "cooperation.decline" if what == "disjoin" else f"cooperation.{what}"
        self._dialog(word, f"cooperation.{what}_about").open(
            lambda typed: ReasonRequest(reason=typed.get("reason", "").strip()[:500] or None),
            calls[what],
            word,
            write.reason,
        )

    async def _usage(self, agreement: Agreement, when: When) -> None:
        words = self._visit.words
        try:
            told_ = (await self._visit.registry.ask(lambda api: api.usage(agreement.id))).items
        except (Refused, Away):
            self._visit.say(words("cooperation.away"), "warning")
            return
        asking = self._dialog("cooperation.usage", "cooperation.usage_about")
        names = ("period", "used", "of", "left")
        heads = "".join(f'<th scope="col">{words(f"cooperation.{name}")}</th>' for name in names)
        rows = usage_html(told_, theirs(agreement, when))
        table = f'<table class="bookings"><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table>'
        with asking.body:
            ui.html(table, tag="div", sanitize=False).classes("wide")
            columns = ("start", "end", "quota_hours", "used_hours", "left_hours")
            csv_button(words, "quota", lambda: [columns, *([getattr(one, name) for name in columns] for one in told_)])
        asking.show()
