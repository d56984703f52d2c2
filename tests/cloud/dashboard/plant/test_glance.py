"""The rows of the plant's page, and what alarms somebody."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from cloud.dashboard.fake import NOW
from cloud.dashboard.plant import glance
from cloud.dashboard.plant.alarms import alarms
from cloud.dashboard.plant.kept import Board
from cloud.dashboard.watch import Pace
from cloud.registry.model import Agent
from cloud.telemetry.wire import Bands, Performance
from gateway.span import Span

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
TODAY = Span(NOW.replace(hour=0), NOW.replace(hour=0) + DAY)


def at(hours):
    return NOW + hours * HOUR


def pieces(band):
    return [tuple(band[place : place + 3]) for place in range(0, len(band), 3)]


def seconds(hours):
    return round(at(hours).timestamp())


def test_today_and_this_week_are_the_plants_own_also_when_clocks_change():
    berlin = glance.periods(datetime(2026, 3, 29, 12, tzinfo=UTC), ZoneInfo("Europe/Berlin"))
    assert berlin.today == Span(datetime(2026, 3, 28, 23, tzinfo=UTC), datetime(2026, 3, 29, 22, tzinfo=UTC))
    assert berlin.week.start == datetime(2026, 3, 22, 23, tzinfo=UTC)
    assert berlin.week.duration == timedelta(hours=7 * 24 - 1)


def test_a_days_band_is_cut_to_the_day_and_grows_until_now(make):
    states = make.states((at(-20), at(-3), "Executing"), (at(-3), None, "OutOfService"))
    band = pieces(glance.day_band(states, TODAY, NOW))
    assert band == [(round(TODAY.start.timestamp()), seconds(-3), 0), (seconds(-3), seconds(0), 2)]


def test_what_is_too_short_to_see_costs_nothing(make):
    changes = [(at(-2 + n / 60), at(-2 + (n + 1) / 60), "Executing" if n % 2 else "NotExecuting") for n in range(120)]
    assert len(pieces(glance.day_band(make.states(*changes), TODAY, NOW))) <= 120 * 60 / (86_400 / glance.FINEST) + 2


def test_where_nobody_looked_lies_on_top(make):
    states = make.states((at(-3), None, "Executing"), gaps=[{"start": at(-2), "end": at(-1), "reason": "cut"}])
    assert pieces(glance.day_band(states, TODAY, NOW))[-1] == (seconds(-2), seconds(-1), glance.GAP)


def test_the_week_is_what_the_api_said_of_it():
    told = {"state": "Executing", "mode": "None", "booked": False}
    bands = Bands.model_validate({"machine_id": "mch_1", "items": [{"start": at(-30), "end": at(-5), **told}]})
    assert pieces(glance.week_band(bands, TODAY)) == [(round(TODAY.start.timestamp()), seconds(-5), 0)]


def performance(**given):
    none = dict.fromkeys(
        ("produced", "good", "run_time", "effectiveness", "quality_ratio", "oee", "technical_efficiency")
    )
    spent = dict.fromkeys(("apt", "aust", "adet", "adot", "planned_down", "off", "booked", "seen", "pbt"), 3600.0)
    told = {
        "machine_id": "mch_1",
        "days": 1,
        "times": spent,
        "utilisation": 0.5,
        "availability": 0.25,
        "setup_ratio": None,
    }
    return Performance.model_validate({**none, **told, **given})


def test_what_is_not_measured_stays_unknown(make):
    plant = make.plant(machines=(make.machine(),))
    figures = glance.Figures({"mch_1": performance()}, {"mch_1": performance(days=0)}, {})
    row = glance.row(plant.machines[0], plant, figures, glance.periods(NOW, UTC), ())
    assert (row["day_figures"]["availability"], row["day_figures"]["oee"]) == (0.25, None)
    assert row["week_figures"] is None


def agent(**given):
    told = {"id": "agt_1", "name": "hall", "site_id": "site_1", "key_id": "k", "created_at": NOW}
    return Agent.model_validate(told | given)


def kinds(found):
    return [(alarm.kind, alarm.about) for alarm in found]


def test_a_quiet_plant_alarms_nobody(make):
    plant = make.plant(machines=(make.machine(),), capacity={"mch_1": make.capacity(valid_until=at(1))})
    assert alarms(plant, [agent()], NOW) == []


def test_everything_that_needs_an_eye_is_told_the_gravest_first(make):
    machines = (
        make.machine(state="OutOfService", mode="None", state_since=at(-2)),
        make.machine(id="mch_2", name="lathe-2", fresh=False, last_receipt_at=at(-3)),
        make.machine(id="mch_3", name="press-3"),
    )
    plant = make.plant(
        machines=machines,
        states={"mch_3": make.states(gaps=[{"start": at(-5), "end": at(-4), "reason": "cut"}])},
        capacity={"mch_3": make.capacity(valid_until=at(-1))},
        bookings=(make.booking(at(1), at(2), machine_id="mch_3", at_risk=True, at_risk_reason="breakdown"),),
    )
    found = alarms(plant, [agent()], NOW)
    assert kinds(found) == [
        ("risk", "press-3"),
        ("down", "mill-1"),
        ("silent", "lathe-2"),
        ("gap", "press-3"),
        ("lapsed", "press-3"),
    ]
    assert (found[0].booking, found[1].since, found[2].since) == ("bkg_1", at(-2), at(-3))


def test_maintenance_alarms_nobody(make):
    plant = make.plant(machines=(make.machine(state="OutOfService", mode="Maintenance"),))
    assert alarms(plant, [], NOW) == []


def test_an_agent_that_fell_silent_is_one_alarm_and_not_one_a_machine(make):
    silent = [make.machine(id=f"mch_{n}", name=f"m-{n}", fresh=False, last_receipt_at=at(-n)) for n in range(1, 4)]
    (alarm,) = alarms(make.plant(machines=tuple(silent)), [agent()], NOW)
    assert (alarm.kind, alarm.about, alarm.since, len(alarm.machines)) == ("agent", "hall", at(-1), 3)


class Watching:
    """What a board asks of a watcher."""

    def __init__(self, plant):
        self.plant, self.version, self.now, self.pace = plant, 1, NOW, Pace(NOW, 1.0, 0.0)

    def show(self, plant):
        self.plant = plant
        self.version += 1


def test_a_page_is_told_only_what_changed_of_a_row(make):
    machines = [make.machine(), make.machine(id="mch_2", name="lathe-2")]
    watching, board = Watching(make.plant(machines=tuple(machines))), Board()
    board.bring_up_to_date(watching)
    assert [row["id"] for row in board.since(-1)] == ["mch_1", "mch_2"]
    seen = board.stamp
    machines[1] = machines[1].model_copy(update={"last_receipt_at": at(1)})
    watching.show(make.plant(machines=tuple(machines)))
    board.bring_up_to_date(watching)
    assert board.since(seen) == [{"id": "mch_2", "heard": seconds(1)}]


def test_a_machine_that_is_gone_is_gone_and_a_new_one_comes_whole(make):
    watching, board = Watching(make.plant(machines=(make.machine(),))), Board()
    board.bring_up_to_date(watching)
    seen = board.stamp
    watching.show(make.plant(machines=(make.machine(id="mch_2", name="lathe-2"),)))
    board.bring_up_to_date(watching)
    assert list(board.rows) == ["mch_2"]
    assert board.since(seen)[0].keys() == board.rows["mch_2"].keys()
