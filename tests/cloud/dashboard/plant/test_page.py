"""The page in a real browser, against the fake registry: what people see, and that nothing leaves this machine."""

import re
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect, sync_playwright

from cloud.dashboard.fake import KEY, Fake

DESKTOP, PHONE = {"width": 1440, "height": 900}, {"width": 390, "height": 844}
SOON = 10_000


@pytest.fixture(scope="module")
def browser(chromium, chromium_arguments):
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=chromium_arguments)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def shared(serve, furnish, run_dashboard):
    """One registry and one dashboard for all tests that only look."""
    with serve(furnish(6)) as server, run_dashboard(server.port) as url:
        yield server, url


@contextmanager
def visiting(browser, url, viewport=DESKTOP, **context):
    """A fresh visitor's page; on leaving it, no error was logged and nobody but loopback was asked."""
    visitor = browser.new_context(viewport=viewport, **context)
    page, asked, errors = visitor.new_page(), [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("websocket", lambda socket: asked.append(socket.url))
    page.on("console", lambda said: errors.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(url)
    yield page
    visitor.close()
    outside = [url for url in asked if urlsplit(url).hostname not in {"127.0.0.1", None}]
    assert asked
    assert outside == []
    assert errors == []


def log_in(page, key=KEY):
    page.get_by_label(re.compile("API key|API 密钥")).fill(key)
    page.keyboard.press("Enter")


def timeline(page):
    """Ask for the chart of all machines."""
    page.get_by_role("button", name=re.compile("Show the timeline|显示时间线")).click(timeout=SOON)
    expect(page.locator(".chart canvas")).to_be_visible(timeout=SOON)


def test_a_key_opens_the_page_and_is_in_no_url_and_in_no_cookie(browser, shared):
    _, url = shared
    with visiting(browser, url) as page:
        expect(page).to_have_url(f"{url}/login")
        log_in(page)
        expect(page.locator(".glance-row").first).to_be_visible(timeout=SOON)
        expect(page).to_have_url(f"{url}/")
        assert all(KEY not in str(cookie) for cookie in page.context.cookies())
        assert KEY not in page.content()
        page.get_by_role("button", name="Log out").click()
        expect(page).to_have_url(f"{url}/login", timeout=SOON)
        page.goto(url)
        expect(page).to_have_url(f"{url}/login")


def test_a_key_that_is_not_good_is_refused_with_the_reason(browser, shared):
    _, url = shared
    with visiting(browser, url) as page:
        for key, said in (("hello", "is not an API key"), ("ts_test_of-nobody", "does not accept this key")):
            log_in(page, key)
            expect(page.get_by_role("alert")).to_contain_text(said, timeout=SOON)


def test_machines_totals_bookings_and_the_clock_are_there_and_a_band_says_what_it_is(browser, shared):
    server, url = shared
    with visiting(browser, url) as page:
        log_in(page)
        timeline(page)
        expect(page.locator(".row-line")).to_have_count(len(server.fake.machines), timeout=SOON)
        expect(page.locator(".row-line").first).to_contain_text(re.compile("Executing|NotExecuting"))
        expect(page.locator(".tile .figure").first).to_have_text(str(len(server.fake.machines)))
        expect(page.locator(".clock")).to_contain_text("60\N{MULTIPLICATION SIGN}")
        expect(page.locator(".bookings tbody tr")).to_have_count(len(server.fake.bookings))
        expect(page.locator(".bookings")).to_contain_text("40 %")
        assert page.title() == "Plant · Thirdshift"
        assert page.evaluate("document.documentElement.lang") == "en-GB"
        for share, said in ((0.25, "Executing|NotAvailable"), (0.75, "Available|Committed|Unattainable")):
            hover(page, share)
            expect(page.locator(".tip-box")).to_contain_text(re.compile(said), timeout=SOON)


def hover(page, share):
    """Point at the first machine's band, so far along the time axis (0 to 1)."""
    page.locator(".chart").scroll_into_view_if_needed()
    box = page.locator(".chart canvas").bounding_box()
    page.mouse.move(box["x"] + box["width"] * share, box["y"] + 44 + 34)


def test_everything_can_be_reached_by_keyboard_and_a_machine_read_as_text(browser, shared):
    server, url = shared
    with visiting(browser, url) as page:
        log_in(page)
        timeline(page)
        page.locator("body").press("Tab")
        reached = []
        for _ in range(60):
            reached.append(
                page.evaluate("document.activeElement.getAttribute('aria-label') ?? document.activeElement.innerText")
            )
            page.keyboard.press("Tab")
        names = sorted(machine["name"] for machine in server.fake.machines)
        for wanted in ("Skip to the content", "Log out", "8 h", "24 h", "7 d", *names):
            assert any(wanted in (text or "") for text in reached), wanted
        page.locator(".row-line .name", has_text=names[0]).focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("dialog")).to_contain_text("Free hours ahead", timeout=SOON)
        expect(page.get_by_role("dialog")).to_contain_text("confidence")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_be_hidden(timeout=SOON)


def test_the_range_changes_what_the_chart_spans(browser, shared):
    _, url = shared
    with visiting(browser, url) as page:
        log_in(page)
        timeline(page)
        for name, hours in (("8 h", 16), ("7 d", 336)):
            page.get_by_role("button", name=name).click()
            expect(page.get_by_role("button", name=name)).to_have_attribute("aria-pressed", "true", timeout=SOON)
            page.wait_for_function(f"Math.abs({SPANNED} - {hours}) < 0.01", timeout=SOON)


SPANNED = (
    "(({min, max}) => (max - min) / 3600)(getElement(Number(document.querySelector('.chart').id.slice(1)))"
    ".chart.getOption().xAxis[0])"
)


def test_chinese_and_dark_are_a_click_away(browser, shared):
    _, url = shared
    with visiting(browser, url) as page:
        log_in(page)
        timeline(page)
        page.get_by_role("button", name="中文").click()
        expect(page.locator(".glance h2").first).to_have_text("全部设备一览", timeout=SOON)
        assert page.evaluate("document.documentElement.lang") == "zh-CN"
        expect(page.locator(".row-line .state").first).to_contain_text(re.compile("Executing"))
        for theme in ("浅色", "深色"):
            page.locator(".tool.theme").click()
            expect(page.locator(".tool.theme")).to_have_attribute("aria-label", re.compile(theme), timeout=SOON)
        expect(page.locator("body.body--dark")).to_have_count(1)


def test_a_phone_shows_it_without_scrolling_sideways(browser, shared):
    _, url = shared
    with visiting(browser, url, PHONE, locale="zh-CN") as page:
        log_in(page)
        timeline(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
        assert page.locator(".chart canvas").bounding_box()["width"] > 340


def test_what_happens_is_seen_at_once_and_an_api_that_is_away_is_said(browser, serve, fake, run_dashboard):
    with (
        serve(fake) as server,
        run_dashboard(server.port, THIRDSHIFT_DASHBOARD_KEY=KEY) as url,
        visiting(browser, url) as page,
    ):
        first = min(fake.machines, key=lambda machine: machine["name"])
        number = fake.machines.index(first)
        line = page.locator(".glance-row").first
        expect(line).to_contain_text(first["name"], timeout=SOON)
        for state in ("OutOfService", "NotAvailable"):
            fake.machines[number] = {**fake.machines[number], "state": state}
            server.do(fake.tell, "machine.state", machine_id=first["id"])
            expect(line.locator(f"[data-machine][data-state={state}]")).to_contain_text(state, timeout=SOON)
        server.stop()
        expect(page.get_by_role("alert")).to_contain_text("does not answer since", timeout=SOON)
        expect(page.get_by_role("alert")).to_contain_text("last seen at")
        expect(line).to_contain_text(first["name"])
        server.start()
        expect(page.get_by_role("alert")).to_be_hidden(timeout=SOON)
        fake.keys.clear()
        server.do(fake.hang_up)
        expect(page).to_have_url(f"{url}/login", timeout=SOON)
        expect(page.get_by_role("alert")).to_contain_text("no longer accepts")


def test_an_empty_plant_says_what_to_do_and_shows_the_first_machine_by_itself(browser, shared, fake):
    server, url = shared
    empty = Fake(fake.clock)
    with visiting(browser, url) as page:
        log_in(page, server.add(empty, "ts_test_of-an-empty-plant"))
        expect(page.locator(".empty")).to_contain_text("thirdshift edge run CONFIG", timeout=SOON)
        expect(page.locator(".glance-row")).to_have_count(0)
        empty.machines.append(fake.machines[0])
        server.do(empty.tell, "capacity.changed", machine_id=fake.machines[0]["id"])
        expect(page.locator(".glance-row")).to_have_count(1, timeout=SOON)
        expect(page.locator(".empty")).to_be_hidden()


def test_names_from_a_plant_never_become_markup(browser, shared, fake):
    server, url = shared
    bold = "<b>bold</b>"
    for machine in fake.machines:
        machine["name"] = '<img src=x onerror="document.title=1">'
        for piece in fake.capacity[machine["id"]]["spans"]:
            piece |= {"reason": bold, "detail": bold}
    with visiting(browser, url) as page:
        log_in(page, server.add(fake, "ts_test_of-an-evil-plant"))
        timeline(page)
        page.wait_for_timeout(300)
        hover(page, 0.75)
        expect(page.locator(".tip-box")).to_contain_text(bold, timeout=SOON)
        page.locator(".row-line .name").first.click()
        expect(page.get_by_role("dialog")).to_contain_text("<img", timeout=SOON)
        assert page.locator("main img, main b:text('bold'), .tip-box b, [role=dialog] img").count() == 0


def test_more_machines_than_fit_are_turned_to_and_a_search_finds_those_of_other_pages(browser, shared, furnish):
    server, url = shared
    with visiting(browser, url) as page:
        log_in(page, server.add(furnish(120), "ts_test_many_machines"))
        rows, pages = page.locator(".glance-row"), page.locator(".glance .pager")
        expect(rows).to_have_count(50, timeout=SOON)
        expect(pages).to_contain_text("1 to 50 · page 1 of 3")
        expect(pages.get_by_role("button", name="Page before")).to_be_disabled()
        first = rows.first.locator(".name").inner_text()
        pages.get_by_role("button", name="Next page").click()
        pages.get_by_role("button", name="Next page").click()
        expect(rows).to_have_count(20)
        expect(pages).to_contain_text("101 to 120 · page 3 of 3")
        expect(page.locator(".band").first).to_be_visible()
        page.get_by_label("Find a machine").fill(first)
        expect(rows.first.locator(".name")).to_have_text(first)
        expect(pages).to_be_hidden()
