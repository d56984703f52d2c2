"""What can be done with a booking from the page: each is one call, with a key by which nothing happens twice."""

import hashlib
import secrets
from collections.abc import Awaitable, Callable
from decimal import Decimal, InvalidOperation

from nicegui import ui
from nicegui.elements.mixins.text_element import TextElement

from cloud.booking.wire import Amendment, Booking
from cloud.client import Client
from cloud.dashboard.bookings.amend import amendment
from cloud.dashboard.bookings.rights import cost_of_cancelling, to_accept
from cloud.dashboard.frame import button, said
from cloud.dashboard.market.fields import Form
from cloud.dashboard.market.form import typed
from cloud.dashboard.market.order import tell, why
from cloud.dashboard.market.told import money
from cloud.dashboard.model import span_of
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit
from cloud.settlement.wire import DisputeRequest

Call = Callable[[Client], Awaitable[Booking]]


class Deeds:
    """The deeds of one page. What came of it is seen by push; here it is only said."""

    def __init__(self, visit: Visit) -> None:
        self._visit = visit
        self._under_way: set[str] = set()
        self._opened: _Dialog | None = None
        self._nonce = secrets.token_hex(6)

    async def confirm(self, one: Booking) -> None:
        """Take a request on."""
        await self._do(one, "confirm", "bookings.done.confirm", lambda key: lambda api: api.confirm(one.id, key=key))

    async def decline(self, one: Booking) -> None:
        """Turn a request down, and say why."""

        async def send(given: dict[str, str]) -> bool:
            why = given.get("reason", "").strip() or None
            return await self._do(
                one,
                f"decline {why}",
                "bookings.done.decline",
                lambda key: lambda api: api.decline(one.id, why, key=key),
            )

        with self._dialog("bookings.decline", one) as dialog:
            dialog.form(send, "bookings.decline", _reason)

    async def cancel(self, one: Booking) -> None:
        """Call it off; what that costs is said before."""
        when = self._visit.when()
        if when is None:
            return
        cost = cost_of_cancelling(one, when.now)
        told = {"fee": money(cost.fee) if cost.fee else "", "until": when.moment(cost.free_until or when.now)}

        async def send(given: dict[str, str]) -> bool:
            why = given.get("reason", "").strip() or None
            return await self._do(
                one, f"cancel {why}", "bookings.done.cancel", lambda key: lambda api: api.cancel(one.id, why, key=key)
            )

        with self._dialog("bookings.cancel", one) as dialog:
            said("p", self._visit.words(cost.word, **told), "cost")
            dialog.form(send, "bookings.cancel_now", _reason)

    async def accept(self, one: Booking) -> None:
        """Go on with what is proposed elsewhere."""
        taken: list[Booking] = []

        def call(key: str) -> Call:
            async def take(api: Client) -> Booking:
                taken.append(await api.accept(one.id, key=key))
                return taken[-1]

            return take

        if await self._do(one, "accept", "bookings.done.accept", call) and taken:
            ui.navigate.to(f"/bookings/{taken[-1].id}")

    async def settle(self, one: Booking) -> None:
        """Accept what is due, or proposed, as it is shown."""
        shown = to_accept(one)
        due, done = shown.amount if shown else None, "bookings.done.settle"
        await self._do(one, f"settle {due}", done, lambda key: lambda api: api.settle(one.id, due, key=key))

    async def dispute(self, one: Booking) -> None:
        """Say no to the meter, and what would be right."""

        async def send(given: dict[str, str]) -> bool:
            request = _disputed(given)
            dialog.blame(request if isinstance(request, dict) else {})
            if isinstance(request, dict):
                return False
            what = f"dispute {request.model_dump_json()}"
            return await self._do(
                one, what, "bookings.done.dispute", lambda key: lambda api: api.dispute(one.id, request, key=key)
            )

        def fields(form: Form) -> None:
            _reason(form)
            form.field(
                "due", form.words("bookings.right_due", currency=one.price.currency), "number", min=0, step="any"
            )

        with self._dialog("bookings.dispute", one) as dialog:
            dialog.form(send, "bookings.dispute", fields)

    async def amend(self, one: Booking) -> None:
        """Change it in place."""
        when = self._visit.when()
        if when is None:
            return

        async def send(given: dict[str, str]) -> bool:
            change = amendment(one, given, when.zone)
            dialog.blame(change if isinstance(change, dict) else {})
            if not isinstance(change, Amendment):
                return False
            what = f"amend {one.revision} {change.model_dump_json(exclude_unset=True)}"
            return await self._do(
                one, what, "bookings.done.amend", lambda key: lambda api: api.amend(one.id, change, key=key)
            )

        def fields(form: Form) -> None:
            words = form.words
            form.field("start", words("bookings.start"), "datetime-local", typed(one.start, when.zone))
            form.field("end", words("bookings.end"), "datetime-local", typed(one.end, when.zone))
            form.field("quantity", words("market.quantity"), "number", str(one.quantity), min=1, step=1)
            form.field("pieces", words("market.pieces"), "number", str(one.work.quantity), min=1, step=1)

        with self._dialog("bookings.amend", one) as dialog:
            said("p", self._visit.words("bookings.amend_about", zone=str(when.zone)))
            dialog.form(send, "bookings.amend_now", fields)

    async def _do(self, one: Booking, what: str, done: str, call: Callable[[str], Call]) -> bool:
        """Whether it was done. The same deed at the same state of the booking has the same key, and is done once."""
        digest = hashlib.sha256(f"{one.state} {one.updated_at} {what}".encode()).hexdigest()[:16]
        key = f"{what.partition(' ')[0]}-{one.id}-{digest}"
        if key in self._under_way:
            return False
        self._under_way.add(key)
        try:
            await self._visit.registry.ask(call(key))
        except (Refused, Away) as error:
            if self._opened and self._opened.open:
                self._opened.blame_whole(why(self._visit, error))
            else:
                tell(self._visit, error)
            return False
        finally:
            self._under_way.discard(key)
        self._visit.say(self._visit.words(done), "positive")
        return True

    def _dialog(self, title: str, one: Booking) -> "_Dialog":
        self._opened = _Dialog(self._visit, title, one)
        return self._opened


