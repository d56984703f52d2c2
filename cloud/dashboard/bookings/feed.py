"""The calendar feed: an address that a calendar can subscribe to, made on demand and shown once."""

import secrets

from nicegui import ui

from cloud.dashboard.frame import button, said
from cloud.dashboard.market.order import tell
from cloud.dashboard.registry import Away, Refused
from cloud.dashboard.visit import Visit


def feed_button(visit: Visit) -> None:
    """A button that makes a feed, for those who may."""
    under_way: set[str] = set()

    async def make() -> None:
        if under_way:
            return
        under_way.add(key := f"feed-{secrets.token_hex(8)}")
        try:
            made = await visit.registry.ask(lambda api: api.add_feed(key=key))
        except (Refused, Away) as error:
            tell(visit, error)
            return
        finally:
            under_way.clear()
        _show(visit, f"{visit.house.api_url.rstrip('/')}{made.path}")

    if visit.may("admin"):
        words = visit.words
        button(words("bookings.feed_about"), make, "quiet", text=words("bookings.feed"))


def _show(visit: Visit, address: str) -> None:
    words = visit.words
    with visit.main, ui.dialog() as dialog, ui.element("div").classes("details order"):
        with ui.element("div").classes("top"):
            said("h2", words("bookings.feed"))
            with ui.element("div").classes("controls"):
                button(words("app.close"), dialog.close, "tool", icon="close")
        said("p", words("bookings.feed_once"))
        said("code", address, "address")
    dialog.on("hide", dialog.delete)
    dialog.open()
