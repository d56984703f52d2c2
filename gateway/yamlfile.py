"""YAML files of people, read into models, with errors that name file, line, key, what was expected and what to do."""

import difflib
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from gateway import misfit
from gateway.errors import FileInvalid

Model = TypeVar("Model", bound=BaseModel)
Location = Sequence[int | str]
Owner = Callable[[Location], tuple[Path, Any]]
"""The file that a place in a tree came from, and that file's own tree."""

SECRETS = {"secret", "password", "token"}
"""Keys whose values no message may repeat."""

MOST_KEYS = 20
"""That a message lists where none of them is nearly the one that was written."""

WORDS = {
    "String should match pattern": "expected text that fits the pattern",
    "a valid string": "text",
    "a valid tuple": "a list",
    "a valid list": "a list",
    "a valid number, unable to parse string as a number": "a number",
    "a valid integer, unable to parse string as an integer": "a whole number",
    "a valid boolean, unable to interpret input": "true or false",
}
"""Pydantic's words, and those that people use for what stands in YAML."""


def load(path: Path, model: type[Model]) -> Model:
    """The file as `model`. Raises FileInvalid, naming every fault that the file has (at most ten)."""
    tree = parse(path)
    return validated(tree, model, lambda _: (path, tree))


def validated(tree: Any, model: type[Model], owner: Owner) -> Model:
    """The tree as `model`; `owner` knows the file that a key of it came from. Raises FileInvalid as `load` does."""
    try:
        return model.model_validate(tree)
    except ValidationError as error:
        faults = error.errors(include_url=False)[:10]
        raise FileInvalid("\n".join(_explain(*owner(fault["loc"]), fault, model) for fault in faults)) from error


def parse(path: Path) -> Any:
    """The file's tree, which remembers its lines (ruamel round trip). Raises FileInvalid."""
    try:
        return YAML(typ="rt").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{path}: cannot be read: {error.strerror}; check the path and its permissions"
        raise FileInvalid(msg) from error
    except UnicodeDecodeError as error:
        msg = f"{path}: is not UTF-8 text (byte {error.start}); save it as UTF-8"
        raise FileInvalid(msg) from error
    except MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        msg = f"{path}:{mark.line + 1 if mark else 1}: is not YAML: {error.problem or error.context}"
        raise FileInvalid(msg) from error
    except YAMLError as error:
        msg = f"{path}:1: is not YAML: {error}"
        raise FileInvalid(msg) from error


def line_of(tree: Any, location: Location) -> int:
    """The line (from 1) of the deepest part of `location` that the tree really has."""
    line = 1
    for step in location:
        position = _position(tree, step)
        if position is None:
            continue
        line = position + 1
        tree = tree[step]
    return line


def _position(tree: Any, step: int | str) -> int | None:
    marks = getattr(getattr(tree, "lc", None), "data", None)
    if not marks or step not in marks:
        return None
    return int(marks[step][0])


def _explain(path: Path, tree: Any, fault: ErrorDetails, model: type[BaseModel]) -> str:
    location = _real(tree, fault["loc"])
    key = ".".join(str(step) for step in location if step != "[key]") or "file"
    return f"{path}:{line_of(tree, location)}: {key}: {_expectation(fault, model)}"


def _real(tree: Any, location: Location) -> list[int | str]:
    """The location without the names of union members and validators that Pydantic puts in between."""
    steps: list[int | str] = []
    for index, step in enumerate(location):
        known = _position(tree, step) is not None
        if known or index == len(location) - 1:
            steps.append(step)
        if known:
            tree = tree[step]
    return steps


def _expectation(fault: ErrorDetails, model: type[BaseModel]) -> str:
    match fault["type"]:
        case "extra_forbidden":
            return f"is not a key here{_instead(fault['loc'], model)}"
        case "missing":
            return "is missing; add it"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"expected keys and values, found {_short(fault['input'])}"
        case kind if kind == misfit.MISFIT or (kind == "value_error" and fault["loc"] and fault["loc"][-1] in SECRETS):
            return fault["msg"].removeprefix("Value error, ")
        case "value_error":
            return f"{fault['msg'].removeprefix('Value error, ')} (found {_short(fault['input'])})"
        case _:
            return f"{_wish(fault)}, found {_short(fault['input'])}{_near(fault)}"


def _wish(fault: ErrorDetails) -> str:
    """What Pydantic asks for, in the words of YAML."""
    wish = fault["msg"].replace("Input should be", "expected").replace("Value error, ", "")
    for theirs, ours in WORDS.items():
        wish = wish.replace(theirs, ours)
    return wish


def _near(fault: ErrorDetails) -> str:
    """The one of the few allowed words that was nearly written."""
    allowed = re.findall(r"'([^']+)'", str(fault.get("ctx", {}).get("expected", "")))
    near = [word for word in allowed if word.lower() == str(fault["input"]).lower()]
    near += difflib.get_close_matches(str(fault["input"]), allowed, n=1)
    return f" (did you mean `{near[0]}`?)" if near else ""


def _instead(location: Location, model: type[BaseModel]) -> str:
    """What to write instead of a key that nobody knows: the one that is nearly it, or those that there are."""
    known = _keys_at(location, model)
    near = difflib.get_close_matches(str(location[-1]), known, n=1)
    if near:
        return f" (did you mean `{near[0]}`?); remove it or correct its name"
    return f"; there are {', '.join(known)}" if len(known) <= MOST_KEYS else "; remove it or correct its name"


def _keys_at(location: Location, model: type[BaseModel]) -> list[str]:
    """The keys that may stand where the last step of `location` does."""
    models = [model]
    for step in location[:-1]:
        fields = [(name, field) for each in models for name, field in each.model_fields.items()]
        below = [
            inner for name, field in fields if step in {name, field.alias} for inner in _models_in(field.annotation)
        ]
        models = below or [each for each in models if _tagged(each, step)] or models
    keys = [field.alias or name for each in models for name, field in each.model_fields.items()]
    return list(dict.fromkeys(keys))


def _tagged(model: type[BaseModel], step: int | str) -> bool:
    """Whether the step is the model's own name in a union."""
    return any(
        get_origin(field.annotation) is Literal and step in get_args(field.annotation)
        for field in model.model_fields.values()
    )


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in getattr(annotation, "__args__", ()) for model in _models_in(part)]


def _short(value: Any) -> str:
    text = repr(dict(value)) if isinstance(value, dict) else repr(value)
    return text if len(text) <= 60 else f"{text[:57]}…"
