"""How a command of ours ends when something is wrong: one line for each fault, and an exit code for scripts."""

import sys
from collections.abc import Callable, Iterator

from gateway.errors import ThirdshiftError


def ended(run: Callable[[], object]) -> None:
    """Run it; an error of ours is one line on standard error and exit code 2 (75 where a retry may help).

    So is a file or folder that cannot be used. Errors of tasks that ran side by side are said one a line.
    """
    try:
        run()
    except* ThirdshiftError as found:
        sys.exit(_say(found))
    except* OSError as found:
        sys.exit(_say(found))


def _say(found: BaseExceptionGroup[BaseException]) -> int:
    retryable = True
    for error in leaves(found):
        sys.stderr.write(f"thirdshift: {_words(error)}\n")
        retryable = retryable and getattr(error, "retryable", False)
    return 75 if retryable else 2


def _words(error: BaseException) -> str:
    if isinstance(error, OSError) and error.filename:
        return f"{error.filename}: {error.strerror}; name one that this user can read and write"
    return str(error)


def leaves(group: BaseExceptionGroup[BaseException]) -> Iterator[BaseException]:
    """The errors themselves, however deep the groups are that they came in."""
    for error in group.exceptions:
        if isinstance(error, BaseExceptionGroup):
            yield from leaves(error)
        else:
            yield error
