"""How long messages took, as a small histogram whose parts can be added up: by minute, stream and process."""

import math
from collections.abc import Sequence

PARTS = 64
"""The first holds what took at most 1 ms, each other √2 times as long as the one before; the last: 35 days and more."""


def part(seconds: float) -> int:
    """Which part it belongs to; what seems to come from the future took no time."""
    if seconds <= 0.001:
        return 0
    return min(PARTS - 1, math.ceil(2 * math.log2(seconds * 1000)))


def added(one: Sequence[int], other: Sequence[int]) -> list[int]:
    """Both together; an empty one is nothing."""
    if not one or not other:
        return list(one or other)
    return [left + right for left, right in zip(one, other, strict=True)]


def quantile(parts: Sequence[int], share: float) -> float | None:
    """Seconds within which that share of the messages came; None of no messages.

    Within its part it is estimated by logarithm, so it is wrong by less than a fifth.
    """
    wanted, passed = share * sum(parts), 0
    for index, count in enumerate(parts):
        if count and passed + count >= wanted:
            into = (wanted - passed) / count
            return 0.001 if index == 0 else float(0.001 * 2 ** ((index - 1 + into) / 2))
        passed += count
    return None
