"""The log-in page: a form for name and password, one for an API key, and the way to an identity provider."""

from fastapi import Request
from fastapi.responses import RedirectResponse
from nicegui import ui

from cloud.dashboard.account.forms import submit
from cloud.dashboard.doorway import OUT, PROVIDER
from cloud.dashboard.frame import MARK, dress, language_button, said, theme_button
from cloud.dashboard.house import House
from cloud.dashboard.sessions import Session
from cloud.dashboard.words import Words


def install(house: House) -> None:
    """Serve the page at /login. Its forms are the browser's own, which can keep passwords; doorway.py takes them."""

    @ui.page("/login")
    def login(request: Request) -> RedirectResponse | None:
        _, session, words = house.visit(request)
        if session.login:
            return RedirectResponse("/")
        dark = dress(session, words, "login.title", "login")
        problem = "login.ended" if session.refused else session.problem
        session.problem = ""
        with ui.element("main").classes("door"), ui.element("section").classes("card"):
            with ui.element("div").classes("brand"):
                ui.html(MARK, tag="span", sanitize=False).style("display:flex")
                said("h1", words("app.name"))
            said("h2", words("login.head"))
            _problem(words, problem)
            if house.client:
                _by_provider(words, session)
            _by_password(words)
            _by_key(words)
            with ui.element("div").classes("foot"), ui.element("div").classes("tools"):
                language_button(session, words)
                theme_button(session, words, dark)
        return None


def _problem(words: Words, entry: str) -> None:
    if entry:
        shown = said("p", words(entry), "problem")
        shown.props["role"] = "alert"
        shown.props["id"] = "problem"


def _by_provider(words: Words, session: Session) -> None:
    if session.way_out:
        _linked(words("login.provider_leave"), OUT)
    of = session.sought
    _linked(words("login.provider_of", enterprise=of) if of else words("login.provider"), PROVIDER)
    with ui.element("details"):
        said("summary", words("login.provider_several"))
        with _form():
            _field(words("login.enterprise"), "sought", "text", "organization", value=of)
            submit(words("login.provider_choose"), "go quiet")


def _linked(text: str, where: str) -> None:
    link = said("a", text, "go")
    link.props["href"] = where


def _form() -> ui.element:
    form = ui.element("form")
    form.props["method"] = "post"
    form.props["action"] = "/login"
    return form


def _by_password(words: Words) -> None:
    with _form():
        _field(
            words("login.name"), "name", "text", "username", required="true", autofocus="true", autocapitalize="none"
        )
        _field(words("login.password"), "password", "password", "current-password", required="true")
        with ui.element("details"):
            said("summary", words("login.several"))
            _field(words("login.enterprise"), "enterprise", "text", "organization")
        submit(words("login.enter"))


def _by_key(words: Words) -> None:
    with _form().classes("other"):
        _field(words("login.key"), "key", "password", "off", required="true", spellcheck="false")
        said("span", words("login.hint"), "hint")
        submit(words("login.enter_key"), "go quiet")


def _field(label: str, name: str, kind: str, autocomplete: str, **more: str) -> None:
    with ui.element("label"):
        said("span", label)
        made = ui.element("input")
        for prop, value in {
            "name": name,
            "type": kind,
            "autocomplete": autocomplete,
            "maxlength": "200",
            **more,
        }.items():
            made.props[prop] = value
