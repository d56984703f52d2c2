"""Notices a connection that comes and goes: short ones in a row are one trouble, and not a new one each time."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

SHORT = 10.0
"""Real seconds: a connection that does not last so long did not end the trouble."""

AGAIN = 3
"""Short connections in a row that are a trouble of their own."""


@dataclass
class Steadiness:
    """`on_lasting` is called in the event loop when a connection lasts after too many that did not."""

    on_lasting: Callable[[], None]
    short: int = 0
    _timer: asyncio.TimerHandle | None = None

    @property
    def shaky(self) -> bool:
        return self.short >= AGAIN

    @property
    def known(self) -> bool:
        """Whether it was shaky before already."""
        return self.short > AGAIN

    def up(self) -> None:
        """It is there; to be called in the event loop."""
        self._timer = asyncio.get_running_loop().call_later(SHORT, self._lasts)

    def down(self) -> None:
        """It is gone."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer, self.short = None, self.short + 1

    def _lasts(self) -> None:
        shaky, self._timer, self.short = self.shaky, None, 0
        if shaky:
            self.on_lasting()
