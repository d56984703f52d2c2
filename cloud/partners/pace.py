"""How fast one key may ask: a bucket of tokens for each, so that no caller slows the others down."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field

MOST = 10_000
"""Keys whose pace is remembered; one that was forgotten starts with a full bucket, as it would have by then."""


@dataclass(slots=True)
class Pace:
    """`rate` calls a real second on average, and `burst` of them at once."""

    rate: float
    burst: float
    monotonic: Callable[[], float] = time.monotonic
    _buckets: OrderedDict[str, tuple[float, float]] = field(default_factory=OrderedDict)

    def wait(self, key: str) -> float:
        """Take one call of a key: 0 if it may go on; else the real seconds after which it may, and nothing is taken."""
        now = self.monotonic()
        left, at = self._buckets.pop(key, (self.burst, now))
        left = min(self.burst, left + (now - at) * self.rate)
        allowed = left >= 1
        self._buckets[key] = (left - 1 if allowed else left, now)
        if len(self._buckets) > MOST:
            self._buckets.popitem(last=False)
        return 0.0 if allowed else (1 - left) / self.rate
