"""`python -m edge.schema`: writes the JSON Schemas by which an editor helps with profiles and configs."""

import json
from pathlib import Path
from typing import Any, get_args

from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core import core_schema

from edge.config import Config
from edge.duration import duration
from edge.layered import EXTENDS
from edge.profile import shipped
from edge.signal import Signal
from edge.sources.kinds import KINDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
LENGTH = {"type": "string", "pattern": r"^\s*\d+(\.\d+)?\s*(ms|s|min|h|d)\s*$", "examples": ["30 s", "5 min", "4 h"]}
PLAIN = {"type": ["string", "number", "boolean"]}


class AsWritten(GenerateJsonSchema):
    """What people write: where our models read plain text into something else, plain text is right too."""

    def model_schema(self, schema: core_schema.ModelSchema) -> JsonSchemaValue:
        found = super().model_schema(schema)
        if "anyOf" in found and "additionalProperties" in found:  # meant for the one of them that has properties
            found["anyOf"][0]["additionalProperties"] = found.pop("additionalProperties")
        return found

    def function_before_schema(self, schema: core_schema.BeforeValidatorFunctionSchema) -> JsonSchemaValue:
        if schema["function"]["function"] is duration:
            return dict(LENGTH)
        inner = super().function_before_schema(schema)
        return {"anyOf": [inner, dict(PLAIN)]}


def config_schema() -> dict[str, Any]:
    """Of an agent's config."""
    found = Config.model_json_schema(by_alias=True, schema_generator=AsWritten)
    return {"$schema": DIALECT, **_tidy(found)}


def profile_schema() -> dict[str, Any]:
    """Of a device profile: one of the kinds of source, told apart by `source`. With `extends` all may be absent."""
    kinds = {get_args(kind.profile.model_fields["source"].annotation)[0]: kind.profile for kind in KINDS.values()}
    found: dict[str, Any] = {}
    choices = []
    for source, model in kinds.items():
        own = _tidy(model.model_json_schema(by_alias=True, schema_generator=AsWritten, ref_template="#/$defs/{model}"))
        for name, part in own.pop("$defs").items():
            found[name] = _relaxed(part) if name.endswith(Signal.__name__) else part
        found[model.__name__] = _relaxed(own)
        has = {"properties": {"source": {"const": source}}, "required": ["source"]}
        choices.append({"if": has, "then": {"$ref": f"#/$defs/{model.__name__}"}})
    return {
        "$schema": DIALECT,
        "title": "Device profile",
        "type": "object",
        "properties": {"source": {"enum": list(kinds)}},
        "required": ["profile"],
        "anyOf": [{"required": [EXTENDS]}, {"required": ["title", "source", "signals"]}],
        "allOf": choices,
        "$defs": dict(sorted(found.items())),
    }


def _relaxed(part: dict[str, Any]) -> dict[str, Any]:
    """Without its demands: what is missing may be in the profile that it extends, and null takes out what is there."""
    return {name: value for name, value in part.items() if name != "required"}


def _tidy(schema: Any) -> Any:
    """Without titles and defaults that only repeat the name, or are written as nobody writes them."""
    if isinstance(schema, list):
        return [_tidy(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: {key: _tidy(each) for key, each in value.items()} if name == "properties" else _tidy(value)
        for name, value in schema.items()
        if not _noise(name, value, schema)
    }


def _noise(name: str, value: Any, schema: dict[str, Any]) -> bool:
    if name == "title" and isinstance(value, str):
        return "properties" not in schema
    return name == "default" and not isinstance(value, int | float | bool)


def files() -> dict[Path, str]:
    """Each schema's file beside the profiles, and its text."""
    named = {"profile.schema.json": profile_schema(), "edge.schema.json": config_schema()}
    return {shipped() / name: json.dumps(schema, indent=1, ensure_ascii=False) + "\n" for name, schema in named.items()}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text, encoding="utf-8")
