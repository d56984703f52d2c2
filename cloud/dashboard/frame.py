"""What every page of the dashboard has: language, theme, look, and its small buttons."""

import hashlib
from collections.abc import Callable
from copy import copy
from pathlib import Path
from typing import Any

from nicegui import ui
from nicegui.element import Element
from nicegui.elements.mixins.text_element import TextElement

from cloud.dashboard.sessions import Session, Theme
from cloud.dashboard.words import LANGUAGES, TAGS, Words

STATIC = Path(__file__).parent / "static"
MOUNTED = "/look"

THEMES: dict[Theme, bool | None] = {"auto": None, "light": False, "dark": True}
_NEXT: dict[Theme, Theme] = {"auto": "light", "light": "dark", "dark": "auto"}

MARK = (
    '<svg viewBox="0 0 30 30" aria-hidden="true"><rect width="30" height="30" rx="7" fill="var(--ink)"/>'
    '<rect x="6" y="13" width="4.6" height="10" rx="1.2" fill="var(--card)" opacity=".45"/>'
    '<rect x="12.7" y="13" width="4.6" height="10" rx="1.2" fill="var(--card)" opacity=".45"/>'
    '<rect x="19.4" y="6" width="4.6" height="17" rx="1.2" fill="var(--available)"/></svg>'
)
"""Two dim shifts and a third one that is lit."""

_LINE = '<svg viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" '
_LINE += 'stroke-linejoin="round" aria-hidden="true">'
ICONS: dict[str, str] = {
    "auto": f'{_LINE}<circle cx="12" cy="12" r="8.5"/>'
    '<path d="M12 3.5v17a8.5 8.5 0 0 0 0-17z" fill="currentColor"/></svg>',
    "light": f'{_LINE}<circle cx="12" cy="12" r="4"/><path d="M12 2.5v2M12 19.5v2M2.5 12h2M19.5 12h2M5.3 5.3l1.4 1.4'
    'M17.3 17.3l1.4 1.4M5.3 18.7l1.4-1.4M17.3 6.7l1.4-1.4"/></svg>',
    "dark": f'{_LINE}<path d="M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z"/></svg>',
    "out": f'{_LINE}<path d="M14 4h4a2 2 0 0 1 2 2v12a2 2 0 0 1-2 2h-4M10 8l-4 4 4 4M6 12h10"/></svg>',
    "menu": f'{_LINE}<path d="M4 7h16M4 12h16M4 17h16"/></svg>',
    "plant": f'{_LINE}<path d="M3 20V10l6 4v-4l6 4V4h6v16zM8 17h.01M12 17h.01M16 17h.01"/></svg>',
    "machine": f'{_LINE}<path d="M4 20h16M6 20V9h8v11M14 12h4v8M9 9V5h2v4M8.5 13h3"/></svg>',
    "market": f'{_LINE}<circle cx="10.5" cy="10.5" r="6.5"/><path d="M15.5 15.5L21 21"/></svg>',
    "bookings": f'{_LINE}<path d="M4 6h16v14H4zM4 10.5h16M8.5 3.5V8M15.5 3.5V8M8 14.5h5"/></svg>',
    "cooperation": f'{_LINE}<circle cx="8" cy="8" r="3.2"/><circle cx="16.5" cy="9.5" r="2.6"/>'
    '<path d="M2.5 19c0-3.3 2.4-5.4 5.5-5.4s5.5 2.1 5.5 5.4M16 14.6c3 0 5.5 1.5 5.5 4.4"/></svg>',
    "operations": f'{_LINE}<path d="M3 12h4l2.5-7 4 14 2.5-7h5"/></svg>',
    "account": f'{_LINE}<circle cx="12" cy="8" r="4"/><path d="M4 20.5c0-4 3.5-6.5 8-6.5s8 2.5 8 6.5"/></svg>',
    "close": f'{_LINE}<path d="M6 6l12 12M18 6L6 18"/></svg>',
}


def stamped(name: str) -> str:
    """The address of a file of STATIC; a browser may keep it for ever, since another content has another address."""
    stamp = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:10]
    return f"{MOUNTED}/{name}?{stamp}"


def linked(*names: str) -> str:
    """What a page's head says to load these files of STATIC, styles and scripts, in that order."""
    return "".join(
        f'<link rel="stylesheet" href="{stamped(name)}">'
        if name.endswith(".css")
        else f'<script src="{stamped(name)}"></script>'
        for name in names
    )


def _head(page: str) -> str:
    """The style and script that all pages share, and those of this page where it has any."""
    names = ("colours.css", "board.css", f"{page}.css", "house.js", "echart.js", f"{page}.js")
    return linked(*(name for name in names if (STATIC / name).is_file()))


def dress(session: Session, words: Words, title: str, page: str = "") -> ui.dark_mode:
    """Give the page its language, title, look and theme. Everything is served by this process itself.

    `page` is the name of its folder, or `login`: static/<page>.css and .js, where they exist, are loaded by it alone.

    NiceGUI knows one language per route, so the visitor gets a copy of the route's description.
    """
    client = ui.context.client
    client.page = copy(client.page)
    client.page.language = TAGS[words.language]
    # Quasar's page is a <main>, which ours would lie in, with the bar; there is one main part to a page.
    if slot := client.content.parent_slot:
        slot.parent.tag = "div"
    ui.add_head_html(_head(page))
    ui.page_title(f"{words(title)} · {words('app.name')}")
    return ui.dark_mode(THEMES[session.theme])


def said(tag: str, text: str = "", classes: str = "") -> TextElement:
    """A text in an element of its own; text is never markup."""
    return TextElement(tag=tag, text=text).classes(classes)


def button(label: str, on_click: Callable[[], Any], classes: str = "", *, icon: str = "", text: str = "") -> Element:
    """A button that says `label` to those who do not see its icon.

    Who speaks to a machine says what is to be read on the button: its name begins with that (WCAG 2.2, 2.5.3).
    """
    pressed = ui.element("button").classes(classes).on("click", on_click, [])
    pressed.props["type"] = "button"
    pressed.props["aria-label"] = f"{text}: {label}" if text and not label.startswith(text) else label
    pressed.props["title"] = label
    with pressed:
        if icon:
            ui.html(ICONS[icon], tag="span", sanitize=False).style("display:flex")
        if text:
            said("span", text)
    return pressed


def hide(element: Element, *, hidden: bool, by: str = "hidden-part") -> None:
    """Take the element from the page, or put it back; nothing is sent where that is so already."""
    if hidden != (by in element.classes):
        element.classes(toggle=by)


def language_button(session: Session, words: Words) -> None:
    """Speak the other language; the page is built anew for it."""
    other = next(code for code in LANGUAGES if code != words.language)

    def switch() -> None:
        session.language = other
        ui.navigate.reload()

    made = button(LANGUAGES[other], switch, "tool language", text=LANGUAGES[other])
    made.props["lang"] = TAGS[other]


def theme_button(session: Session, words: Words, dark: ui.dark_mode) -> None:
    """Light, dark, or as the system has it."""

    def switch() -> None:
        session.theme = _NEXT[session.theme]
        dark.value = THEMES[session.theme]
        show()

    def show() -> None:
        label = words(f"app.theme_{session.theme}")
        made.props["aria-label"] = label
        made.props["title"] = label
        made.clear()
        with made:
            ui.html(ICONS[session.theme], tag="span", sanitize=False).style("display:flex")

    made = button(words("app.theme"), switch, "tool theme")
    show()
