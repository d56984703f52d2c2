"""How much of what a sender said it holds has not been received yet."""

import pytest

from cloud.operations.backlog import waiting
from gateway.link import Position


@pytest.mark.parametrize(
    ("held", "position", "expected"),
    [
        pytest.param([], Position(7, 3), 0, id="it holds nothing"),
        pytest.param([[7, 1, 1]], Position(7, 0), 0, id="an epoch that is drained"),
        pytest.param([[7, 1, 11]], Position(), 10, id="nothing came yet"),
        pytest.param([[7, 1, 11]], Position(7, 4), 6, id="part of it came since"),
        pytest.param([[7, 1, 11]], Position(7, 25), 0, id="all of it came, and more"),
        pytest.param([[7, 9, 11]], Position(7, 4), 2, id="what is before the oldest it holds will not come"),
        pytest.param([[7, 1, 11], [8, 1, 6]], Position(7, 10), 5, id="a later epoch waits"),
        pytest.param([[7, 1, 11]], Position(8, 2, {7: 10}), 0, id="the stream went on into a later epoch"),
    ],
)
def test_what_waits_lies_behind_the_position(held: list[list[int]], position: Position, expected: int) -> None:
    assert waiting(held, position) == expected
