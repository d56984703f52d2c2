"""What the plant's machines do together: a machine is judged by the company it keeps."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

import numpy as np

from edge.forecast.grid import BUSY, UNKNOWN, Cells
from edge.forecast.signs import SLOTS, Floats


@dataclass(frozen=True, slots=True)
class Others:
    """The share of the plant's other machines that were busy, by quarter hour of the wall clock.

    `busy`: (n, 96) in 0..1 and `known`: (n, 96), 1 where at least one of them was seen; the last row is the day `last`.
    """

    last: date
    busy: Floats
    known: Floats

    def until(self, day: date, rows: int) -> tuple[Floats, Floats]:
        """The `rows` days up to and including `day`; what is missing is unknown."""
        busy, known = np.zeros((rows, SLOTS)), np.zeros((rows, SLOTS))
        ahead = (self.last - day).days
        end = len(self.busy) - ahead
        for row in range(max(0, rows - end), rows):
            source = end - rows + row
            if source < len(self.busy):
                busy[row], known[row] = self.busy[source], self.known[source]
        return busy, known


def shop(days: Mapping[str, tuple[date, Cells]]) -> Mapping[str, Others]:
    """For each machine all others. `days`: by machine its last day and its (n, 96) cells."""
    if len(days) < 2:
        return {}
    last = max(day for day, _ in days.values())
    rows = max(len(cells) + (last - day).days for day, cells in days.values())
    busy, known = np.zeros((rows, SLOTS)), np.zeros((rows, SLOTS))
    placed = {}
    for name, (day, cells) in days.items():
        own = np.full((rows, SLOTS), UNKNOWN, np.uint8)
        end = rows - (last - day).days
        own[end - len(cells) : end] = cells
        placed[name] = own
        busy += own == BUSY
        known += own != UNKNOWN
    found = {}
    for name, own in placed.items():
        count = known - (own != UNKNOWN)
        found[name] = Others(last, (busy - (own == BUSY)) / np.maximum(count, 1), (count > 0).astype(np.float64))
    return found
