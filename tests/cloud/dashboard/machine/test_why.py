"""Why an hour is for sale or not: each cause by itself."""

from datetime import timedelta

import pytest

from cloud.dashboard.fake import NOW
from cloud.dashboard.machine.why import explain
from cloud.registry.model import Service

HOUR = timedelta(hours=1)


def at(hours):
    return NOW + hours * HOUR


def service(**given):
    told = {"id": "svc_1", "name": "milling", "machine_ids": ["mch_1"], "active": True, "created_at": NOW}
    return Service.model_validate({**told, "price": {"amount": "60", "currency": "EUR"}, **given})


def codes(answer, *, against=True):
    return [cause.code for cause in answer.causes if cause.against == against]


@pytest.fixture
def offer(make):
    return make.capacity((at(0), at(4), "Available", 1), (at(4), at(6), "Committed", 1), valid_until=at(2))


def test_a_free_hour_that_a_service_sells_is_for_sale(make, offer):
    answer = explain(make.machine(), offer, [service()], at(1), NOW)
    assert (codes(answer), [each.name for each in answer.services]) == ([], ["milling"])
    assert codes(answer, against=False) == ["available"]


@pytest.mark.parametrize(
    ("hour", "terms", "code"),
    [
        (-1, {}, "over"),
        (5, {}, "committed"),
        (7, {}, "not_said"),
        (1, {"notice": "PT3H"}, "notice"),
        (1, {"min_duration": "PT5H"}, "too_short"),
        (1, {"active": False}, "no_service"),
        (1, {"machine_ids": ["mch_other"]}, "no_service"),
    ],
)
def test_what_stands_against_it_is_named(make, offer, hour, terms, code):
    answer = explain(make.machine(), offer, [service(**terms)], at(hour), NOW)
    assert answer.services == ()
    assert codes(answer)[0] == code


def test_too_little_confidence_names_both_bands(make):
    told = make.capacity((at(0), at(4), "Available", 1))
    low = told.model_copy(update={"spans": tuple(each.model_copy(update={"confidence": 2}) for each in told.spans)})
    (cause,) = (
        each for each in explain(make.machine(), low, [service(min_confidence=4)], at(1), NOW).causes if each.against
    )
    assert (cause.code, cause.values["wanted"], cause.values["confidence"]) == ("confidence", 4, 2)


def test_a_booking_that_takes_all_of_it_is_named(make):
    told = make.capacity((at(0), at(4), "Available", 1), claims=[make.claim(at(1), at(2))])
    answer = explain(make.machine(), told, [service()], at(1.5), NOW)
    assert (codes(answer), answer.services) == (["claim"], ())
    assert explain(make.machine(), told, [service()], at(2), NOW).services


def test_of_a_pool_what_is_left_is_for_sale(make):
    told = make.capacity((at(0), at(4), "Available", 3), claims=[make.claim(at(1), at(2), quantity=2)])
    assert explain(make.machine(quantity=3), told, [service()], at(1), NOW).services
    full = make.capacity((at(0), at(4), "Available", 3), claims=[make.claim(at(1), at(2), quantity=3)])
    assert not explain(make.machine(quantity=3), full, [service()], at(1), NOW).services


def test_a_free_stretch_is_as_long_as_its_pieces_together(make):
    told = make.capacity((at(0), at(2), "Available", 1), (at(2), at(5), "Available", 1))
    assert explain(make.machine(), told, [service(min_duration="PT5H")], at(1), NOW).services


def test_silence_and_a_lapsed_statement_make_it_a_request_and_do_not_forbid_it(make, offer):
    answer = explain(make.machine(fresh=False), offer, [service()], at(3), at(2.5))
    assert answer.services
    assert {"silent", "lapsed"} <= set(codes(answer, against=False))


def test_without_a_statement_nothing_is_for_sale(make):
    answer = explain(make.machine(), make.capacity(version=0), [service()], at(1), NOW)
    assert codes(answer) == ["no_statement"]
