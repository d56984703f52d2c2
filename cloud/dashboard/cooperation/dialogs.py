"""The dialogs of this page: a form, what is wrong with it, and what the registry said to it."""

import secrets
from collections.abc import Awaitable, Callable
from typing import Any

from nicegui import ui
from nicegui.element import Element
from pydantic import BaseModel

from cloud.client import Client
from cloud.dashboard.cooperation import told
from cloud.dashboard.cooperation.form import Reader, Typed
from cloud.dashboard.frame import button, said
from cloud.dashboard.market.fields import Form
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit

Send = Callable[[Client, Any, str], Awaitable[object]]
"""Does with a request what the dialog is for; the text is the idempotency key of this dialog."""


class Asking:
    """A dialog that is open until what it asks for was done; sending it twice does it once."""

    def __init__(self, visit: Visit, title: str, about: str, done: Callable[[], Awaitable[None]]) -> None:
        self._visit, self._done = visit, done
        self._key = secrets.token_hex(12)
        self._busy = False
        words = visit.words
        with visit.main, ui.dialog() as self._dialog, ui.element("div").classes("details order"):
            self._dialog.props["aria-label"] = title
            with ui.element("div").classes("top"):
                said("h2", title)
                with ui.element("div").classes("controls"):
                    button(words("app.close"), self._dialog.close, "tool", icon="close")
            if about:
                said("p", about, "about")
            self.body: Element = ui.element("div").classes("asked")
            self._problem = said("p", "", "problem")
            self._problem.props["role"] = "alert"
        self._dialog.on("hide", self._dialog.delete)

    def open(self, read: Reader, send: Send, word: str, build: Callable[[Form], None]) -> None:
        """Fill it with the fields that `build` makes, and a button that sends what `read` makes of them."""
        words = self._visit.words

        async def sent(typed: Typed) -> None:
            request = read(typed)
            form.blame(request if isinstance(request, dict) else {})
            if isinstance(request, BaseModel):
                await self._send(lambda api: send(api, request, self._key), word)

        with self.body:
            form = Form(words, sent, "pair")
            with form.element:
                build(form)
                with ui.element("div").classes("wide ends"):
                    form.send_button(words(word))
        self._dialog.open()

    async def _send(self, call: Callable[[Client], Awaitable[object]], word: str) -> None:
        if self._busy:
            return
        self._busy = True
        visit = self._visit
        self._problem.set_text("")
        try:
            await visit.registry.ask(call)
        except Refused as error:
            self._key = secrets.token_hex(12)
            if when := visit.when():
                self._problem.set_text(told.refused(error.code, error.detail, error.problem, when))
        except Away:
            self._problem.set_text(visit.words("cooperation.away"))
        else:
            self._dialog.close()
            visit.say(visit.words("cooperation.done", what=visit.words(word)), "positive")
            await self._done()
        finally:
            self._busy = False

    def show(self) -> None:
        """Open it as it is, without a form."""
        self._dialog.open()
