"""The table of pages: whoever adds a page adds its line here; the navigation shows them in this order."""

from cloud.dashboard.account.page import install as account
from cloud.dashboard.bookings.life import install as booking
from cloud.dashboard.bookings.page import install as bookings
from cloud.dashboard.cooperation.page import install as cooperation
from cloud.dashboard.house import Page
from cloud.dashboard.machine.page import install as machine
from cloud.dashboard.market.page import install as market
from cloud.dashboard.operations.page import install as operations
from cloud.dashboard.plant.page import install as plant

PAGES: tuple[Page, ...] = (
    Page("plant", "/", "plant.nav", "plant", plant),
    Page("machine", "/machine/{machine_id}", "machine.nav", "machine", machine),
    Page("market", "/market", "market.nav", "market", market),
    Page("bookings", "/bookings", "bookings.nav", "bookings", bookings),
    Page("booking", "/bookings/{booking_id}", "bookings.one", "bookings", booking),
    Page("cooperation", "/cooperation", "cooperation.nav", "cooperation", cooperation),
    Page("operations", "/operations", "operations.nav", "operations", operations),
    Page("account", "/account", "account.nav", "account", account, aside=True),
)
