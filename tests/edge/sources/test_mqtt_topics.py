"""Topics of machines: the machine's name in place, and no message through two subscriptions."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.sources.mqtt_topics import fault, fewest, joined, matches

LEVELS = st.lists(st.sampled_from(["a", "b", "", "$SYS"]), min_size=1, max_size=4).map("/".join)
FILTERS = st.tuples(
    st.lists(st.sampled_from(["a", "b", "+", ""]), min_size=1, max_size=4), st.sampled_from([[], ["#"]])
).map(lambda both: "/".join(both[0] + both[1]))


@pytest.mark.parametrize(
    ("root", "below", "whole"),
    [
        ("plant/{machine}", "power", "plant/press-1/power"),
        ("plant/{machine}/power", "", "plant/press-1/power"),
        ("", "tele/{machine}/SENSOR", "tele/press-1/SENSOR"),
        ("plant/+/{machine}", "#", "plant/+/press-1/#"),
    ],
)
def test_the_machines_name_stands_in_its_topics(root: str, below: str, whole: str) -> None:
    assert joined(root, below, "press-1") == whole


@pytest.mark.parametrize(
    ("filter_", "topic", "yes"),
    [
        ("a/b", "a/b", True),
        ("a/b", "a/b/c", False),
        ("a/+", "a/b", True),
        ("a/+", "a", False),
        ("a/+", "a/", True),
        ("a/+/c", "a/b/c", True),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("#", "a/b", True),
        ("#", "$SYS/broker", False),
        ("+/broker", "$SYS/broker", False),
        ("$SYS/#", "$SYS/broker", True),
    ],
)
def test_a_filter_takes_in_what_the_standard_says(filter_: str, topic: str, yes: bool) -> None:
    assert matches(filter_, topic) is yes


@given(st.lists(FILTERS, max_size=6), LEVELS)
def test_what_any_filter_takes_in_the_fewest_take_in_too(filters: list[str], topic: str) -> None:
    kept = fewest(filters)
    assert set(kept) <= set(filters)
    assert any(matches(each, topic) for each in kept) == any(matches(each, topic) for each in filters)


def test_a_filter_that_another_covers_is_left_out() -> None:
    assert fewest(["p/m1/power", "p/+/power", "p/m1/power", "p/m2/#", "p/m2/power"]) == ("p/+/power", "p/m2/#")


@pytest.mark.parametrize("topic", ["a/b+", "a/#/b", "a/b#", "+x/b"])
def test_a_wildcard_in_the_wrong_place_is_told(topic: str) -> None:
    assert fault(topic)


@given(FILTERS)
def test_every_right_filter_is_right(filter_: str) -> None:
    assert fault(filter_) is None
