"""Decides how much of what a sender said it holds has not been received yet."""

from collections.abc import Iterable, Sequence

from gateway.link import Position


def waiting(held: Iterable[Sequence[int]], position: Position) -> int:
    """Numbers in `held` (epoch, oldest, next) that lie behind where the stream has got in that epoch."""
    return sum(
        max(0, following - max(oldest, (position.committed_in(epoch) or 0) + 1)) for epoch, oldest, following in held
    )
