"""JSONPath (RFC 9535) into a document, by python-jsonpath in its strict mode."""

import functools
from collections.abc import Callable

from jsonpath import JSONPathEnvironment
from jsonpath.exceptions import JSONPathError

Find = Callable[[object], list[object]]
"""Every value of a document that the path finds, in order."""


class PathInvalid(Exception):
    """A text that is no JSONPath; the message says where it stops being one."""


@functools.lru_cache(maxsize=1000)
def compiled(text: str) -> Find:
    """Raises PathInvalid."""
    try:
        path = JSONPathEnvironment(strict=True).compile(text)
    except JSONPathError as error:
        # The library's own str() of an error fails for an empty text.
        msg = f"{text!r} is no JSONPath ({error.args[0]}); it begins with `$`, as in `$.power.total`"
        raise PathInvalid(msg) from error

    def find(document: object) -> list[object]:
        # The library takes text for JSON that is still to be read.
        return [] if isinstance(document, str) else path.findall(document)  # type: ignore[arg-type]

    return find
