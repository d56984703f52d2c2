"""A booking's life as text: its way, its order, its meter, what is owed, and the evidence; nothing becomes markup."""

from datetime import timedelta
from pathlib import Path

import pytest

import cloud.booking
from cloud.booking.model import State
from cloud.booking.wire import Booking
from cloud.dashboard.bookings import facts, path
from cloud.dashboard.bookings.path import path_html, steps
from cloud.dashboard.bookings.rights import to_accept
from cloud.dashboard.words import LANGUAGES, Words, dictionary
from cloud.registry.model import States
from cloud.settlement.model import Booked, FinalReport, Outcome
from cloud.settlement.rules import meter
from gateway.span import Span


def entered(made, *states):
    return [{"state": state, "at": made.at(n), "reason": None} for n, state in enumerate(states)]


def test_the_way_shows_what_was_entered_by_whom_and_what_is_to_come(made):
    one = made.booking(state="DISPATCHED", history=entered(made, "REQUESTED", "CONFIRMED", "DISPATCHED"))
    assert [(step.state, step.by) for step in steps(one)] == [
        ("REQUESTED", "booker"),
        ("CONFIRMED", "provider"),
        ("DISPATCHED", "plant"),
        *((state, "") for state in ("RUNNING", "COMPLETED", "METERED", "SETTLED")),
    ]
    inside = path_html(one, made.when())
    assert inside.count("<li") == 7
    assert inside.count('aria-current="step"') == 1
    assert inside.count('class="ahead"') == 4


def test_at_once_is_by_the_booker_and_after_a_change_the_plant_is_asked_anew(made):
    one = made.booking(state="CONFIRMED", history=entered(made, "CONFIRMED", "DISPATCHED", "CONFIRMED"))
    assert [step.by for step in steps(one)][:3] == ["booker", "plant", "change"]


@pytest.mark.parametrize("state", ["CANCELLED", "DECLINED", "EXPIRED", "DISPLACED", "UNDELIVERABLE", "SETTLED"])
def test_what_is_over_has_nothing_to_come(made, state):
    assert len(steps(made.booking(state=state, history=entered(made, "CONFIRMED", state)))) == 2


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("state", sorted(set(State) - {State.HELD, State.CONSUMED}))
def test_who_brought_it_into_a_state_has_words_for_every_state(made, state, language):
    one = made.booking(state=state, history=entered(made, state))
    assert f"bookings.entered.{steps(one)[0].by}" in dictionary()
    assert path_html(one, made.when(language))


def metered(made, **more) -> Booking:
    booked = Booked("bkg_1", Span(made.at(0), made.at(2)), 10)
    report = FinalReport(Outcome.COMPLETED, made.at(2), made.at(0), made.at(2), timedelta(hours=1), 10, 9)
    told = meter(booked, report, []).as_json()
    return made.booking(0, 2, "METERED", meter={**told, "run_hours": 1.85}, **more)


def test_the_meter_stands_beside_what_was_booked(made):
    inside = facts.meter_html(metered(made), made.when())
    for said in ("<b>1.9 h</b> of 2.0 h", "<b>9</b> of 10", "90 %", "do not agree", "the hours run"):
        assert said in inside
    assert facts.meter_html(made.booking(), made.when()) == ""


def test_every_doubt_of_a_meter_has_words():
    doubts = {"executing", "ordered_quantity", "good_quantity", "good_without_run", "no_show_but_ran"}
    assert doubts == set(Words("en").terms("bookings.doubt"))


def test_what_is_owed_who_said_yes_and_who_says_what_instead(made):
    dispute = {"by": "booker", "reason": "3 <b>are</b> bad", "at": made.now, "due": {"amount": "60", "currency": "EUR"}}
    told = {"due": {"amount": "90", "currency": "EUR"}, "settle_by": made.at(300), "accepted": ["provider"]}
    inside = facts.settlement_html(metered(made, settlement={**told, "dispute": dispute}), made.when())
    for said in ("90.00 EUR", "of 120.00 EUR agreed", "provider", "60.00 EUR", "3 &lt;b&gt;are&lt;/b&gt; bad"):
        assert said in inside
    assert facts.settlement_html(made.booking(), made.when()) == ""


def test_the_evidence_is_what_the_meter_rests_on_and_only_executing_counts(made):
    one = metered(made)
    rest = {"mode": "Processing", "quality": "good"}
    pieces = [
        {"start": made.at(-1), "end": made.at(1), "state": "Executing", "origin": "bkg_1", **rest},
        {"start": made.at(1), "end": made.at(1.5), "state": "NotExecuting", "origin": "bkg_1", **rest},
        {"start": made.at(1.5), "end": None, "state": "Executing", "origin": "plant", **rest},
    ]
    states = States.model_validate({"items": pieces, "gaps": []})
    inside = facts.evidence_html(one, states, made.when(), mine=True)
    assert inside.count("<tr>") == 4
    assert "1 h 00 min" in inside
    assert (inside.count("this booking: counts"), inside.count("does not count"), inside.count("something else")) == (
        1,
        1,
        1,
    )
    assert "own to see" in facts.evidence_html(one, None, made.when(), mine=False)
    assert "cannot be read" in facts.evidence_html(one, None, made.when(), mine=True)
    assert facts.evidence_html(made.booking(), None, made.when(), mine=True) == ""


