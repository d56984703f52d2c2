"""Puts a new config in its place: only if it is a good one, and never over another unless told so."""

import os
import socket
import tempfile
from collections.abc import Mapping
from pathlib import Path

from pydantic import ValidationError

from edge.config import read
from edge.errors import FileInvalid
from edge.init.answers import Answers, text
from edge.sources.kinds import KINDS
from gateway.errors import UsageError

LOCALTIME = Path("/etc/localtime")


class AnswerMissing(UsageError):
    """An answer is missing or cannot be meant; the message names the option."""

    code = "init.answer"


def device(kind: str, given: Mapping[str, str]) -> dict[str, str | int | bool]:
    """The keys of a source of this kind, as they were given. Raises AnswerMissing."""
    if kind not in KINDS:
        msg = f"--source: no kind {kind!r}; there are {', '.join(KINDS)}"
        raise AnswerMissing(msg)
    try:
        KINDS[kind].device.model_validate({"type": kind, **given})
    except ValidationError as error:
        fault = error.errors(include_url=False)[0]
        name = ".".join(map(str, fault["loc"])) or "source"
        told = "is missing" if fault["type"] == "missing" else fault["msg"].removeprefix("Value error, ")
        msg = f"the source's {name}: {told}; give it as --set {name}=VALUE"
        raise AnswerMissing(msg) from error
    return dict(given)


def needed(kind: str) -> list[str]:
    """The keys that a source of this kind cannot do without."""
    fields = KINDS[kind].device.model_fields if kind in KINDS else {}
    return [name for name, each in fields.items() if each.is_required() and name != "type"]


def write(path: Path, answers: Answers, *, force: bool) -> None:
    """Write the config. Raises FileInvalid where one is there already, or these answers make none."""
    if path.exists() and not force:
        msg = f"{path} is there already; choose another name, or add --force to write over it"
        raise FileInvalid(msg)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".yaml", dir=path.parent)
    except OSError as error:
        msg = f"{path}: {error.strerror}; name a place that this user may write to"
        raise FileInvalid(msg) from error
    draft = Path(name)
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text(answers))
        read(draft)
        draft.chmod(0o640)
        draft.replace(path)
    except FileInvalid as error:
        raise FileInvalid(str(error).replace(name, str(path))) from error
    finally:
        draft.unlink(missing_ok=True)


def host_name() -> str:
    """What this box calls itself, as far as an agent may be called so."""
    return "".join(letter if letter.isalnum() and letter.isascii() else "-" for letter in socket.gethostname())[:50]


def zone() -> str:
    """The zone of this box's wall clock, if it says so; else UTC."""
    place = str(LOCALTIME.resolve()) if LOCALTIME.exists() else ""
    _, found, name = place.partition("zoneinfo/")
    return name if found else "UTC"
