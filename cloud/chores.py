"""What a process does by itself, round after round, beside what it is called for."""

from collections.abc import Awaitable

import structlog

from cloud.errors import DatabaseAway

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
