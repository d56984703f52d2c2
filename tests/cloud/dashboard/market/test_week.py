"""The calendar of slots, on the plant's clock, also where the clock changes."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from cloud.dashboard.market.form import asked
from cloud.dashboard.market.week import ask_week, grid, grid_html
from cloud.dashboard.when import DASH, When, zone_named
from cloud.dashboard.words import Words
from cloud.market.slots import Slot
from gateway.money import Money
from gateway.span import Span

HOUR = timedelta(hours=1)


def slot(start: datetime, amount: int = 100, **more: object) -> Slot:
    money = Money(amount=Decimal(amount), currency="EUR")
    told = {"service_id": "svc_1", "machine_id": "mch_1", "confidence": 5, "chance": 0.97, "instant": True}
    return Slot.model_validate({**told, "start": start, "end": start + HOUR, "price": money, "choices": 2, **more})


def test_a_week_is_asked_for_from_the_next_whole_hour_to_the_last_slots_end(made):
    request = asked(made.values(process="milling"), made.zone)
    week = ask_week(request, date(2026, 3, 2), made.zone, made.now)
    assert week is not None
    assert (week.start, week.end, week.process) == (made.at(1), datetime(2026, 3, 9, 3, tzinfo=UTC), "3.2.3")
    following = ask_week(request, date(2026, 3, 9), made.zone, made.now)
    assert following is not None
    assert following.start == datetime(2026, 3, 8, 23, tzinfo=UTC)


def test_a_week_that_is_over_or_too_long_is_not_asked_for(made):
    request = asked(made.values(), made.zone)
    assert ask_week(request, date(2026, 2, 16), made.zone, made.now) is None
    long = asked(made.values(hours="169", end="2026-03-20T00:00"), made.zone)
    assert ask_week(long, date(2026, 3, 9), made.zone, made.now) is None


def test_slots_stand_at_their_hour_on_the_wall_and_the_cheapest_are_darkest(made):
    found = [slot(made.at(2), 100), slot(made.at(26), 300)]
    cells = grid(found, date(2026, 3, 2), made.zone).cells
    assert {place: (cell.number, cell.shade) for place, cell in cells.items()} == {
        (date(2026, 3, 2), 9): (0, 5),
        (date(2026, 3, 3), 9): (1, 1),
    }


def test_slots_of_other_weeks_are_left_out_and_an_hour_that_comes_twice_is_shown_once(made):
    autumn = datetime(2026, 10, 25, 0, tzinfo=UTC)
    found = [slot(autumn), slot(autumn + HOUR), slot(autumn + 24 * 9 * HOUR)]
    cells = grid(found, date(2026, 10, 19), made.zone).cells
    assert [(place, cell.number) for place, cell in cells.items()] == [((date(2026, 10, 25), 2), 0)]


def test_each_slot_is_a_button_that_says_all_and_the_chosen_one_is_pressed(made):
    found = [slot(made.at(2)), slot(made.at(3), instant=False)]
    picked = Span(found[0].start, found[0].end)
    inside = grid_html(grid(found, date(2026, 3, 2), made.zone), made.when(), picked)
    assert inside.count("<button") == 2
    assert inside.count('aria-pressed="true"') == 1
    assert f"09:00 {DASH} 10:00: 100.00 EUR, idle with 97 %, free machines: 2, booked at once" in inside
    assert "on request" in inside
    assert '<th scope="row">09:00</th>' in inside


def test_a_plant_elsewhere_has_its_own_hours(made):
    shanghai = zone_named("Asia/Shanghai")
    when = When(made.now, shanghai, Words("zh"))
    cells = grid([slot(made.at(2))], date(2026, 3, 2), shanghai).cells
    assert list(cells) == [(date(2026, 3, 2), 16)]
    assert "即时预订" in grid_html(grid([slot(made.at(2))], date(2026, 3, 2), shanghai), when, None)
