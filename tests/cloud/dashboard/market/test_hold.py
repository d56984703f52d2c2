"""Nothing is held or booked twice: keys follow intents, not clicks."""

import pytest

from cloud.booking.bundle import BundleRequest
from cloud.booking.wire import BookingRequest, Hold
from cloud.dashboard.market.hold import Intents, Kept, Note, Whole, order, order_key, wish
from cloud.dashboard.words import dictionary

WORK = {"work_master": "bracket", "pieces": "12"}


@pytest.fixture
def hold(made):
    told = {"id": "hld_1", "state": "HELD", "service_id": "svc_1", "machine_id": "mch_1", "quantity": 1}
    money = {"amount": "240", "currency": "EUR"}
    return Hold.model_validate(
        {**told, "start": made.at(2), "end": made.at(6), "price": money, "expires_at": made.at(1)}
    )


def test_a_second_click_while_it_is_being_held_and_after_it_is_does_nothing():
    intents = Intents("a")
    assert intents.begin(0) == "hold-a-0-0"
    assert intents.begin(0) is None
    intents.done(0, "hld_1")
    assert intents.begin(0) is None


def test_after_an_answer_that_got_lost_the_same_intent_has_the_same_key():
    intents = Intents("a")
    first = intents.begin(0)
    intents.failed(0, known=False)
    assert intents.begin(0) == first


def test_after_a_refusal_or_a_hold_that_is_over_it_is_meant_anew():
    intents = Intents("a")
    keys = [intents.begin(0)]
    intents.failed(0, known=True)
    keys.append(intents.begin(0))
    intents.done(0, "hld_1")
    intents.over("hld_1")
    keys.append(intents.begin(0))
    assert len(set(keys)) == 3
    assert None not in keys


def test_two_results_and_two_answers_are_different_intents():
    assert len({Intents("a").begin(0), Intents("a").begin(1), Intents("b").begin(0)}) == 3


def test_the_machine_and_the_hours_that_were_shown_are_held(made):
    found = made.found(quantity=2)
    wanted = wish(found, "40")
    assert (wanted.service_id, wanted.machine_id, wanted.start, wanted.end) == (
        "svc_1",
        "mch_1",
        found.start,
        found.end,
    )
    assert (wanted.quantity, wanted.work_quantity) == (2, 40)
    assert wish(found).work_quantity is None


def test_an_order_carries_work_documents_and_consent(hold):
    document = {"name1": "drawing", "href1": "https://files.example/1.pdf", "sha2561": "AB" * 32}
    made = order(hold, {**WORK, "material": " 7075 ", **document, "healing": "yes", "most": "300,5"})
    assert isinstance(made, BookingRequest)
    assert (made.hold_id, made.work.work_master, made.work.quantity, made.work.material) == (
        "hld_1", "bracket", 12, "7075",
    )  # fmt: skip
    assert [(each.name, each.sha256) for each in made.work.documents] == [("drawing", "ab" * 32)]
    assert made.healing is not None
    assert made.healing.max_price is not None
    assert str(made.healing.max_price.amount) == "300.5"


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"work_master": " "}, "work_master"),
        ({"pieces": "0"}, "pieces"),
        ({"pieces": "many"}, "pieces"),
        ({"name0": "drawing"}, "name0"),
        ({"name0": "drawing", "href0": "x", "sha2560": "123"}, "sha2560"),
        ({"healing": "yes", "most": "a lot"}, "most"),
    ],
    ids=str,
)
def test_an_order_that_is_not_whole_says_which_field(hold, typed, field):
    faults = order(hold, {**WORK, **typed})
    assert isinstance(faults, dict)
    assert list(faults) == [field]
    assert set(faults.values()) <= set(dictionary())


def test_the_same_order_of_a_hold_has_the_same_key_and_another_one_another(hold):
    def key(**typed: str) -> str:
        made = order(hold, {**WORK, **typed})
        assert isinstance(made, BookingRequest)
        return order_key(hold, made)

    assert key() == key()
    assert key() != key(pieces="13")


def test_a_result_in_pieces_is_booked_as_one_bundle_whose_legs_share_the_work(made):
    price = {"amount": "120", "currency": "EUR"}
    pieces = [
        {"start": made.at(2), "end": made.at(4), "price": price},
        {"start": made.at(8), "end": made.at(10), "price": price},
    ]
    target = Whole(made.found(2, 10, pieces=pieces), "answer")
    bundle = order(target, WORK)
    assert isinstance(bundle, BundleRequest)
    assert [(leg.start, leg.end, leg.work.quantity) for leg in bundle.legs] == [
        (made.at(2), made.at(4), 6),
        (made.at(8), made.at(10), 6),
    ]
    assert order(target, {**WORK, "pieces": "1"}) == {"pieces": "market.fault.legs"}
    assert order_key(target, bundle) != order_key(Whole(target.found, "another answer"), bundle)


def test_a_page_that_is_opened_anew_finds_its_enterprises_holds_and_no_others():
    kept = Kept()
    kept.add("ent_1", "hld_1", Note("milling", "12"))
    kept.add("ent_2", "hld_2", Note())
    assert kept.of("ent_1") == {"hld_1": Note("milling", "12")}
    kept.drop("ent_1", "hld_1")
    kept.drop("ent_9", "hld_1")
    assert kept.of("ent_1") == {}


def test_only_the_latest_holds_are_remembered():
    kept = Kept()
    for number in range(60):
        kept.add("ent_1", f"hld_{number}", Note())
    assert len(kept.of("ent_1")) == 50
    assert "hld_59" in kept.of("ent_1")
