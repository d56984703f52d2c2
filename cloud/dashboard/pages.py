"""The table of pages: whoever adds a page adds its line here; the navigation shows them in this order."""

from cloud.dashboard.house import Page
from cloud.dashboard.machine.page import install as machine
from cloud.dashboard.market.page import install as market
from cloud.dashboard.operations.page import install as operations
from cloud.dashboard.plant.page import install as plant

PAGES: tuple[Page, ...] = (
    Page("plant", "/", "plant.nav", "plant", plant),
    Page("machine", "/machine/{machine_id}", "machine.nav", "machine", machine),
    Page("market", "/market", "market.nav", "market", market),
    Page("operations", "/operations", "operations.nav", "operations", operations),
)
