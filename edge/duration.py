"""How people write a length of time in our files: `30 s`, `5 min`, `4 h`, `28 d`."""

import re
from datetime import timedelta
from typing import Annotated

from pydantic import BeforeValidator

_UNITS = {
    "ms": timedelta(milliseconds=1),
    "s": timedelta(seconds=1),
    "min": timedelta(minutes=1),
    "h": timedelta(hours=1),
    "d": timedelta(days=1),
}
_WRITTEN = re.compile(r"(\d+(?:\.\d+)?)\s*(ms|s|min|h|d)")


def duration(value: object) -> timedelta:
    """The length that `value` writes; never negative. A bare number raises ValueError: seconds or hours?"""
    if isinstance(value, timedelta):
        return value
    match = _WRITTEN.fullmatch(str(value).strip())
    if match is None:
        msg = "expected a length of time with its unit, such as `30 s`, `5 min`, `4 h` or `28 d`"
        raise ValueError(msg)
    return float(match[1]) * _UNITS[match[2]]


Duration = Annotated[timedelta, BeforeValidator(duration)]
