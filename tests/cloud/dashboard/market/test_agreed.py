"""Which agreements a result can be called off by, what that costs, and what is left of the quota."""

from datetime import timedelta

import pytest

from cloud.cooperation.model import Agreement, Usage
from cloud.dashboard.market.agreed import Agreed, covers, terms
from cloud.dashboard.market.hold import Whole, order, wish
from cloud.dashboard.market.lines import Shown, results_html
from cloud.dashboard.words import Words


@pytest.fixture
def agreed(made):
    def make(left=32.0, **more):
        told = {"id": "agr_1", "name": "Evenings", "state": "ACTIVE", "role": "booker", "proposed_by": "ent_1"}
        told |= {"provider_id": "ent_1", "provider_name": "Works", "booker_id": "ent_2", "booker_name": "Gears"}
        told |= {"services": [{"id": "svc_1", "name": "milling", "active": True}], "quota_hours": 40, "period": "week"}
        told |= {"rate": {"amount": "48", "currency": "EUR"}, "zone": "UTC", "notice": None, "priority": 0}
        told |= {"start": made.at(-10), "end": made.at(500), "note": None}
        told |= {"created_at": made.now, "updated_at": made.now}
        week = {
            "start": made.at(-6),
            "end": made.at(162),
            "quota_hours": 40,
            "used_hours": 40 - left,
            "left_hours": left,
        }
        return Agreed(Agreement.model_validate(told | more), (Usage.model_validate(week),))

    return make


def test_a_result_of_an_agreed_service_within_its_time_is_covered_at_its_rate(made, agreed):
    (cover,) = covers(made.found(quantity=2), [agreed()])
    assert (cover.needed, cover.left, cover.enough) == (8.0, 32.0, True)
    assert f"{cover.price.amount} {cover.price.currency}" == "384.00 EUR"


@pytest.mark.parametrize(
    "more",
    [
        {"services": [{"id": "svc_2", "name": "turning", "active": True}]},
        {"services": [{"id": "svc_1", "name": "milling", "active": False}]},
        {"end": "2026-03-02T11:59:00Z"},
        {"start": "2026-03-02T08:01:00Z"},
    ],
    ids=["another service", "a service that was withdrawn", "it ends too early", "it begins too late"],
)
def test_what_the_agreement_is_not_about_is_not_covered(made, agreed, more):
    assert covers(made.found(), [agreed(**more)]) == ()


def test_a_quota_that_is_too_small_is_said_and_cannot_be_clicked(made, agreed):
    (cover,) = short = covers(made.found(), [agreed(left=3.5)])
    assert not cover.enough
    html = results_html([made.found()], made.when(), Shown(covers={0: short}))
    assert "of 40.0 h only 3.5 h are left in that week; this takes 4.0 h" in html
    assert 'data-do="call-0"' not in html


def test_a_quota_that_nobody_knows_is_the_registrys_to_judge(made, agreed):
    (cover,) = covers(made.found(start=200, end=204), [agreed()])
    assert cover.left is None
    assert cover.enough
    assert "could not be read" in terms(cover, Words("en"))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_price_and_quota_are_shown_in_each_language(made, agreed, language):
    found = covers(made.found(), [agreed()])
    html = results_html([made.found()], made.when(language), Shown(covers={0: found}))
    for told in ("Evenings", "48.00 EUR", "192.00 EUR", "32.0", "40.0", 'data-do="call-0" data-item="0"'):
        assert told in html


def test_who_may_not_book_sees_the_terms_without_a_button(made, agreed):
    html = results_html(
        [made.found()], made.when(), Shown(covers={0: covers(made.found(), [agreed()])}, may_book=False)
    )
    assert "Evenings" in html
    assert "call-0" not in html


def test_the_hold_names_the_agreement(made):
    assert wish(made.found(), "", "agr_1").agreement_id == "agr_1"
    assert wish(made.found()).agreement_id is None


def test_each_leg_of_a_bundle_is_called_off_by_the_agreement_that_was_chosen_of_those_offered(made, agreed):
    pieces = tuple(
        {"start": made.at(n), "end": made.at(n) + timedelta(hours=2), "price": {"amount": "120", "currency": "EUR"}}
        for n in (2, 10)
    )
    found = made.found(start=2, end=12, pieces=pieces)
    whole = Whole(found, "a1", covers(found, [agreed()]))
    typed = {"work_master": "bracket", "pieces": "8"}
    assert {leg.agreement_id for leg in order(whole, {**typed, "agreement": "agr_1"}).legs} == {"agr_1"}
    assert {leg.agreement_id for leg in order(whole, {**typed, "agreement": "agr_of_others"}).legs} == {None}
    assert {leg.agreement_id for leg in order(whole, typed).legs} == {None}