class _Dialog:
    """A dialog with a form in it, which closes once what it asks for was done."""

    def __init__(self, visit: Visit, title: str, one: Booking) -> None:
        self._visit = visit
        self._form: Form | None = None
        self._problem: TextElement | None = None
        words, when = visit.words, visit.when()
        with visit.main, ui.dialog() as self._opened, ui.element("div").classes("details order") as self._inside:
            with ui.element("div").classes("top"):
                said("h2", _plain(words(title)))
                with ui.element("div").classes("controls"):
                    button(words("app.close"), self._opened.close, "tool", icon="close")
            if when:
                work = f"{one.work.work_master} × {one.work.quantity}"  # noqa: RUF001 - a multiplication sign is meant
                said("p", f"{work} · {when.span(span_of(one))} · {money(one.price)}")
        self._opened.on("hide", self._opened.delete)

    def __enter__(self) -> "_Dialog":
        self._inside.__enter__()
        return self

    def __exit__(self, *error: object) -> None:
        self._inside.__exit__(*error)
        self._opened.open()

    def form(
        self, send: Callable[[dict[str, str]], Awaitable[bool]], label: str, fields: Callable[[Form], None]
    ) -> None:
        """The form, with a button that says `label`."""

        async def sent(given: dict[str, str]) -> None:
            self.blame_whole("")
            if await send(given):
                self._opened.close()

        self._form = form = Form(self._visit.words, sent, "pair")
        with form.element:
            fields(form)
            with ui.element("div").classes("wide ends"):
                form.send_button(_plain(self._visit.words(label)))
        self._problem = said("p", "", "problem")
        self._problem.props["role"] = "alert"

    @property
    def open(self) -> bool:
        return bool(self._opened.value)

    def blame_whole(self, why: str) -> None:
        """Say why nothing came of it, where it was asked for."""
        if self._problem:
            self._problem.set_text(why)

    def blame(self, faults: dict[str, str]) -> None:
        """Say what is wrong with which field."""
        if self._form:
            self._form.blame(faults)


def _plain(label: str) -> str:
    """Without the dots by which a button says that it asks for more."""
    return label.rstrip("… ")


def _reason(form: Form) -> None:
    form.field("reason", form.words("bookings.reason"), "text", "", "wide", maxlength=500)


def _disputed(given: dict[str, str]) -> DisputeRequest | dict[str, str]:
    reason, due = given.get("reason", "").strip(), given.get("due", "").strip().replace(",", ".")
    if not reason:
        return {"reason": "market.fault.needed"}
    try:
        return DisputeRequest(reason=reason, due=Decimal(due) if due else None)
    except (InvalidOperation, ValueError):
        return {"due": "market.fault.money"}
