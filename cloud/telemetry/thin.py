"""Leaves out samples so that the line looks as before: MinMaxLTTB, which keeps every extreme that can be seen."""

import math
from collections.abc import Sequence

import numpy as np
from tsdownsample import MinMaxLTTBDownsampler

from cloud.telemetry.model import Sample, micros

_line = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]


def thinned(samples: Sequence[Sample], points: int) -> list[Sample]:
    """At most about `points` of the samples (in order of time): of numbers those that make the line's shape, of all
    others those at which something changes. Where the quality changes, the sample stays too.
    """
    if len(samples) <= points:
        return list(samples)
    numbers = [place for place, sample in enumerate(samples) if _number(sample)]
    kept = {0, len(samples) - 1, *_changes(samples, points)}
    if len(numbers) > points:
        at = np.array([micros(samples[place].at) for place in numbers], dtype=np.int64)
        values = np.array([samples[place].value for place in numbers], dtype=np.float64)
        chosen = _line.downsample(at, values, n_out=points)
        kept.update(numbers[each] for each in chosen)
    else:
        kept.update(numbers)
    return [samples[place] for place in sorted(kept)]


def _changes(samples: Sequence[Sample], most: int) -> list[int]:
    found = [
        place
        for place in range(1, len(samples))
        if samples[place].quality != samples[place - 1].quality
        or (not _number(samples[place]) and samples[place].value != samples[place - 1].value)
    ]
    return found if len(found) <= most else found[:: -(-len(found) // most)]


def _number(sample: Sample) -> bool:
    return isinstance(sample.value, float) and math.isfinite(sample.value)
