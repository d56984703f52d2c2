"""One thing that a `check` looked at: whether it is in order, what was found, and what to do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was looked at."""

    ok: bool
    what: str
    found: str = ""
    remedy: str = ""
