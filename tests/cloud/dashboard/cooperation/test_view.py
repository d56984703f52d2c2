"""What waits for whom, and in which order it is shown."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cloud.cooperation.model import Agreement, Usage, usage
from cloud.dashboard.cooperation.agreed import agreements_html, bar
from cloud.dashboard.cooperation.view import View, agreements_in_order, answerable, shown
from cloud.dashboard.when import When
from cloud.dashboard.words import Words

NOW = datetime(2026, 3, 2, 6, tzinfo=UTC)


def agreement(name: str, state: str, by: str = "ent_other", age: int = 0) -> Agreement:
    told: dict[str, Any] = {"id": f"agr_{name}", "name": name, "state": state, "proposed_by": by, "period": "week"}
    told |= {"provider_id": "ent_other", "provider_name": "other", "booker_id": "ent_me", "booker_name": "me"}
    told |= {"services": [], "rate": {"amount": "1", "currency": "EUR"}, "quota_hours": 1, "zone": "UTC", "note": None}
    told |= {"notice_s": None, "priority": 0, "start": NOW, "end": NOW + timedelta(days=9), "reason": None}
    made = NOW - timedelta(days=age)
    return Agreement.of({**told, "created_at": made, "updated_at": made}, "ent_me")


def test_what_waits_for_me_comes_first_then_what_is_in_force_and_last_what_is_over() -> None:
    mine = agreement("mine", "PROPOSED", "ent_me")
    asked, active, over = agreement("asked", "PROPOSED"), agreement("active", "ACTIVE"), agreement("over", "ENDED")
    found = agreements_in_order((over, mine, active, asked), "ent_me")
    assert [one.name for one in found] == ["asked", "active", "mine", "over"]
    assert [answerable(one, "ent_me") for one in found] == [True, False, False, False]


def test_of_what_is_over_only_the_newest_are_shown_and_the_rest_is_counted() -> None:
    ended = [agreement(f"n{age}", "ENDED", age=age) for age in range(25)]
    every = (*ended, agreement("live", "ACTIVE"))
    kept, left = shown(agreements_in_order(every, "ent_me"), lambda one: one.state == "ENDED")
    assert [one.name for one in kept] == ["live", *(f"n{age}" for age in range(10))]
    assert left == 15
    view = View("ent_me", frozenset(), NOW, agreements=every)
    assert "15 older ones" in agreements_html(view, When(NOW, UTC, Words("en")))


@pytest.mark.parametrize(
    ("used", "left", "width"), [(0, 10, "0.0"), (2.5, 7.5, "25.0"), (10, 0, "100.0"), (12, 0, "100.0")]
)
def test_a_bar_is_as_long_as_what_is_used_and_never_longer_than_all(used: float, left: float, width: str) -> None:
    told: Usage = usage(10, NOW, NOW + timedelta(days=7), used)
    assert told.left_hours == left
    assert f"width:{width}%" in bar(told)
    assert ("full" in bar(told)) == (left == 0)
