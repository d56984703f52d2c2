"""What is said of results, misses and refusals: in both languages, from facts; and what would make a miss a result."""

import pytest

from cloud.api.catalogue import CATALOGUE
from cloud.booking.api import ADMISSION, OF_HOLD
from cloud.dashboard.market import told
from cloud.dashboard.market.form import SearchRequest, asked
from cloud.dashboard.market.remedy import remedy
from cloud.dashboard.when import DASH
from cloud.dashboard.words import LANGUAGES, Words, dictionary
from gateway.money import Money
from gateway.span import Span

LATER = {"start": "2026-03-03T08:00:00Z", "end": "2026-03-03T12:00:00Z"}


def test_a_result_says_what_it_is_how_sure_what_it_costs_and_how_it_is_booked(made):
    lines = told.why(made.found(km=12.3, why=("works 7075", "booked at once")), made.when())
    assert lines == [
        "1 free for 4 h 00 min",
        "all of it is idle with 97 % (confidence 5 of 5)",
        "60.00 EUR per hour and unit, set-up included",
        "12.3 km away",
        "works 7075",
        "booked at once",
    ]


@pytest.mark.parametrize(
    ("instant", "why", "said"),
    [
        (False, "the provider confirms each booking", "the provider confirms each booking"),
        (False, "to be confirmed: the plant's word has run out", "to be confirmed: the plant's word has run out"),
        (False, "some new reason", "the provider confirms each booking"),
    ],
)
def test_how_it_is_booked_is_said_even_if_the_registry_words_it_anew(made, instant, why, said):
    assert told.why(made.found(instant=instant, why=(why,)), made.when())[-1] == said


def test_a_rank_says_what_is_worse_than_the_first(made):
    best, other = made.found(), made.found(4, 8, "280.00", chance=0.9)
    assert told.compared(best, best, made.when()) == "the cheapest"
    assert told.compared(other, best, made.when()) == "10.00 EUR/h more than the first, 2 h 00 min later, 7 % less sure"


def test_what_is_not_certain_is_never_said_to_be():
    assert (told.percent(0.9999), told.percent(1), told.percent(0.5)) == ("> 99 %", "100 %", "50 %")


MISSES = [
    ("price.too_high", {"asked": "100.00 EUR", "offered": "240.00 EUR"}, {"price": "240.00", "currency": "EUR"}),
    ("price.currency", {"asked": "USD", "offered": "EUR"}, {"price": "", "currency": "EUR"}),
    ("duration.too_short", {"asked": "30 min", "offered": "1 h 30 min"}, {"hours": "1.5"}),
    ("duration.too_long", {"asked": "9 h", "offered": "6 h"}, {"hours": "6"}),
    ("notice.too_short", {"would_do": LATER}, {}),
    ("confidence.too_low", {"asked": "5", "offered": "3"}, {"confidence": "3"}),
    ("capacity.insufficient", {"asked": "4", "offered": "2"}, {"quantity": "2"}),
    ("capacity.insufficient", {"asked": "8 h", "offered": "3 h"}, {"hours": "3"}),
    ("capacity.insufficient", {"asked": "8 h", "offered": "3 h", "would_do": LATER}, {}),
    ("capacity.insufficient", {"asked": "8 h", "offered": "6 h in 2 pieces"}, None),
    ("capacity.insufficient", {}, None),
    ("certificate.expires", {"would_do": LATER}, {}),
    ("certificate.missing", {"asked": "AS9100"}, {"certificates": "ISO 9001"}),
    ("process.other", {"asked": "3.2.3 milling", "offered": "3.2.1 turning"}, {"process": "3.2.1"}),
    ("material.other", {"asked": "7075", "offered": "6061"}, {"materials": "POM, 6061"}),
    ("workpiece.too_large", {"asked": "300 mm", "offered": "200 mm"}, None),
    ("workpiece.too_heavy", {"asked": "30 kg", "offered": "20 kg"}, None),
    ("tolerance.too_coarse", {"asked": "IT6", "offered": "IT8"}, {"grade": "IT8"}),
    ("tolerance.too_coarse", {"asked": "0.01 mm", "offered": "0.05 mm"}, {"mm": "0.05"}),
    ("place.too_far", {"asked": "50 km", "offered": "62.4 km"}, {"km": "63"}),
    ("process.unsaid", {"asked": "3.2.3 milling"}, None),
    ("workpiece.unsaid", {"asked": "1 x 2 x 3 mm"}, None),
    ("tolerance.unsaid", {"asked": "IT6"}, None),
    ("place.unsaid", {"asked": "50 km"}, None),
]


