"""Whether what concurrent callers saw can be told as one story: each call done at one instant while it was under way.

A search after Wing and Gong (1993) that remembers what it has tried, as Lowe (2017) does: it goes through the orders in
which the calls can have happened, and gives up an order at the first answer that the model would not have given.
"""

import math
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Call = TypeVar("Call")
Answer = TypeVar("Answer")
State = TypeVar("State", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Op(Generic[Call, Answer]):
    """One call, from when it was sent to when its answer was there (seconds of one monotonic clock).

    Without an answer it may have happened at any time since, or never: its `end` is infinity.
    """

    call: Call
    answer: Answer | None
    start: float
    end: float = math.inf


@dataclass(frozen=True, slots=True)
class Told(Generic[Call, Answer, State]):
    """The story: the calls in an order in which one after another gives these answers, and where it ends."""

    order: tuple[Op[Call, Answer], ...]
    state: State


@dataclass(frozen=True, slots=True)
class Untellable(Generic[Call, Answer, State]):
    """There is no such order. The longest that could be told, its state, and the calls that none of could follow."""

    order: tuple[Op[Call, Answer], ...]
    state: State
    stuck: tuple[Op[Call, Answer], ...]


Step = Callable[[State, Op[Call, Answer]], Iterable[State]]
"""The states in which a call, answered so, may leave the model: none where the model would have answered otherwise."""

Verdict = Told[Call, Answer, State] | Untellable[Call, Answer, State]


@dataclass(frozen=True, slots=True)
class _Node(Generic[State]):
    """How far one order has come: who was done (a bit each), the state, and the way there."""

    done: int
    state: State
    last: int | None = None
    before: "_Node[State] | None" = None

    def order(self) -> list[int]:
        found, node = [], self
        while node.before is not None:
            found.append(node.last)
            node = node.before
        return [each for each in reversed(found) if each is not None]


def linearize(
    history: Iterable[Op[Call, Answer]], initial: State, step: Step[State, Call, Answer]
) -> Verdict[Call, Answer, State]:
    """A story of this history, or that there is none. The states must be hashable, and say all that is to come."""
    ops = sorted(history, key=lambda op: op.start)
    needed = sum(1 << place for place, op in enumerate(ops) if op.answer is not None)
    root = deepest = _Node(0, initial)
    tried, stack = {(0, initial)}, [root]
    while stack:
        node = stack.pop()
        if node.done & needed == needed:
            return Told(tuple(ops[place] for place in node.order()), node.state)
        if node.done.bit_count() > deepest.done.bit_count():
            deepest = node
        for place in _next(ops, node.done):
            for state in step(node.state, ops[place]):
                done = node.done | 1 << place
                if (done, state) not in tried:
                    tried.add((done, state))
                    stack.append(_Node(done, state, place, node))
    stuck = tuple(ops[place] for place in _next(ops, deepest.done))
    return Untellable(tuple(ops[place] for place in deepest.order()), deepest.state, stuck)


def _next(ops: Sequence[Op[Call, Answer]], done: int) -> Iterator[int]:
    """Who can be next: whoever was sent before any other of those that are left was answered."""
    left = [place for place in range(len(ops)) if not done >> place & 1]
    first_end = min((ops[place].end for place in left), default=math.inf)
    # The search takes the last that is put on its stack: whoever was sent first is the likeliest to be next.
    return (place for place in reversed(left) if ops[place].start <= first_end)
