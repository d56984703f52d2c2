"""Money, hours, shares, refusals and buttons, as this page says them; what comes from outside is escaped."""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from html import escape
from typing import Any, TypeVar

from nicegui.element import Element
from nicegui.events import GenericEventArguments

from cloud.dashboard.market import told as market
from cloud.dashboard.when import DASH, When
from cloud.dashboard.words import Words
from gateway.money import Money

Some = TypeVar("Some", bound=Element)

LIVELY = frozenset({"ACTIVE", "OPEN", "OFFERED", "JOINED"})
DUE = frozenset({"PROPOSED", "FORMING", "INVITED"})
DONE = frozenset({"TAKEN"})


def money(amount: Money) -> str:
    """`1,234.50 EUR`, with a minus sign that is one."""
    return f"{amount.amount:,.2f} {amount.currency}".replace("-", "\N{MINUS SIGN}")


def hours(much: float, words: Words) -> str:
    """`7.5 h`."""
    return words("cooperation.hours", hours=f"{much:,.1f}")


def share(part: float | None) -> str:
    """`83 %`, or a dash for what nothing is known of."""
    return DASH if part is None else f"{part * 100:.0f} %"


def waited(seconds: float | None, when: When) -> str:
    """How long, or a dash."""
    return DASH if seconds is None else when.long(timedelta(seconds=seconds))


def badge(kind: str, state: str, words: Words) -> str:
    """The state as a word in a frame of its colour."""
    look = "live" if state in DUE else "active" if state in LIVELY else "done" if state in DONE else ""
    return f'<span class="badge {look}">{escape(words.term(f"cooperation.{kind}", state))}</span>'


def act(do: str, item: str, text: str, look: str = "quiet") -> str:
    """A button for `on_act`."""
    return f'<button type="button" class="{look}" data-do="{do}" data-item="{escape(item)}">{escape(text)}</button>'


def on_act(element: Some, handler: Callable[[str, str], Any]) -> Some:
    """Clicks on what has `data-do`, anywhere inside: handler(what to do, to what), both texts."""

    def clicked(event: GenericEventArguments) -> Any:
        return handler(str(event.args[0]), str(event.args[1]))

    catch = "(e) => { const b = e.target.closest('[data-do]'); if (b) emit(b.dataset.do, b.dataset.item); }"
    element.on("click", clicked, js_handler=catch)
    return element


def older(count: int, words: Words) -> str:
    """That there are more, which are over for longer."""
    return (
        f'<li class="deal over"><p class="note">{escape(words("cooperation.older", count=count))}</p></li>'
        if count
        else ""
    )


def fact(label: str, value: str) -> str:
    """A term and what it is; `value` is HTML."""
    return f"<div><dt>{escape(label)}</dt><dd>{value}</dd></div>"


def refused(code: str, detail: str, problem: Mapping[str, Any], when: When) -> str:
    """Why the registry did not do it, and what would do."""
    words = when.words
    if code not in words.terms("cooperation.refused"):
        return market.refused(code, detail, problem, when)
    facts: dict[str, object] = {name: value for name, value in problem.items() if isinstance(value, str | int | float)}
    if isinstance(period := problem.get("period"), dict):
        facts |= {name: when.moment(datetime.fromisoformat(str(period[name]))) for name in ("start", "end")}
    elif code == "agreement.span":
        facts |= {name: when.moment(datetime.fromisoformat(str(problem[name]))) for name in ("start", "end")}
    if "state" in facts:
        kind = code.partition(".")[0]
        facts["state"] = words.term(f"cooperation.{kind}", str(facts["state"]))
    try:
        return words(f"cooperation.refused.{code}", **facts)
    except KeyError:
        return words("market.refused_other", detail=detail or code, code=code)