@pytest.mark.parametrize(("constraint", "facts", "change"), MISSES, ids=str)
def test_a_miss_is_told_in_both_languages_and_says_how_to_ask_instead(made, constraint, facts, change):
    miss = made.miss(constraint, **facts)
    said = {language: told.missed(miss, made.when(language)) for language in LANGUAGES}
    assert "in other words" not in said.values()
    assert said["en"] != said["zh"]
    assert constraint in Words("en").terms("market.constraint")
    place = {"latitude": "48", "longitude": "16", "km": "50"}
    typed = made.values(materials="7075, POM", certificates="ISO 9001, AS9100", **place)
    found = remedy(miss, typed)
    assert found == ({} if change is None else {"service": "svc_9", **change})
    if found:
        assert isinstance(asked({**typed, **found}, made.zone), SearchRequest)


def test_a_miss_that_is_not_known_here_is_told_as_it_came(made):
    assert told.missed(made.miss("moon.phase"), made.when("zh")) == "in other words"
    assert remedy(made.miss("moon.phase"), made.values()) == {}


FACTS = {
    "left": 0, "asked": 1, "span": LATER, "nearest": LATER, "earliest": LATER["start"], "minimum_s": 3600,
    "maximum_s": 7200, "certificate": "ISO 9001", "valid_until": LATER["end"], "most": 20, "state": "CANCELLED",
    "expires_at": LATER["end"], "work_masters": ["flange"], "scope": "book", "retry_after_s": 2, "missed": [1, 2],
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", sorted({kind.code for kind in (*ADMISSION, *OF_HOLD)}))
def test_every_refusal_of_a_hold_or_a_booking_has_words_of_its_own(made, code, language):
    said = told.refused(code, "detail in English", FACTS, made.when(language))
    assert "detail in English" not in said
    assert code not in said


def test_a_refusal_says_what_would_do_or_that_nothing_would(made):
    said = told.refused("capacity.insufficient", "", FACTS, made.when())
    span = f"Tue 09:00 {DASH} 13:00"
    assert said == f"Somebody else has these hours: 0 of 1 is left over {span}. {span} would do."
    said = told.refused("capacity.insufficient", "", {**FACTS, "nearest": None}, made.when())
    assert said.endswith("Nothing within a week would do.")


def test_a_refusal_without_words_or_with_other_facts_shows_the_registrys_own(made):
    for code in ("moon.phase", "notice.too_short"):
        assert told.refused(code, "in English", {}, made.when()) == f"The registry refused it: in English ({code})"


def test_refusals_that_are_told_here_exist(made):
    told_here = set(Words("en").terms("market.refused"))
    assert told_here <= set(CATALOGUE)
    assert all(f"market.refused.{code}" in dictionary() for code in told_here)


def test_money_is_read_as_people_write_it():
    assert told.money(Money(amount="1240", currency="EUR")) == "1,240.00 EUR"


@pytest.mark.parametrize(
    ("start", "end", "en", "zh"),
    [
        (4, 8, "2 h 00 min earlier: 11:00", "提早 2 小时 00 分"),
        (28, 34, "4 h 00 min later: Tue 11:00", "推迟 4 小时 00 分"),
        (10, 14, "Take 17:00", "改为 17:00"),
    ],
    ids=["before the window", "after it", "within"],
)
def test_a_remedy_says_by_how_much_it_leaves_the_window_that_was_searched(made, start, end, en, zh):
    miss = made.miss("capacity.insufficient", would_do={"start": made.at(start), "end": made.at(end)})
    window = Span(made.at(6), made.at(30))
    assert told.remedied(miss, window, made.when()).startswith(en)
    assert told.remedied(miss, window, made.when("zh")).startswith(zh)


def test_a_remedy_of_another_kind_says_with_what_is_searched(made):
    assert told.remedied(made.miss("confidence.too_low", offered="3"), None, made.when()) == "Search with 3"
    assert told.remedied(made.miss("certificate.missing"), None, made.when()) == "Search with that"
