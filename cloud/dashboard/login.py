"""The log-in page: takes an API key, asks the registry whether it is good, and keeps it in memory."""

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import ui

from cloud.dashboard.frame import MARK, dress, language_button, said, theme_button
from cloud.dashboard.house import House
from cloud.dashboard.registry import Away, KeyRefused

FORMS = ("ts_live_", "ts_test_")


def install(house: House) -> None:
    """Serve the page at /login."""

    @ui.page("/login")
    def login(request: Request) -> RedirectResponse | None:
        _, session, words = house.visit(request)
        if session.key:
            return RedirectResponse("/")
        dark = dress(session, words, "login.title")

        async def enter() -> None:
            text = str(key.value or "").strip()
            problem.set_text("")
            go.props["disabled"] = True
            refusal = await refusal_of(house, text)
            go.props["disabled"] = False
            if refusal:
                problem.set_text(words(refusal))
                return
            session.key, session.ended = text, False
            ui.navigate.to("/")

        with ui.element("main").classes("door"), ui.element("section").classes("card"):
            with ui.element("div").classes("brand"):
                ui.html(MARK, tag="span", sanitize=False).style("display:flex")
                said("h1", words("app.name"))
            said("h2", words("login.head"))
            said("p", words("login.about"), "about")
            with ui.element("label"):
                said("span", words("login.key"))
                key = Secret().on("keydown.enter", enter)
                said("span", words("login.hint"), "hint")
            problem = said("p", words("login.ended") if session.ended else "", "problem")
            problem.props["role"] = "alert"
            go = ui.element("button").classes("go").on("click", enter, [])
            go.props["type"] = "button"
            with go:
                said("span", words("login.enter"))
            with ui.element("div").classes("foot"), ui.element("div").classes("tools"):
                language_button(session, words)
                theme_button(session, words, dark)
        return None


async def refusal_of(house: House, key: str) -> str | None:
    """Why the key opens nothing (an entry of the dictionary), or None where the registry accepts it."""
    if not key.startswith(FORMS):
        return "login.form"
    registry = house.registry(key)
    try:
        await registry.enterprise()
    except KeyRefused:
        return "login.refused"
    except Away:
        return "login.away"
    finally:
        await registry.aclose()
    return None


class Secret(ui.element):
    """A bare password field. Its text comes with each change, and is nowhere else in the page."""

    def __init__(self) -> None:
        super().__init__("input")
        self.value = ""
        for name, value in {"type": "password", "autocomplete": "off", "spellcheck": "false", "name": "key"}.items():
            self.props[name] = value
        self.props["autofocus"] = True
        self.on("input", lambda event: self._take(str(event.args)), js_handler="(event) => emit(event.target.value)")

    def _take(self, text: str) -> None:
        self.value = text
