"""What the pages say, in the languages that they speak; sentences are data: words.json here and in a page's folder."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Literal

Language = Literal["en-GB", "zh-CN"]

LANGUAGES: Mapping[str, str] = {"en": "English", "zh": "中文"}
"""Languages by code, each by its own name."""

TAGS: Mapping[str, Language] = {"en": "en-GB", "zh": "zh-CN"}
"""The `lang` attribute of the page, and the code of the widgets' own words."""


@cache
def dictionary() -> Mapping[str, Mapping[str, str]]:
    """Every entry, by key and then by language. Raises ValueError where two files say the same key."""
    here = files(__package__)
    found = [here, *sorted((each for each in here.iterdir() if each.is_dir()), key=lambda each: each.name)]
    entries: dict[str, dict[str, str]] = {}
    for folder in found:
        if (file := folder.joinpath("words.json")).is_file():
            _add(entries, json.loads(file.read_text("utf-8")), folder.name)
    return entries


def _add(entries: dict[str, dict[str, str]], more: Mapping[str, dict[str, str]], folder: str) -> None:
    if twice := entries.keys() & more.keys():
        msg = f"words.json of {folder} says again what another said: {', '.join(sorted(twice))}"
        raise ValueError(msg)
    entries.update(more)


@dataclass(frozen=True, slots=True)
class Words:
    """The dictionary in one language."""

    language: str

    def __call__(self, key: str, **values: object) -> str:
        """The entry with its `{places}` filled. Raises KeyError for an entry that nobody wrote."""
        return dictionary()[key][self.language].format(**values)

    def term(self, kind: str, code: str) -> str:
        """A word of a vocabulary (`state`, `reason`, …), or the code itself where a later registry has a new one."""
        entry = dictionary().get(f"{kind}.{code}")
        return entry[self.language] if entry else code

    def terms(self, kind: str) -> dict[str, str]:
        """A whole vocabulary, by code."""
        start = f"{kind}."
        return {
            key.removeprefix(start): said[self.language] for key, said in dictionary().items() if key.startswith(start)
        }

    def vocabularies(self) -> dict[str, dict[str, str]]:
        """Those by which a browser says what is under the pointer, by the name that its scripts use."""
        kinds = {name: name for name in ("state", "mode", "type", "reason")}
        return {
            name: self.terms(kind) for name, kind in {**kinds, "bands": "confidence", "bookingState": "booking"}.items()
        }


def preferred(accept: str) -> str:
    """The first of our languages in an Accept-Language header (weights ignored: browsers send them in order)."""
    asked = [part.split(";")[0].strip().lower()[:2] for part in accept.split(",")]
    return next((code for code in asked if code in LANGUAGES), "en")
