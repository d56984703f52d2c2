"""The forms: what was typed as a request of the API, or the field to blame."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from cloud.cooperation.alliance import AllianceRequest
from cloud.cooperation.inquiry import InquiryRequest, QuoteRequest
from cloud.cooperation.model import AgreementRequest
from cloud.dashboard.cooperation import form

VIENNA = ZoneInfo("Europe/Vienna")
AGREED = {
    "name": "nights",
    "partner": "ent_b",
    "rate": "48,5",
    "currency": "eur",
    "quota": "40",
    "period": "week",
    "start": "2026-03-02",
    "end": "2026-03-31",
    "priority": "3",
    "notice": "12",
    "svc:svc_a": "yes",
}
ASKED = {
    "start": "2026-03-02T08:00",
    "end": "2026-03-05T08:00",
    "hours": "6",
    "quantity": "1",
    "currency": "EUR",
    "work_master": "bracket",
    "pieces": "10",
    "expires_at": "2026-03-01T08:00",
    "ent:ent_b": "yes",
    "kind": "",
}
ALLIED = {"name": "mills", "own": "60", "member0": "ent_b", "share0": "40", "shows": "capacity"}


def test_an_agreement_holds_from_its_first_midnight_to_the_end_of_its_last_day() -> None:
    made = form.proposal(AGREED, VIENNA, "provider", {})
    assert isinstance(made, AgreementRequest)
    assert (made.start, made.end) == (
        datetime(2026, 3, 1, 23, tzinfo=UTC),
        datetime(2026, 3, 31, 22, tzinfo=UTC),
    )
    assert (made.service_ids, str(made.rate.amount), made.rate.currency) == (("svc_a",), "48.5", "EUR")
    assert (made.notice, made.priority, made.zone) == (timedelta(hours=12), 3, "Europe/Vienna")


def test_a_booker_proposes_to_the_provider_of_the_service_that_it_chose() -> None:
    typed = {**AGREED, "partner": "", "found": "svc_x"}
    made = form.proposal(typed, VIENNA, "booker", {"svc_x": "ent_x"})
    assert isinstance(made, AgreementRequest)
    assert (made.partner_id, made.service_ids) == ("ent_x", ("svc_x",))


def test_or_names_both_by_their_ids() -> None:
    typed = {**AGREED, "partner": "", "other": "ent_y", "service": "svc_1, svc_2"}
    made = form.proposal(typed, VIENNA, "booker", {})
    assert isinstance(made, AgreementRequest)
    assert (made.partner_id, made.service_ids) == ("ent_y", ("svc_1", "svc_2"))


@pytest.mark.parametrize(
    ("typed", "blamed"),
    [
        ({"name": ""}, {"name": "cooperation.fault.needed"}),
        ({"rate": "much"}, {"rate": "cooperation.fault.number"}),
        ({"rate": "-1"}, {"rate": "cooperation.fault.number"}),
        ({"currency": "€"}, {"rate": "cooperation.fault.money"}),
        ({"svc:svc_a": ""}, {"service": "cooperation.fault.service"}),
        ({"partner": ""}, {"partner": "cooperation.fault.needed"}),
        ({"quota": "0"}, {"quota": "cooperation.fault.value"}),
        ({"end": ""}, {"end": "cooperation.fault.time"}),
        ({"end": "2026-02-01"}, {"end": "cooperation.fault.order"}),
    ],
    ids=str,
)
def test_the_field_that_is_wrong_is_blamed(typed: dict[str, str], blamed: dict[str, str]) -> None:
    assert form.proposal({**AGREED, **typed}, VIENNA, "provider", {}) == blamed


@pytest.mark.parametrize(
    ("typed", "blamed"),
    [
        ({"hours": "100"}, {"hours": "cooperation.fault.fit"}),
        ({"process": "dancing"}, {"process": "cooperation.fault.process"}),
        ({"work_master": ""}, {"work_master": "cooperation.fault.needed"}),
        ({"pieces": "1.5"}, {"pieces": "cooperation.fault.whole"}),
        ({"end": "2026-03-01T08:00"}, {"end": "cooperation.fault.order"}),
    ],
    ids=str,
)
def test_so_it_is_of_an_inquiry(typed: dict[str, str], blamed: dict[str, str]) -> None:
    assert form.inquiry({**ASKED, **typed}, UTC) == blamed


def test_an_inquiry_asks_those_who_are_ticked() -> None:
    made = form.inquiry({**ASKED, "process": "milling"}, UTC)
    assert isinstance(made, InquiryRequest)
    assert (made.partner_ids, made.process, made.work.quantity) == (("ent_b",), "3.2.3", 10)


def test_a_quote_is_for_all_of_it() -> None:
    typed = {"service": "svc_a", "quantity": "2", "price": "99.90", "currency": "EUR"}
    when = {"start": "2026-03-02T08:00", "end": "2026-03-02T10:00", "valid_until": "2026-03-01T08:00"}
    made = form.quote({**typed, **when}, UTC)
    assert isinstance(made, QuoteRequest)
    assert (str(made.price.amount), made.quantity) == ("99.90", 2)


def test_shares_are_typed_as_percentages_and_make_all_of_it() -> None:
    made = form.alliance(ALLIED, UTC, "ent_a")
    assert isinstance(made, AllianceRequest)
    assert [(seat.id, seat.share) for seat in made.members] == [("ent_a", 0.6), ("ent_b", 0.4)]


@pytest.mark.parametrize(
    ("typed", "blamed"),
    [
        ({"own": "50"}, {"own": "cooperation.fault.shares"}),
        ({"own": "140"}, {"own": "cooperation.fault.percent"}),
        ({"member0": "Müller"}, {"member0": "cooperation.fault.partner"}),
        ({"member0": ""}, {"member0": "cooperation.fault.needed"}),
        ({"member0": "ent_a"}, {"own": "cooperation.fault.twice"}),
    ],
    ids=str,
)
def test_otherwise_it_says_so(typed: dict[str, Any], blamed: dict[str, str]) -> None:
    assert form.alliance({**ALLIED, **typed}, UTC, "ent_a") == blamed
