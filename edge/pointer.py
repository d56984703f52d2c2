"""JSON Pointers (RFC 6901) into what a machine says: a document's member, a structure's field, an array's element."""

import re
from collections.abc import Mapping, Sequence

Steps = tuple[str, ...]
_INDEX = re.compile(r"0|[1-9]\d*")


class PointerMiss(LookupError):
    """The value has no such part; the message says up to where the pointer led, and what is there."""


def parse(text: str) -> Steps:
    """The steps of a pointer; none for the empty one, which means the whole. Raises ValueError (RFC 6901, 3)."""
    if not text:
        return ()
    if not text.startswith("/") or re.search(r"~(?![01])", text):
        msg = f"{text!r} is no JSON Pointer: it begins with `/`, and `~1` writes a slash, `~0` a tilde inside a name"
        raise ValueError(msg)
    return tuple(step.replace("~1", "/").replace("~0", "~") for step in text[1:].split("/"))


def get(value: object, steps: Steps) -> object:
    """The part of `value` that the steps lead to (RFC 6901, 4). Raises PointerMiss."""
    for number, step in enumerate(steps):
        value = _step(value, step, steps[:number])
    return value


def _step(value: object, step: str, so_far: Steps) -> object:
    match value:
        case Mapping() if step in value:
            return value[step]
        case Mapping():
            there = ", ".join(map(str, list(value)[:12])) or "nothing"
        case str() | bytes():
            there = "a single value"
        case Sequence() if _INDEX.fullmatch(step) and int(step) < len(value):
            return value[int(step)]
        case Sequence():
            there = f"{len(value)} elements, from 0"
        case _:
            there = "a single value"
    place = "/" + "/".join(so_far) if so_far else "the whole"
    msg = f"no {step!r} in {place}; there: {there}"
    raise PointerMiss(msg)
