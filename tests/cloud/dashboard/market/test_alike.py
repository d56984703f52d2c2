"""Results alike are one row; and what somebody took meanwhile is known by the newer answer, as far as that can tell."""

import re

from cloud.dashboard.market.alike import Moved, moved, rows, to_take
from cloud.dashboard.market.lines import Shown, results_html
from cloud.market.model import SearchAnswer


def answer(*items, complete=True):
    return SearchAnswer(items=items, near_misses=(), complete=complete)


def test_machines_that_differ_in_nothing_else_are_one_row_at_the_place_of_the_first(made):
    pool = [made.found(machine_id=f"mch_{number}") for number in range(3)]
    other = made.found(amount="250.00", machine_id="mch_9")
    assert rows([pool[0], other, pool[1], pool[2]]) == ((0, 2, 3), (1,))


def test_what_a_buyer_would_see_a_difference_in_is_a_row_of_its_own(made):
    seen = [made.found(), made.found(start=3, end=7), made.found(chance=0.9), made.found(instant=False)]
    assert len(rows(seen)) == len(seen)


def test_the_next_of_a_row_is_taken_once_the_first_is_held_or_gone():
    assert [to_take((4, 5, 6), taken) for taken in ((), {4}, {4, 5}, {4, 5, 6})] == [4, 5, 6, None]


def test_what_the_newer_answer_has_no_more_is_gone_and_what_it_has_besides_came(made):
    shown = [made.found(), made.found(machine_id="mch_2")]
    newer = answer(shown[1], made.found(machine_id="mch_3"))
    assert moved(shown, newer, most=30) == Moved(frozenset({0}), 1)
    assert moved(shown, answer(*shown), most=30) == Moved()


def test_of_a_full_answer_only_what_is_cheaper_than_its_last_is_known_to_be_gone(made):
    shown = [made.found(amount=amount, machine_id=f"mch_{amount}") for amount in ("100.00", "200.00", "300.00")]
    newer = made.found(amount="200.00", machine_id="mch_new")
    assert moved(shown, answer(newer), most=1).gone == {0}
    assert moved(shown, answer(newer, complete=False), most=30).gone == {0}
    assert moved(shown, answer(newer), most=30).gone == {0, 1, 2}
    assert moved(shown, answer(complete=False), most=30).gone == frozenset()


def test_a_row_says_how_many_more_there_are_and_offers_the_next_of_them(made):
    pool = [made.found(machine_id=f"mch_{number}") for number in range(3)]

    def said(**shown):
        html = results_html(pool, made.when(), Shown(**shown))
        assert html.count("<li class=") == 1
        return html

    assert "2 more machines like it are free" in said()
    assert "one more machine like it is free" in said(gone=frozenset({0}))
    assert 'data-do="hold" data-item="1"' in said(gone=frozenset({0}))
    assert 'data-do="hold" data-item="2"' in said(held={0, 1})
    over = said(gone=frozenset({0, 1, 2}))
    assert "No longer free." in over
    assert 'data-do="hold"' not in over


def test_rows_are_counted_through_not_results(made):
    pool = [made.found(machine_id=f"mch_{number}") for number in range(3)]
    html = results_html([*pool, made.found(amount="250.00")], made.when(), Shown())
    numbers = [int(found) for found in re.findall(r'class="rank"[^>]*>(\d+)<', html)]
    assert numbers == [1, 2]


def test_ones_own_service_is_told_from_others(made):
    html = results_html([made.found()], made.when(), Shown(own="ent_1"))
    assert "Works (your own)" in html
    assert "your own" not in results_html([made.found()], made.when(), Shown(own="ent_2"))
