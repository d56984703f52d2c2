"""The dialog in which the work of a booking is said."""

from collections.abc import Callable

from nicegui import ui

from cloud.booking.bundle import BundleRequest
from cloud.booking.model import State
from cloud.booking.wire import Booking, BookingRequest
from cloud.dashboard.cooperation.told import refused
from cloud.dashboard.frame import button, said
from cloud.dashboard.market import told
from cloud.dashboard.market.agreed import terms
from cloud.dashboard.market.fields import Form
from cloud.dashboard.market.hold import DOCUMENTS, Target, Whole, order, order_key
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit
from cloud.dashboard.when import When
from cloud.dashboard.words import Words
from gateway.span import Span


def why(visit: Visit, error: Refused | Away) -> str:
    """Why nothing came of it, and what to do."""
    when = visit.when()
    if isinstance(error, Away) or when is None:
        return visit.words("market.away")
    return refused(error.code, error.detail, error.problem, when)


def tell(visit: Visit, error: Refused | Away) -> None:
    """Say why nothing came of it."""
    visit.say(why(visit, error), "warning" if isinstance(error, Away) else "negative")


class Order:
    """The dialog in which the work is said; sending it twice books once."""

    def __init__(
        self, visit: Visit, target: Target, booked: Callable[[Target], None], pieces: str, agreement: str = ""
    ) -> None:
        self._visit, self._target, self._done = visit, target, booked
        self._busy = False
        words, when = visit.words, visit.when()
        with visit.main, ui.dialog() as self._dialog, ui.element("div").classes("details order"):
            with ui.element("div").classes("top"):
                said("h2", words("market.order"))
                with ui.element("div").classes("controls"):
                    button(words("app.close"), self._dialog.close, "tool", icon="close")
            if when:
                said("p", _about(target, when))
            if agreement:
                said("p", words("market.order_agreed", name=agreement), "agreed-by")
            self._form = _order_form(words, self.send, pieces, target)
            self._problem = said("p", "", "problem")
            self._problem.props["role"] = "alert"
        self._dialog.on("hide", self._dialog.delete)
        self._dialog.open()

    @property
    def open(self) -> bool:
        return bool(self._dialog.value)

    async def send(self, typed: dict[str, str]) -> None:
        """Book it."""
        request = order(self._target, typed)
        self._form.blame(request if isinstance(request, dict) else {})
        if self._busy or isinstance(request, dict):
            return
        self._busy = True
        try:
            made = await self._book(request)
        except Refused as error:
            if when := self._visit.when():
                self._problem.set_text(refused(error.code, error.detail, error.problem, when))
        except Away:
            self._problem.set_text(self._visit.words("market.away_book"))
        else:
            self._done(self._target)
            self._show(made.id, made.state)
        finally:
            self._busy = False

    async def _book(self, request: BookingRequest | BundleRequest) -> Booking:
        registry, key = self._visit.registry, order_key(self._target, request)
        if isinstance(request, BookingRequest):
            return await registry.ask(lambda api: api.book(request, key=key))
        return (await registry.ask(lambda api: api.book_bundle(request, key=key))).bookings[0]

    def _show(self, identity: str, state: State) -> None:
        words = self._visit.words
        self._form.element.delete()
        self._problem.set_text("")
        key = "market.booked" if state is not State.REQUESTED else "market.requested"
        self._visit.say(words(key), "positive")
        self._dialog.close()
        ui.navigate.to(f"/bookings/{identity}")


def _about(target: Target, when: When) -> str:
    one = target.found if isinstance(target, Whole) else target
    key = "market.order_bundle" if isinstance(target, Whole) else "market.order_about"
    return when.words(key, span=when.span(Span(one.start, one.end)), price=told.money(one.price))


def _order_form(words: Words, send: Callable[[dict[str, str]], object], pieces: str, target: Target) -> Form:
    form = Form(words, send, "pair")
    with form.element:
        if isinstance(target, Whole) and target.covers:
            _terms(form, target)
        form.field("work_master", words("market.work_master"), maxlength=100)
        form.field("pieces", words("market.pieces"), "number", pieces or "1", min=1, step=1)
        form.field("material", words("market.material"), "text", "", "wide", maxlength=500)
        with ui.element("details").classes("wide more"):
            said("summary", words("market.documents"))
            for number in range(DOCUMENTS):
                with ui.element("div").classes("pair"):
                    form.field(f"name{number}", words("market.document_name"), maxlength=200)
                    form.field(f"href{number}", words("market.document_href"), maxlength=2000)
                    form.field(f"sha256{number}", words("market.document_hash"), "text", "", "wide", maxlength=64)
        with ui.element("div").classes("wide"):
            form.tick("healing", words("market.healing"))
        form.field("most", words("market.healing_most"), "number", "", "wide", min=0, step="any")
        with ui.element("div").classes("wide ends"):
            form.send_button(words("market.order_send"))
    return form


def _terms(form: Form, target: Whole) -> None:
    """The price of the list, or an agreement whose quota is enough."""
    words = form.words
    choices = [("", words("market.at_list", price=told.money(target.found.price)))]
    choices += [(one.agreement.id, terms(one, words)) for one in target.covers if one.enough]
    form.choice("agreement", words("market.terms"), choices, "", "wide")
