"""What a problem of the API is, and the catalogue that all of them are entered in."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem. `code` is stable: programs may branch on it. `remedy` says what to do now."""

    code: str
    status: int
    title: str
    remedy: str
    retryable: bool = False


CATALOGUE: dict[str, Kind] = {}
"""Every kind by its code, in the order of the page."""


def kind(code: str, status: int, title: str, remedy: str, *, retryable: bool = False) -> Kind:
    """A new entry of the catalogue."""
    made = CATALOGUE[code] = Kind(code, status, title, remedy, retryable)
    return made
