"""What a process does by itself, round after round, beside what it is called for."""

from collections.abc import Awaitable
from typing import TypeVar

import structlog

from cloud.db import AWAY
from cloud.errors import DatabaseAway

T = TypeVar("T")

log = structlog.get_logger(__name__)


async def attempt(name: str, work: Awaitable[object], failing: set[str]) -> None:
    """Nothing else may suffer from a chore that fails: it is said once, and tried again in the next round.

    `failing`: the names of those that failed in the last round, kept by the caller. Raises DatabaseAway alone.
    """
    try:
        await work
    except DatabaseAway:
        raise
    except Exception as error:  # noqa: BLE001 - whatever it is, the next round may succeed
        if name not in failing:
            failing.add(name)
            log.error("a chore fails, it is tried again", chore=name, reason=repr(error))  # noqa: TRY400 - once, short
    else:
        failing.discard(name)


async def spared(one: str, work: Awaitable[T], doubtful: set[str], trouble: str) -> T | None:
    """What came of `one` of many, by its id; None where it failed, which must not keep the others waiting.

    It is said in the words of `trouble`, and added to `doubtful`, which are left out of the next rounds. Raises what
    AWAY names.
    """
    try:
        return await work
    except AWAY:
        raise
    except Exception as error:  # noqa: BLE001 - whatever is wrong with it, the others are not to blame
        doubtful.add(one)
        log.error(trouble, one=one, reason=repr(error))  # noqa: TRY400 - short
        return None
