"""The place in an agent's numbered stream: what joins, and what is torn."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.reading import Cursor, Gap
from edge.sources.mtconnect_follow import OVERRUN, RESTARTED, Joined, Place, Refused, Torn, begin, follow, place_of
from edge.sources.mtconnect_model import Complaint, Document, Header, Observation, Streams
from edge.sources.mtconnect_progress import UNNUMBERED, Progress
from edge.sources.mtconnect_values import Conditions

SIX = datetime(2026, 3, 2, 6, tzinfo=UTC)
LATER = SIX + timedelta(seconds=3)
PLACE = Place("7", 20, SIX)


def streams(
    first: int | None, following: int | None, numbers: Sequence[int] = (), *, last: int | None = None
) -> Streams:
    header = Header("7", "2.0", first, last if last is not None else (following or 1) - 1, following)
    return Streams(header, tuple(Observation("exec", "ACTIVE", SIX, number) for number in numbers))


def test_what_comes_next_joins() -> None:
    got = follow(PLACE, streams(1, 23, [20, 22]), LATER)
    assert isinstance(got, Joined)
    assert got.place == Place("7", 23, LATER)
    assert [each.sequence for each in got.observations] == [20, 22]
    assert not got.behind


def test_what_was_had_already_is_not_told_twice() -> None:
    got = follow(PLACE, streams(1, 23, [18, 19, 20]), LATER)
    assert isinstance(got, Joined)
    assert [each.sequence for each in got.observations] == [20]


def test_an_agent_that_has_more_is_asked_again_at_once() -> None:
    got = follow(PLACE, streams(1, 23, [20], last=99), LATER)
    assert isinstance(got, Joined)
    assert got.behind


def test_a_heartbeat_moves_the_known_time_and_nothing_else() -> None:
    got = follow(PLACE, streams(1, 20), LATER)
    assert isinstance(got, Joined)
    assert (got.place, got.observations) == (Place("7", 20, LATER), ())


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (Streams(Header("8", "2.0", 1, 5, 6), ()), RESTARTED),
        (Complaint(Header("8"), (("OUT_OF_RANGE", ""),)), RESTARTED),
        (Complaint(Header("7"), (("OUT_OF_RANGE", "too old"),)), OVERRUN),
        (streams(21, 30, [21]), OVERRUN),
        (streams(1, 12, [11]), "the agent counts from the beginning again"),
    ],
    ids=["another instance", "another instance complains", "out of range", "buffer moved on", "numbers went back"],
)
def test_what_does_not_join_is_torn(document: Document, reason: str) -> None:
    assert follow(PLACE, document, LATER) == Torn(reason)


def test_a_request_that_the_agent_never_grants_is_no_gap() -> None:
    complaint = Complaint(Header("7"), (("UNSUPPORTED", "no samples here"),))
    assert follow(PLACE, complaint, LATER) == Refused("no samples here (UNSUPPORTED)")


def test_an_agent_that_numbers_nothing_has_no_place() -> None:
    assert begin(streams(None, None), SIX) is None
    assert begin(streams(1, 45), SIX) == Place("7", 45, SIX)


@given(st.from_regex(r"[a-zA-Z0-9-]{0,20}", fullmatch=True), st.integers(min_value=0, max_value=2**64 - 1))
def test_a_cursor_says_its_place(instance: str, number: int) -> None:
    place = Place(instance, number, SIX)
    assert place_of(str(place)) == place


@given(st.text(max_size=40))
def test_a_cursor_of_something_else_is_no_place(text: str) -> None:
    found = place_of(text)
    assert found is None or str(found.next) in text


@given(
    size=st.integers(min_value=1, max_value=8),
    steps=st.lists(
        st.tuples(st.integers(min_value=0, max_value=6), st.sampled_from(["ask", "wait", "restart"])), max_size=40
    ),
)
def test_nothing_is_missed_in_silence_whatever_the_agent_does(size: int, steps: list[tuple[int, str]]) -> None:
    instance, following, place = 1, 1, Place("1", 1, SIX)
    said: set[tuple[int, int]] = set()
    had: set[tuple[int, int]] = set()
    for news, then in steps:
        said |= {(instance, number) for number in range(following, following + news)}
        following += news
        if then == "restart":
            instance, following = instance + 1, 1
        if then == "wait":
            continue
        first = max(1, following - size)
        numbers = [number for number in range(first, following) if number >= place.next]
        header = Header(str(instance), "2.0", first, following - 1, following)
        answer: Document = Streams(header, tuple(Observation("a", "1", SIX, number) for number in numbers))
        if not first <= place.next <= following:
            answer = Complaint(Header(str(instance)), (("OUT_OF_RANGE", ""),))
        got = follow(place, answer, SIX)
        if isinstance(got, Joined):
            had |= {(instance, each.sequence or 0) for each in got.observations}
            place = got.place
            assert {each for each in said if each[0] == instance} <= had
        else:
            had |= said
            place = Place(str(instance), following, SIX)


class TestProgress:
    def test_goes_on_where_the_cursor_says(self) -> None:
        progress = Progress.of({"M1": str(PLACE), "M2": None, "M3": "rubbish"})
        progress.meet(Header("7", "", 1, 40, 41))
        assert progress.places == {"M1": PLACE}
        assert progress.gaps(["M1", "M2", "M3"], LATER) == []
        assert progress.cursors(["M1", "M2"]) == [Cursor("M1", str(PLACE))]

    @pytest.mark.parametrize(
        ("header", "reason"),
        [
            (Header("8", "", 1, 40, 41), RESTARTED),
            (Header("7", "", 21, 40, 41), OVERRUN),
            (Header("7", "", 1, 9, 10), OVERRUN),
            (Header("7"), UNNUMBERED),
        ],
    )
    def test_tells_the_gap_once_where_it_cannot_go_on(self, header: Header, reason: str) -> None:
        progress = Progress.of({"M1": str(PLACE)})
        progress.meet(header)
        assert progress.gaps(["M1"], LATER) == [Gap("M1", SIX, LATER, reason)]
        assert progress.gaps(["M1"], LATER) == []

    def test_of_two_tears_the_first_says_since_when(self) -> None:
        progress = Progress.of({"M1": str(PLACE)})
        progress.tear(RESTARTED)
        progress.at(["M1"], Place("8", 1, LATER))
        progress.tear(OVERRUN)
        assert progress.gaps(["M1"], LATER) == [Gap("M1", SIX, LATER, RESTARTED)]


class TestConditions:
    """Several may be active at once; the worst counts."""

    @pytest.mark.parametrize(
        ("said", "worst"),
        [
            ([("NORMAL", "")], "NORMAL"),
            ([("WARNING", "1"), ("FAULT", "2")], "FAULT"),
            ([("WARNING", "1"), ("FAULT", "2"), ("NORMAL", "2")], "WARNING"),
            ([("WARNING", "1"), ("FAULT", "2"), ("NORMAL", "")], "NORMAL"),
            ([("FAULT", "1"), ("WARNING", "1")], "WARNING"),
            ([("FAULT", "1"), (None, "")], None),
            ([("FAULT", "1"), (None, ""), ("NORMAL", "1")], "NORMAL"),
        ],
    )
    def test_the_worst_of_the_active_ones_counts(self, said: list[tuple[str | None, str]], worst: str | None) -> None:
        conditions = Conditions()
        levels = [conditions.worst(Observation("sys", level, SIX, None, "CONDITION", code)) for level, code in said]
        assert levels[-1] == worst
