"""What an agent remembers of a machine over a restart is all that it knew."""

from datetime import UTC, datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.mapping import Seen
from edge.snapshot import dump, load
from edge.tracker import Picture, Sight, Track
from edge.watch import Watch
from gateway.machine import ItemState, OperationMode, Quality

moments = st.integers(0, 4_000_000_000_000_000).map(lambda at: datetime.fromtimestamp(at / 1e6, UTC))
names = st.text("abc_", min_size=1, max_size=4)
pictures = st.builds(
    Picture,
    st.sampled_from(ItemState),
    st.sampled_from(OperationMode),
    st.sampled_from(Quality),
    st.sampled_from(["plant", "bkg_1"]),
)
sights = st.none() | st.builds(Sight, moments, pictures, st.sampled_from(["source", "agent"]))
tracks = st.builds(
    Track,
    st.just("M1"),
    sights,
    sights,
    st.sampled_from(OperationMode),
    st.none() | st.sampled_from(OperationMode),
    st.sampled_from(["plant", "bkg_1"]),
)
seens = st.builds(
    Seen,
    st.dictionaries(names, st.text(max_size=5)),
    st.dictionaries(names, moments),
    st.dictionaries(names, st.sampled_from(Quality)),
    st.integers(0, 9),
    st.dictionaries(names, st.integers(0, 9)),
    st.dictionaries(names, moments),
    st.dictionaries(names, moments),
)


@settings(max_examples=40)
@given(
    st.builds(
        Watch, tracks, seens, seens, st.none() | moments, st.text(max_size=9), st.dictionaries(names, st.integers(1, 9))
    )
)
def test_a_watch_comes_back_as_it_was(watch: Watch) -> None:
    assert load(dump(watch)) == watch
