"""Which fields each dialog of this page has, and what they begin with."""

from collections.abc import Mapping
from datetime import timedelta

from nicegui import ui

from cloud.cooperation.inquiry import Inquiry
from cloud.cooperation.model import Agreement
from cloud.dashboard.cooperation.form import SEATS
from cloud.dashboard.cooperation.view import View
from cloud.dashboard.frame import said
from cloud.dashboard.market.fields import Form
from cloud.dashboard.market.form import KINDS, typed
from cloud.dashboard.when import When

HOUR = timedelta(hours=1)
SHOWS = ("services", "capacity", "states")


def proposal(form: Form, view: View, when: When, role: str, seen: Mapping[str, str]) -> None:
    """An agreement; `seen`: services of others that search finds, by their ids."""
    words = form.words
    form.field("name", words("cooperation.name"), value="", classes="wide", maxlength=100)
    if role == "provider":
        _partner(form, view)
        with ui.element("fieldset").classes("wide ticks"):
            said("legend", words("cooperation.services"))
            for service in view.services:
                form.tick(f"svc:{service.id}", f"{service.name} · {service.price.amount:,.2f} {service.price.currency}")
            form.place("service")
    else:
        options = [*seen.items(), ("", words("cooperation.another_service"))]
        form.choice("found", words("cooperation.service"), options, options[0][0], "wide")
        with ui.element("details").classes("wide more"):
            said("summary", words("cooperation.by_id"))
            with ui.element("div").classes("form pair"):
                _partner(form, view)
                form.field("service", words("cooperation.service_ids"), classes="wide")
    currency = view.services[0].price.currency if view.services else "EUR"
    form.field("rate", words("cooperation.rate_field"), "number", min=0, step="any")
    form.field("currency", words("cooperation.currency"), value=currency, maxlength=3)
    form.field("quota", words("cooperation.quota_field"), "number", "40", min=0.25, step="any")
    periods = [(each, words(f"cooperation.per_{each}")) for each in ("week", "month")]
    form.choice("period", words("cooperation.period"), periods, "week")
    today = when.now.astimezone(when.zone).date()
    form.field("start", words("cooperation.first_day"), "date", today.isoformat())
    form.field("end", words("cooperation.last_day"), "date", (today + timedelta(days=90)).isoformat())
    form.field("notice", words("cooperation.notice_field"), "number", min=0, step="any")
    ranks = [(str(number), str(number)) for number in range(10)]
    form.choice("priority", words("cooperation.priority_field"), ranks, "0")
    form.field("note", words("cooperation.note_field"), classes="wide", maxlength=500)


def call_off(form: Form, agreement: Agreement, when: When) -> None:
    """A booking by the agreement."""
    words = form.words
    services = [(each.id, each.name) for each in agreement.services if each.active]
    form.choice("service", words("cooperation.service"), services, "", "wide")
    start = when.now.replace(minute=0, second=0, microsecond=0) + 2 * HOUR
    form.field("start", words("cooperation.start"), "datetime-local", typed(start, when.zone))
    form.field("end", words("cooperation.until"), "datetime-local", typed(start + 4 * HOUR, when.zone))
    form.field("quantity", words("cooperation.units"), "number", "1", min=1, step=1)
    _work(form)


def inquiry(form: Form, view: View, when: When) -> None:
    """What is wanted, of whom, and until when one waits for quotes."""
    words = form.words
    with ui.element("fieldset").classes("wide ticks"):
        said("legend", words("cooperation.ask_whom"))
        for identity, name in view.names.items():
            form.tick(f"ent:{identity}", name)
    kinds = [("", words("market.any_kind")), *((kind, words.term("market.kind", kind)) for kind in KINDS)]
    form.choice("kind", words("cooperation.kind"), kinds, "processing")
    form.field("process", words("market.process"))
    start = when.now.replace(minute=0, second=0, microsecond=0) + 24 * HOUR
    form.field("start", words("cooperation.not_before"), "datetime-local", typed(start, when.zone))
    form.field("end", words("cooperation.done_by"), "datetime-local", typed(start + 168 * HOUR, when.zone))
    form.field("hours", words("cooperation.hours_field"), "number", "8", min=0.25, step="any")
    form.field("quantity", words("cooperation.units"), "number", "1", min=1, step=1)
    form.field("price", words("cooperation.max_price"), "number", min=0, step="any")
    form.field("currency", words("cooperation.currency"), value="EUR", maxlength=3)
    _work(form)
    form.field("expires_at", words("cooperation.answer_by"), "datetime-local", typed(start, when.zone))
    form.field("note", words("cooperation.note_field"), classes="wide", maxlength=500)


