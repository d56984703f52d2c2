"""Hours offered, free, booked and run."""

from datetime import timedelta

from cloud.dashboard.fake import NOW
from cloud.dashboard.plant.totals import totals

H = timedelta(hours=1)


def test_a_plant_without_machines_adds_up_to_nothing(make):
    found = totals(make.plant(), NOW)
    assert (found.machines, found.offered, found.free, found.booked, found.run) == (0, 0, 0, 0, 0)


def test_only_available_hours_of_the_next_seven_days_are_offered_times_their_quantity(make):
    told = make.capacity(
        (NOW - H, NOW + 2 * H, "Available", 3),
        (NOW + 2 * H, NOW + 9 * H, "Committed", 3),
        (NOW + 167 * H, NOW + 170 * H, "Available", 1),
    )
    found = totals(make.plant(capacity={"mch_1": told}), NOW)
    assert found.offered == 3 * 2 + 1


def test_what_is_claimed_is_no_longer_free(make):
    claim = make.claim(NOW + H, NOW + 3 * H, quantity=2)
    told = make.capacity((NOW, NOW + 4 * H, "Available", 3)).model_copy(update={"claims": (claim,)})
    found = totals(make.plant(capacity={"mch_1": told}), NOW)
    assert (found.offered, found.free) == (12, 12 - 4)


def test_cancelled_bookings_count_as_no_hours_and_a_running_one_has_only_its_rest_ahead(make):
    bookings = (
        make.booking(NOW - H, NOW + 2 * H, "RUNNING", id="bkg_1"),
        make.booking(NOW + 5 * H, NOW + 6 * H, "CONFIRMED", id="bkg_2", quantity=2),
        make.booking(NOW + 5 * H, NOW + 9 * H, "CANCELLED", id="bkg_3"),
    )
    found = totals(make.plant(bookings=bookings), NOW)
    assert (found.booked, found.ahead, found.bookings_ahead) == (5, 4, 2)


def test_run_hours_are_set_against_the_booked_hours_that_were_metered(make):
    bookings = (
        make.booking(NOW - 9 * H, NOW - 4 * H, "METERED", id="bkg_1", meter={"run_hours": 2.0, "share": 0.4}),
        make.booking(NOW - 3 * H, NOW - 1 * H, "METERED", id="bkg_2", meter={"run_hours": 0.0, "share": 0.0}),
        make.booking(NOW - 1 * H, NOW + 1 * H, "RUNNING", id="bkg_3"),
    )
    found = totals(make.plant(bookings=bookings), NOW)
    assert (found.run, found.metered) == (2.0, 7.0)


def test_machines_are_counted_by_state_and_the_silent_ones_apart(make):
    machines = (make.machine(), make.machine(state="OutOfService", fresh=False), make.machine(state=None))
    found = totals(make.plant(machines=machines), NOW)
    assert (found.machines, found.silent) == (3, 1)
    assert found.states == {"Executing": 1, "OutOfService": 1, "unknown": 1}
