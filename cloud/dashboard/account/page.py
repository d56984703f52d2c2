"""The page: who one is, one's own password, and for an administrator the enterprise's people."""

from collections.abc import Mapping

from fastapi import Request
from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement
from pydantic import ValidationError

from cloud.accounts.model import SHORTEST, PasswordChange
from cloud.dashboard.account.forms import field, form, submit, told
from cloud.dashboard.account.people import People
from cloud.dashboard.frame import said
from cloud.dashboard.house import House
from cloud.dashboard.registry import Away, KeyRefused, Refused
from cloud.dashboard.visit import Visit, serve


def install(house: House) -> None:
    """Serve the page at /account."""

    def build(visit: Visit, _: Request) -> None:
        said("h1", visit.words("account.nav"), "title")
        _Self(visit)
        if visit.login.name:
            _Password(visit)
        if visit.may("admin"):
            People(visit)
        visit.main.props["data-shown"] = "true"

    serve(house, "account", build)


class _Self:
    """Who is logged in."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        words, login = visit.words, visit.login
        with ui.element("section").classes("card own"):
            said("h2", words("account.you"))
            with ui.element("dl"):
                self._pair("account.name", login.name or words("account.key"))
                self._enterprise = self._pair("account.enterprise", "")
                if login.role:
                    self._pair("account.role", words.term("account.role", login.role))
                self._may = self._pair("account.may", "")
            out = ui.element("form")
            out.props["method"] = "post"
            out.props["action"] = "/logout"
            with out:
                submit(words("account.log_out"), "quiet")
        visit.on_news(self.show)

    def _pair(self, label: str, value: str) -> TextElement:
        said("dt", self._visit.words(label))
        return said("dd", value)

    def show(self) -> None:
        """Once the registry has said it."""
        words, plant = self._visit.words, self._visit.watcher.plant
        if plant:
            scopes = self._visit.login.scopes or frozenset(map(str, plant.enterprise.scopes))
            self._enterprise.set_text(plant.enterprise.name)
            self._may.set_text(", ".join(words.term("account.scope", scope) for scope in ORDER if scope in scopes))


ORDER = ("read", "book", "provide", "admin")

FAULTS = {"password.wrong": "account.wrong", "rate.limited": "account.slow"}


class _Password:
    """One's own password."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        words = visit.words
        with ui.element("section").classes("card"):
            said("h2", words("account.password"))
            if not visit.login.password:
                said("p", words("account.none"), "about")
                return
            with form(self._change):
                # For the browser, which keeps passwords by name.
                field("", "name", "text", "username", value=visit.login.name or "", hidden="true")
                field(words("account.old"), "old", "password", "current-password")
                field(words("account.new"), "new", "password", "new-password", minlength=str(SHORTEST))
                field(words("account.again"), "again", "password", "new-password", minlength=str(SHORTEST))
                self._problem = told()
                submit(words("account.change"))

    async def _change(self, entered: Mapping[str, str]) -> None:
        fault = await self._fault(entered)
        self._problem.set_text(self._visit.words(fault) if fault else "")
        if not fault:
            self._visit.say(self._visit.words("account.changed"), "positive")

    async def _fault(self, entered: Mapping[str, str]) -> str:
        """Why it is not changed (an entry of the dictionary), or nothing."""
        if entered.get("new") != entered.get("again"):
            return "account.differ"
        try:
            wanted = PasswordChange.model_validate({"old": entered.get("old", ""), "new": entered.get("new", "")})
            await self._visit.registry.ask(lambda api: api.change_password(wanted))
        except ValidationError:
            return "account.short"
        except Refused as refused:
            return FAULTS.get(refused.code, "account.away")
        except (Away, KeyRefused):
            return "account.away"
        return ""
