"""The enterprise's people, for its administrators: a list, and a form that adds to it."""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from nicegui import ui
from nicegui.events import GenericEventArguments
from pydantic import ValidationError

from cloud.accounts.model import SHORTEST, Account, AccountChange, AccountRequest
from cloud.accounts.roles import Role
from cloud.client import Client
from cloud.dashboard.account.forms import choice, field, form, submit, told
from cloud.dashboard.frame import said
from cloud.dashboard.registry import Away, KeyRefused, Refused
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import DASH, When

FAULTS = {"name.taken": "account.taken", "account.self": "account.self"}


class People:
    """The card; read when it is opened, and after each change."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._words = words = visit.words
        with ui.element("section").classes("card people"):
            said("h2", words("account.people"))
            with ui.element("div").classes("wide"):
                self._table = ui.element("table").classes("plain")
            self._state = said("p", words("account.loading"), "about")
            self._state.props["role"] = "status"
            said("h3", words("account.add"))
            with form(self._add):
                field(words("account.new_name"), "name", "text", "off", autocapitalize="none")
                with ui.element("label"):
                    said("span", words("account.role"))
                    made = choice(words("account.role"), self._roles(), Role.VIEWER)
                    made.props["name"] = "role"
                field(
                    words("account.first"), "password", "password", "new-password", required="", minlength=str(SHORTEST)
                )
                self._problem = told()
                submit(words("account.add"))
        ui.timer(0.01, self.read, once=True)

    def _roles(self) -> dict[str, str]:
        return {role.value: self._words.term("account.role", role) for role in Role}

    async def read(self) -> None:
        """The list anew."""
        try:
            found = await self._visit.registry.ask(lambda api: api.accounts())
        except Refused as refused:
            self._state.set_text(self._words("account.refused", detail=refused.detail or refused.code))
            return
        except (Away, KeyRefused):
            self._state.set_text(self._words("account.away"))
            return
        self._state.set_text("" if found else self._words("account.nobody"))
        self._table.clear()
        with self._table:
            self._show(found)

    def _show(self, found: list[Account]) -> None:
        if not found:
            return
        columns = ("account.name", "account.role", "account.by", "account.since", "account.state", "account.do")
        with ui.element("thead"), ui.element("tr"):
            for column in columns:
                said("th", self._words(column)).props["scope"] = "col"
        with ui.element("tbody"):
            when = self._visit.when()
            for account in found:
                with ui.element("tr").classes("void" if account.disabled_at else ""):
                    self._line(account, when)

    def _line(self, account: Account, when: When | None) -> None:
        words = self._words
        said("td", account.name, "who-is").props["data-label"] = words("account.name")
        with ui.element("td") as cell:
            cell.props["data-label"] = words("account.role")
            select = choice(words("account.role_of", name=account.name), self._roles(), account.role)
            select.on("change", partial(self._promote, account), js_handler="(event) => emit(event.target.value)")
        said("td", words(_way(account))).props["data-label"] = words("account.by")
        made = when.date(account.created_at) if when else DASH
        said("td", made).props["data-label"] = words("account.since")
        gone = when.moment(account.disabled_at) if when and account.disabled_at else DASH
        state = words("account.disabled", moment=gone) if account.disabled_at else words("account.active")
        said("td", state).props["data-label"] = words("account.state")
        with ui.element("td"):
            self._switch(account)

    def _switch(self, account: Account) -> None:
        verb = "enable" if account.disabled_at else "disable"
        button = said("button", self._words(f"account.{verb}"), "quiet")
        button.props["type"] = "button"
        button.props["aria-label"] = self._words(f"account.{verb}_whom", name=account.name)
        change = AccountChange(disabled=account.disabled_at is None)
        button.on("click", lambda: self._change(account, change), [])

    async def _promote(self, account: Account, event: GenericEventArguments) -> None:
        if event.args in set(Role):
            await self._change(account, AccountChange(role=Role(event.args)))

    async def _change(self, account: Account, change: AccountChange) -> None:
        fault = await self._fault(lambda api: api.change_account(account.id, change))
        kind, text = ("negative", fault) if fault else ("positive", self._words("account.updated", name=account.name))
        self._visit.say(text, kind)  # type: ignore[arg-type]
        await self.read()

    async def _add(self, entered: Mapping[str, str]) -> None:
        given = {name: value for name, value in entered.items() if name in {"name", "role", "password"} and value}
        try:
            wanted = AccountRequest.model_validate({**given, "name": given.get("name", "").strip()})
        except ValidationError:
            self._problem.set_text(self._words("account.short"))
            return
        fault = await self._fault(lambda api: api.add_account(wanted))
        self._problem.set_text(fault)
        if not fault:
            self._visit.say(self._words("account.added", name=wanted.name), "positive")
            await self.read()

    async def _fault(self, call: Callable[[Client], Awaitable[Account]]) -> str:
        """What the registry says against it, in words; nothing where it is done."""
        try:
            await self._visit.registry.ask(call)
        except Refused as refused:
            detail = refused.detail or refused.code
            return self._words(FAULTS.get(refused.code, "account.refused"), detail=detail)
        except (Away, KeyRefused):
            return self._words("account.away")
        return ""


def _way(account: Account) -> str:
    if account.password:
        return "account.by.either" if account.provider else "account.by.password"
    return "account.by.provider"
