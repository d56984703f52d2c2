"""The log-in page: takes an API key, asks the registry whether it is good, and keeps it in memory."""

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import ui
from nicegui.events import GenericEventArguments

from cloud.dashboard.frame import MARK, dress, language_button, said, theme_button
from cloud.dashboard.house import House
from cloud.dashboard.registry import Away, KeyRefused

FORMS = ("ts_live_", "ts_test_")

FIELD = 'id="key" type="password" autocomplete="off" spellcheck="false" autofocus'
TYPED = "() => emit(document.getElementById('key').value)"
"""The key leaves the field only once it is entered, and what the page knows of it is nothing."""


def install(house: House) -> None:
    """Serve the page at /login."""

    @ui.page("/login")
    def login(request: Request) -> RedirectResponse | None:
        _, session, words = house.visit(request)
        if session.key:
            return RedirectResponse("/")
        dark = dress(session, words, "login.title")

        async def enter(event: GenericEventArguments) -> None:
            text = str(event.args or "").strip()
            problem.set_text("")
            go.props["disabled"] = True
            refusal = await refusal_of(house, text)
            go.props["disabled"] = False
            if refusal:
                problem.set_text(words(refusal))
                return
            session.key, session.left, session.refused = text, False, False
            wanted, session.wanted = session.wanted, "/"
            ui.navigate.to(wanted)

        with ui.element("main").classes("door"), ui.element("section").classes("card"):
            with ui.element("div").classes("brand"):
                ui.html(MARK, tag="span", sanitize=False).style("display:flex")
                said("h1", words("app.name"))
            said("h2", words("login.head"))
            said("p", words("login.about"), "about")
            with ui.element("label"):
                said("span", words("login.key"))
                ui.element("input").props(FIELD).on("keydown.enter", enter, js_handler=TYPED)
                said("span", words("login.hint"), "hint")
            problem = said("p", words("login.ended") if session.refused else "", "problem")
            problem.props["role"] = "alert"
            go = ui.element("button").classes("go").on("click", enter, js_handler=TYPED)
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
