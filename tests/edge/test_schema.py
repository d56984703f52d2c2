"""The schemas that editors use: they are what the models say, and what ships is right by them."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from ruamel.yaml import YAML

from edge import schema
from edge.profile import names, shipped

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "edge.yaml"


def written(text: str) -> Any:
    """The text as an editor's YAML server sees it: keys are text, dates too."""

    def seen(value: Any) -> Any:
        match value:
            case dict():
                return {str(name): seen(each) for name, each in value.items()}
            case list():
                return [seen(each) for each in value]
            case date():
                return value.isoformat()
            case _:
                return value

    return seen(YAML(typ="safe").load(text))


def faults(found: dict[str, Any], text: str) -> list[str]:
    Draft202012Validator.check_schema(found)
    return [f"{fault.json_path}: {fault.message}" for fault in Draft202012Validator(found).iter_errors(written(text))]


@pytest.mark.parametrize("path", [*schema.files()], ids=lambda path: path.name)
def test_the_committed_schema_is_what_the_models_say(path: Path) -> None:
    text = schema.files()[path]
    assert path.read_text(encoding="utf-8") == text, "run `make schema` and commit what it writes"


@pytest.mark.parametrize("name", names())
def test_a_shipped_profile_is_right_by_its_schema(name: str) -> None:
    assert faults(schema.profile_schema(), (shipped() / f"{name}.yaml").read_text()) == []


def test_the_documented_config_is_right_by_its_schema() -> None:
    assert faults(schema.config_schema(), EXAMPLE.read_text()) == []


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("item_state:\n", "item_state:\n    nod: x\n", "$.signals.item_state"),
        ("type: LocalizedText", "type: Localised", "$.signals.item_state.type"),
        ("then: Executing", "then: Running", "$.state[3].then"),
        ("debounce: 1 s", "debounce: 1", "$.debounce"),
        ("source: opcua", "source: opc", "$.source"),
        ("title:", "titel:", "$"),
    ],
)
def test_an_editor_shows_what_is_wrong(old: str, new: str, place: str) -> None:
    text = (shipped() / "opcua-machinery.yaml").read_text()
    assert old in text
    assert place in {fault.split(": ")[0] for fault in faults(schema.profile_schema(), text.replace(old, new, 1))}


def test_a_profile_that_extends_another_may_leave_out_what_that_says() -> None:
    text = "profile: mine\nextends: opcua-machinery\nsignals: {item_state: {node: x}}\n"
    assert faults(schema.profile_schema(), text) == []
    assert faults(schema.profile_schema(), text.replace("extends: opcua-machinery\n", "")) != []
