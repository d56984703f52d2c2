"""The panel in which is said what is looked for."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

from nicegui import ui

from cloud.dashboard.frame import button, said
from cloud.dashboard.market.fields import Form
from cloud.dashboard.market.form import KINDS, Faults
from cloud.dashboard.model import Plant
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When
from cloud.market.model import SearchRequest
from cloud.registry.model import Site
from cloud.registry.processes import PROCESSES
from gateway.capacity import Confidence


class Seek:
    """The search form. `search` gets the fields as text; `reset` puts them back."""

    def __init__(self, visit: Visit, search: Callable[[dict[str, str]], Any], reset: Callable[[], Any]) -> None:
        self._words = visit.words
        self._search, self._reset = search, reset
        self._form: Form | None = None
        with ui.element("section").classes("card seek") as self._card:
            self._card.props["aria-label"] = self._words("market.seek")
            with ui.element("div").classes("top"):
                said("h2", self._words("market.seek"))
                self._zone = said("span", "", "zone")
            self._loading = said("p", self._words("market.loading"), "nothing")

    def begin(self, values: dict[str, str], plant: Plant, when: When) -> None:
        """Show the form, filled with these."""
        words = self._words
        self._zone.set_text(words("market.zone", zone=str(when.zone)))
        self._loading.delete()
        with self._card:
            self._form = form = Form(words, self._search, "pair")
        with form.element:
            _what(form, values)
            form.field("start", words("market.start"), "datetime-local", values["start"], "wide")
            form.field("end", words("market.end"), "datetime-local", values["end"], "wide")
            form.field("hours", words("market.hours"), "number", values["hours"], min=0.25, step="any", max=2208)
            form.field("quantity", words("market.quantity"), "number", values["quantity"], min=1, step=1)
            _terms(form, values, words.term)
            with _folded(words("market.job"), open_=any(values[name] for name in JOB)):
                _job(form, values)
            with _folded(words("market.split"), open_=bool(values["pieces"] or values["least"])):
                form.field("pieces", words("market.split_pieces"), "number", values["pieces"], min=2, max=20, step=1)
                form.field("least", words("market.split_least"), "number", values["least"], min=0, step="any")
            with _folded(words("market.place"), open_=bool(values["km"] or values["latitude"])):
                _place(form, values, [site for site in plant.sites if site.latitude is not None])
            form.field("service", words("market.service"), "text", values["service"], "wide")
            with ui.element("div").classes("wide ends"):
                form.send_button(words("market.search"))
                button(words("market.reset"), self._reset, "quiet", text=words("market.reset"))

    def blame(self, request: SearchRequest | Faults) -> None:
        """Say what is wrong with which field, or that nothing is."""
        if self._form:
            self._form.blame(request.by_field if isinstance(request, Faults) else {})

    def fill(self, values: dict[str, str]) -> None:
        """The fields as they are now."""
        if self._form:
            self._form.fill(values)


def _what(form: Form, values: dict[str, str]) -> None:
    words = form.words
    kinds = [("", words("market.any_kind")), *((kind, words.term("market.kind", kind)) for kind in KINDS)]
    form.choice("kind", words("market.kind"), kinds, values["kind"])
    form.field("process", words("market.process"), "text", values["process"], list="processes", maxlength=100)
    with ui.element("datalist") as known:
        known.props["id"] = "processes"
        for process in PROCESSES.values():
            given = ui.element("option")
            given.props["value"] = process.zh if words.language == "zh" else process.en
            given.props["label"] = process.code


def _terms(form: Form, values: dict[str, str], term: Callable[[str, str], str]) -> None:
    words = form.words
    bands = [(str(int(band)), f"{int(band)} · {term('confidence', str(int(band)))}") for band in Confidence]
    form.choice("confidence", words("market.confidence"), bands, values["confidence"], "wide")
    form.field("price", words("market.price"), "number", values["price"], min=0, step="any")
    form.field("currency", words("market.currency"), "text", values["currency"], maxlength=3)


@contextlib.contextmanager
def _folded(title: str, *, open_: bool) -> Iterator[None]:
    """Fields that are not always needed, behind their title."""
    with ui.element("details").classes("wide more") as more:
        more.props["open"] = open_
        said("summary", title)
        with ui.element("div").classes("pair"):
            yield


JOB = ("materials", "certificates", "x", "y", "z", "kg", "grade", "mm", "units")


def _job(form: Form, values: dict[str, str]) -> None:
    words = form.words
    form.field("materials", words("market.materials"), "text", values["materials"], "wide")
    for name in ("x", "y", "z", "kg"):
        form.field(name, words(f"market.workpiece_{name}"), "number", values[name], min=0, step="any")
    form.field("grade", words("market.grade"), "text", values["grade"], maxlength=5)
    form.field("mm", words("market.mm"), "number", values["mm"], min=0, step="any")
    form.field("certificates", words("market.certificates"), "text", values["certificates"], "wide")
    form.field("units", words("market.units"), "number", values["units"], "wide", min=1, step=1)


def _place(form: Form, values: dict[str, str], sites: list[Site]) -> None:
    words = form.words
    form.field("latitude", words("market.latitude"), "number", values["latitude"], min=-90, max=90, step="any")
    form.field("longitude", words("market.longitude"), "number", values["longitude"], min=-180, max=180, step="any")
    form.field("km", words("market.km"), "number", values["km"], "wide", min=0, step="any")
    if sites:
        with ui.element("div").classes("wide near"):
            said("span", words("market.near"))
            for site in sites[:5]:
                _near(form, site)


def _near(form: Form, site: Site) -> None:
    place = {"latitude": f"{site.latitude:g}", "longitude": f"{site.longitude:g}", "km": "300"}
    button(form.words("market.near_site", site=site.name), lambda: form.fill(place), "quiet", text=site.name)
