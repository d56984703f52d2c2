"""Results that differ in nothing but the machine are one row; and what of a list is no longer free; pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from cloud.market.model import Found, SearchAnswer

Row = tuple[int, ...]
"""Results of one row, by their numbers in the answer."""


def rows(found: Sequence[Found]) -> tuple[Row, ...]:
    """The rows of the list, in the order of the best of each."""
    made: dict[object, list[int]] = {}
    for number, one in enumerate(found):
        made.setdefault(_looks(one), []).append(number)
    return tuple(tuple(numbers) for numbers in made.values())


def _looks(one: Found) -> object:
    shown = (one.service_id, one.start, one.end, one.quantity, one.price, one.unit_price, one.confidence, one.chance)
    return (*shown, one.instant, one.km, one.why, one.pieces)


def to_take(row: Row, taken: Collection[int]) -> int | None:
    """The first of the row that is not `taken` (held by oneself, or no longer free)."""
    return next((number for number in row if number not in taken), None)


@dataclass(frozen=True, slots=True)
class Moved:
    """How a newer answer differs from the list that is shown: results that are `gone`, and how many came."""

    gone: frozenset[int] = frozenset()
    came: int = 0


def moved(shown: Sequence[Found], newer: SearchAnswer, most: int) -> Moved:
    """What of `shown` the newer answer has no more.

    An answer that is full, or not complete, ends somewhere: what is as dear as its last or dearer may still be free.
    """
    before, now = {_is(one) for one in shown}, {_is(one) for one in newer.items}
    open_ended = not newer.complete or len(newer.items) >= most
    last = newer.items[-1].price if newer.items else None

    def unseen(one: Found) -> bool:
        return open_ended and (last is None or one.price.currency != last.currency or one.price.amount >= last.amount)

    gone = frozenset(number for number, one in enumerate(shown) if _is(one) not in now and not unseen(one))
    return Moved(gone, len(now - before))


def _is(one: Found) -> object:
    return one.service_id, one.machine_id, one.start, one.end, one.quantity, one.pieces