def quote(form: Form, asked: Inquiry, view: View, when: When) -> None:
    """What it would be done for; it begins with the hours that were asked for."""
    words = form.words
    services = [
        (each.id, f"{each.name} · {each.price.amount:,.2f} {each.price.currency}/h")
        for each in sorted(view.services, key=lambda each: each.process != asked.process)
    ]
    form.choice("service", words("cooperation.service"), services, "", "wide")
    start = max(asked.start, when.now.replace(minute=0, second=0, microsecond=0) + HOUR)
    end = start + asked.duration if asked.duration else asked.end
    form.field("start", words("cooperation.start"), "datetime-local", typed(start, when.zone))
    form.field("end", words("cooperation.until"), "datetime-local", typed(end, when.zone))
    form.field("quantity", words("cooperation.units"), "number", str(asked.quantity), min=1, step=1)
    form.field("price", words("cooperation.price_all"), "number", min=0, step="any")
    form.field("currency", words("cooperation.currency"), value=view.services[0].price.currency, maxlength=3)
    form.field("valid_until", words("cooperation.valid_until"), "datetime-local", typed(asked.expires_at, when.zone))
    form.field("note", words("cooperation.note_field"), classes="wide", maxlength=500)


def alliance(form: Form, view: View) -> None:
    """Name, members and their shares in percent."""
    words = form.words
    form.field("name", words("cooperation.name"), classes="wide", maxlength=100)
    form.field("own", words("cooperation.own_share"), "number", "50", min=0, max=100, step="any")
    shows(form, "services")
    known = _known(form, "ent", view.names)
    for number in range(SEATS):
        form.field(f"member{number}", words("cooperation.member_id", number=number + 1), list=known)
        form.field(f"share{number}", words("cooperation.share_field"), "number", min=0, max=100, step="any")
    form.field("note", words("cooperation.note_field"), classes="wide", maxlength=500)


def shows(form: Form, now: str) -> None:
    """What the others may see of one's pooled services."""
    options = [(code, form.words.term("cooperation.shows", code)) for code in SHOWS]
    form.choice("shows", form.words("cooperation.shows_field"), options, now)


def pool(form: Form, view: View) -> None:
    """Which of one's own services goes into the pool."""
    services = [(each.id, each.name) for each in view.services]
    form.choice("service", form.words("cooperation.service"), services, "", "wide")


def reason(form: Form) -> None:
    """Why; may be left out."""
    form.field("reason", form.words("cooperation.reason_field"), classes="wide", maxlength=500)


def _work(form: Form) -> None:
    words = form.words
    form.field("work_master", words("market.work_master"), maxlength=100)
    form.field("pieces", words("market.pieces"), "number", "1", min=1, step=1)
    form.field("material", words("market.material"), maxlength=500)


def _partner(form: Form, view: View) -> None:
    words = form.words
    options = [("", words("cooperation.choose")), *view.names.items()]
    form.choice("partner", words("cooperation.partner"), options, "")
    form.field("other", words("cooperation.partner_id"), maxlength=64)


def _known(form: Form, name: str, values: Mapping[str, str]) -> str:
    """The id of a list of values that a field offers; each with its name."""
    with ui.element("datalist") as made:
        for code, text in values.items():
            one = said("option", text)
            one.props["value"] = code
    made.props["id"] = f"known-{name}-{form.element.html_id}"
    return str(made.props["id"])