def test_documents_lead_to_the_web_alone_and_names_are_never_markup(made):
    hashed = "ab" * 32
    documents = [
        {"name": "<b>plan</b>", "sha256": hashed, "href": "https://files.example/1.pdf"},
        {"name": "trap", "sha256": hashed, "href": "javascript:alert(1)"},
    ]
    work = {
        "work_master": "bracket",
        "quantity": 1,
        "material": "<u>y</u>",
        "documents": documents,
        "parameters": {"f": 2},
    }
    one = made.booking(work=work, history=entered(made, "CONFIRMED"))
    inside = facts.order_html(one, made.when()) + facts.head_html(one, made.names, made.when())
    for markup in ("<b>plan", "<u>y", 'href="javascript'):
        assert markup not in inside
    assert 'href="https://files.example/1.pdf" rel="noopener noreferrer"' in inside
    assert "f = 2" in inside
    assert "on its way" in inside


@pytest.mark.parametrize(
    ("states", "said"),
    [
        (("CONFIRMED",), "no answer yet"),
        (("CONFIRMED", "DISPATCHED"), "accepted at 08:00"),
        (("CONFIRMED", "DISPATCHED", "CONFIRMED"), "no answer yet"),
        (("CONFIRMED", "UNDELIVERABLE"), "no, at 08:00"),
        (("REQUESTED",), ""),
    ],
)
def test_the_order_says_what_the_plant_answered(made, states, said):
    inside = facts.order_html(made.booking(state=states[-1], history=entered(made, *states)), made.when())
    assert said in inside if said else "The plant said" not in inside


def test_terms_say_price_calling_off_and_consent_to_the_booker_alone(made):
    terms = {"free_until": made.at(1), "fee": {"amount": "36", "currency": "EUR"}}
    healing = {"consent": True, "max_price": {"amount": "150", "currency": "EUR"}}
    inside = facts.terms_html(made.abroad(cancellation=terms, healing=healing, heals="bkg_0", chance=0.91), made.when())
    for said in ("120.00 EUR", "free until 08:00, later 36.00 EUR", "150.00 EUR", 'href="/bookings/bkg_0"', "91 %"):
        assert said in inside
    assert "Should the plant fail" not in facts.terms_html(made.booking(), made.when())


@pytest.mark.parametrize(
    ("language", "told"), [("en", "nothing was heard of the machine lately"), ("zh", "设备近期没有消息")]
)
def test_what_the_registry_gives_as_a_reason_is_told_in_the_language_of_the_page(made, language, told):
    why = "nothing was heard of the machine lately"
    one = made.booking(state="REQUESTED", history=[{"state": "REQUESTED", "at": made.at(0), "reason": why}])
    assert told in path_html(one, made.when(language))


def test_what_a_person_gave_as_a_reason_stays_as_it_was_written(made):
    written = {"state": "DECLINED", "at": made.at(0), "reason": "<b>no spindle</b>"}
    assert "&lt;b&gt;no spindle" in path_html(made.booking(state="DECLINED", history=[written]), made.when("zh"))


def test_every_reason_that_is_told_here_is_one_that_the_registry_gives():
    folder = Path(cloud.booking.__file__).parent / "sql"
    written = "\n".join(each.read_text().replace("''", "'") for each in folder.glob("*.sql"))
    assert [reason for reason in path.REASONS if reason not in written] == []


@pytest.mark.parametrize("role", ["booker", "provider"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_and_a_risk_say_what_to_do_to_either_side(made, role, language):
    words = Words(language)
    asked = made.booking(state="REQUESTED", role=role, expires_at=made.at(2))
    until = made.when(language).moment(made.at(2))
    assert words(f"bookings.asked.{role}", until=until) in facts.head_html(asked, made.names, made.when(language))
    risky = made.booking(state="CONFIRMED", role=role, at_risk=True, at_risk_reason="breakdown")
    head = facts.head_html(risky, made.names, made.when(language))
    assert words("reason.breakdown") in head
    assert words(f"bookings.risk_do.{role}").partition(" ")[0] in head


def test_what_accepting_accepts_is_the_other_sides_proposal_before_what_is_due(made):
    euro = {"currency": "EUR"}
    due = {"due": {"amount": "162", **euro}, "accepted": [], "settle_by": None}
    dispute = {"by": "booker", "reason": "scrap", "at": made.at(1), "due": {"amount": "150", **euro}}
    metered, disputed = (
        made.booking(state="METERED", settlement=due),
        made.booking(state="DISPUTED", settlement={**due, "dispute": dispute}),
    )
    assert [to_accept(one).amount for one in (metered, disputed)] == [162, 150]
    assert to_accept(made.booking(state="CONFIRMED")) is None
