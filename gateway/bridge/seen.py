"""Which messages were judged already: numbers as ranges, so that a million of them take no more room than one."""

from bisect import bisect_right

from gateway.link import Mark
from gateway.messages import Stream

MOST = 256
"""Ranges of an epoch, and epochs, that are remembered; what is forgotten may be told a second time."""


class Seen:
    """Numbers by stream and epoch."""

    def __init__(self) -> None:
        self._ranges: dict[tuple[Stream, int], list[tuple[int, int]]] = {}

    def add(self, mark: Mark) -> bool:
        """Remember the message; False if it was known."""
        place = (mark.stream, mark.epoch)
        ranges = self._ranges.setdefault(place, [])
        at = bisect_right(ranges, (mark.seq, 1 << 63))
        if at and mark.seq <= ranges[at - 1][1]:
            return False
        first = last = mark.seq
        start, end = at, at
        if at and ranges[at - 1][1] == mark.seq - 1:
            start, first = at - 1, ranges[at - 1][0]
        if at < len(ranges) and ranges[at][0] == mark.seq + 1:
            end, last = at + 1, ranges[at][1]
        ranges[start:end] = [(first, last)]
        del ranges[:-MOST]
        if len(self._ranges) > MOST:
            del self._ranges[next(iter(self._ranges))]
        return True
